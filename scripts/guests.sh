#!/bin/bash
# guests.sh DIRECTORY: builds what K3s v1.36.3 runs first in every cluster, as image archives for containerd below DIRECTORY/images, under the
# names that its manifests ask for: CoreDNS, metrics-server and local-path-provisioner from their Go modules, klipper-lb as a stand-in of
# Debian's iptables, Traefik of a program that is put there by hand. `K3S_GUESTS=DIRECTORY` makes the tests `*GuestsIT` run them.
# Needs Go 1.26 and a Go module proxy. What cannot be built is named, with the next step, and the rest is made all the same. The first run
# takes a quarter of an hour on two cores; a program that is there already is not built again.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib/image.sh
[ $# = 1 ] || { sed -n '2,6s/^# //p' "$0" >&2; exit 1; }
mkdir -p "$1/bin" "$1/images"
out=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
missing=0

absent() { echo "missing: $1: $2" >&2; missing=1; }

# program NAME MODULE VERSION PACKAGE: DIRECTORY/bin/NAME-VERSION
program() {
  local name=$1 module=$2@$3 package=$4 source=$work/$1
  [ ! -x "$out/bin/$name-$3" ] || return 0
  command -v go > /dev/null || { absent "$name" "Go is not installed; install Go 1.26 from go.dev and put it on the PATH"; return 0; }
  local dir
  dir=$(cd "$work" && GOFLAGS=-mod=mod go mod download -json "$module" > "$work/answer" || true
    sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p' "$work/answer")
  [ -n "$dir" ] || { absent "$name" "$module cannot be had: $(sed -n 's/^\t"Error": "\(.*\)",*$/\1/p' "$work/answer"); see 'go help goproxy'"; return 0; }
  # A copy, because the replacements that a module names count only where it is the main one, and Go's cache is read-only.
  cp -r "$dir" "$source"
  chmod -R u+w "$source"
  rm -rf "$source/vendor" # of which a module keeps the list alone
  (cd "$source" && CGO_ENABLED=0 nice -n 15 go build -p 1 -trimpath -buildvcs=false -ldflags '-s -w' -o "$out/bin/.$name" "$package" > "$work/error" 2>&1) ||
    { absent "$name" "$(tail -n 3 "$work/error"); build $package of $module by hand and put it at $out/bin/$name-$3"; return 0; }
  mv "$out/bin/.$name" "$out/bin/$name-$3"
  rm -rf "$source"
  echo "built $name $3"
}

# archive NAME VERSION IMAGE PATH CONFIG: an image of the one program at PATH, with the certificates of this machine
archive() {
  [ -x "$out/bin/$1-$2" ] || return 0
  local root=$work/$1.root
  mkdir -p "$root/$(dirname "$4")" "$root/etc/ssl/certs" "$root/tmp"
  chmod 1777 "$root/tmp"
  cp "$out/bin/$1-$2" "$root/$4"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/" 2> /dev/null || true
  image "$3" "$root" "$5" "$out/images/$1.tar"
  rm -rf "$root"
}

# copy ROOT FILE…: files of this machine into a tree, each with the libraries that it asks for
copy() {
  local root=$1 file library
  shift
  for file; do
    install -D "$(readlink -f "$file")" "$root$file"
    for library in $(ldd "$file" 2> /dev/null | grep -o '/[^ ]*'); do [ -e "$root$library" ] || install -D "$(readlink -f "$library")" "$root$library"; done
  done
}

busybox=$(command -v busybox || true)
if [ -n "$busybox" ]; then
  root=$work/helper.root
  mkdir -p "$root/bin" "$root/tmp" "$root/root" "$root/etc"
  cp "$busybox" "$root/bin/busybox"
  for applet in $("$busybox" --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
  image docker.io/rancher/mirrored-library-busybox:1.37.0 "$root" '{"Cmd":["sh"],"Env":["PATH=/bin"]}' "$out/images/helper.tar"
else
  absent busybox "run apt-get install busybox-static"
fi

# klipper-lb is a shell program around iptables. This stand-in asks the same of a node: NET_ADMIN, forwarding, nat and filter tables in the pod's namespace.
iptables=$(command -v iptables || true)
if [ -n "$busybox" ] && [ -n "$iptables" ]; then
  root=$work/klipper-lb.root
  mkdir -p "$root/bin" "$root/run"
  cp "$busybox" "$root/bin/busybox"
  for applet in sh sleep cat; do ln -s busybox "$root/bin/$applet"; done
  copy "$root" /usr/sbin/xtables-nft-multi
  libraries=$(dirname "$(find /usr/lib -name libxt_comment.so -o -name libxt_DNAT.so | head -n 1)")
  copy "$root" "$libraries"/lib{xt,ipt,ip6t}_*.so
  for name in iptables ip6tables; do ln -s xtables-nft-multi "$root/usr/sbin/$name"; done
  install -m 755 scripts/lib/klipper-lb.sh "$root/bin/entry"
  image docker.io/rancher/klipper-lb:v0.4.17 "$root" '{"Env":["PATH=/usr/sbin:/bin"],"Cmd":["entry"]}' "$out/images/klipper-lb.tar"
else
  absent klipper-lb "run apt-get install iptables busybox-static"
fi

program coredns github.com/coredns/coredns v1.14.6 .
archive coredns v1.14.6 docker.io/rancher/mirrored-coredns-coredns:1.14.6 coredns '{"Entrypoint":["/coredns"]}'

program metrics-server sigs.k8s.io/metrics-server v0.9.0 ./cmd/metrics-server
archive metrics-server v0.9.0 docker.io/rancher/mirrored-metrics-server:v0.9.0 metrics-server '{"Entrypoint":["/metrics-server"]}'

# K3s v1.36.3 asks for v0.0.36, which Go's module proxy does not have.
program local-path-provisioner github.com/rancher/local-path-provisioner v0.0.30 .
archive local-path-provisioner v0.0.30 docker.io/rancher/local-path-provisioner:v0.0.36 usr/bin/local-path-provisioner '{"Env":["PATH=/usr/bin"],"Entrypoint":["local-path-provisioner"]}'

# Traefik's module lacks a directory that it replaces, and a replacement of it cannot be had: it does not build outside of its repository.
[ -x "$out/bin/traefik-v3.7.8" ] || absent traefik "put the program of its release v3.7.8 at $out/bin/traefik-v3.7.8 and run this again"
archive traefik v3.7.8 docker.io/rancher/mirrored-library-traefik:3.7.8 usr/local/bin/traefik '{"Env":["PATH=/usr/local/bin"],"Entrypoint":["traefik"]}'
exit $missing

# install_missing: installs what a build, a run and the tests need and this Debian machine lacks. Needs root.
install_missing() {
  wanted=
  need() { command -v "$1" >/dev/null || wanted="$wanted $2"; }
  need mvn maven
  need containerd containerd
  need runc runc
  need nft nftables
  need ip iproute2
  need conntrack conntrack
  need modprobe kmod
  need gcc gcc
  need curl curl
  need jq jq
  [ -x /usr/lib/cni/bridge ] || [ -x /opt/cni/bin/bridge ] || wanted="$wanted containernetworking-plugins"
  [ -x /bin/busybox ] && ! ldd /bin/busybox >/dev/null 2>&1 || wanted="$wanted busybox-static"
  [ -n "$wanted" ] || return 0
  [ "$(id -u)" = 0 ] || { echo "missing:$wanted; run this as root, or: apt-get install$wanted" >&2; return 1; }
  echo "installing$wanted"
  # A service that a package starts by itself would be somebody else's containerd: policy-rc.d keeps it from starting.
  policy=/usr/sbin/policy-rc.d
  [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' > "$policy"; chmod +x "$policy"; made_policy=1; }
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted; } > /tmp/k3s-setup.$$.log 2>&1 ||
    { tail -n 20 /tmp/k3s-setup.$$.log >&2; status=1; }
  rm -f /tmp/k3s-setup.$$.log
  [ -z "${made_policy:-}" ] || rm -f "$policy"
  return ${status:-0}
}

# need_kubectl: kubectl comes with no Debian package of a current version; says where to get one.
need_kubectl() {
  command -v kubectl >/dev/null || {
    echo "kubectl is missing: install release 1.32 or newer, see https://kubernetes.io/docs/tasks/tools/install-kubectl-linux/" >&2
    return 1
  }
}

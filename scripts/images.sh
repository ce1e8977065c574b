#!/bin/sh
# images.sh DIRECTORY: makes busybox.tar (docker.io/library/busybox:1) and pause.tar (docker.io/library/pause:1) there,
# image archives for containerd, from this machine's static busybox and a C program of a few lines.
set -eu
out=$1
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# image NAME ROOT CONFIG: ROOT.tar from the tree in $work/ROOT
image() {
  mkdir -p "$work/$2.image/layer"
  tar -C "$work/$2" --sort=name --owner=0 --group=0 --mtime=@0 -cf "$work/$2.image/layer/layer.tar" .
  layer=$(sha256sum "$work/$2.image/layer/layer.tar" | cut -d' ' -f1)
  case $(uname -m) in aarch64) arch=arm64 ;; armv7l) arch=arm ;; *) arch=amd64 ;; esac
  printf '{"architecture":"%s","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$arch" "$3" "$layer" > "$work/config"
  config=$(sha256sum "$work/config" | cut -d' ' -f1).json
  mv "$work/config" "$work/$2.image/$config"
  printf '[{"Config":"%s","RepoTags":["%s"],"Layers":["layer/layer.tar"]}]' "$config" "$1" > "$work/$2.image/manifest.json"
  tar -C "$work/$2.image" -cf "$out/$2.tar.partial" .
  mv "$out/$2.tar.partial" "$out/$2.tar"
}

mkdir -p "$work/busybox/bin" "$work/busybox/etc" "$work/busybox/root" "$work/busybox/tmp" "$work/pause"
chmod 1777 "$work/busybox/tmp"
cp /bin/busybox "$work/busybox/bin/busybox"
for applet in $(/bin/busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$work/busybox/bin/$applet"; done
echo 'root:x:0:0:root:/root:/bin/sh' > "$work/busybox/etc/passwd"
echo 'root:x:0:' > "$work/busybox/etc/group"
image docker.io/library/busybox:1 busybox '{"Cmd":["sh"],"Env":["PATH=/bin"]}'

cat > "$work/pause.c" <<'C'
/* The first process of a pod: holds its namespaces, reaps orphans, ends when asked. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void leave(int signal) { (void)signal; _exit(0); }
static void reap(int signal) { (void)signal; while (waitpid(-1, 0, WNOHANG) > 0) { } }
int main(void) {
  signal(SIGINT, leave);
  signal(SIGTERM, leave);
  signal(SIGCHLD, reap);
  for (;;) pause();
}
C
gcc -O2 -static -o "$work/pause/pause" "$work/pause.c"
strip "$work/pause/pause"
image docker.io/library/pause:1 pause '{"Entrypoint":["/pause"]}'

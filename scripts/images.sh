#!/bin/sh
# images.sh DIRECTORY: makes busybox.tar (docker.io/library/busybox:1) and pause.tar (docker.io/library/pause:1) there,
# image archives for containerd, from this machine's static busybox and a C program of a few lines.
set -eu
. "$(dirname "$0")/lib/image.sh"
out=$1
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/busybox/bin" "$work/busybox/etc" "$work/busybox/root" "$work/busybox/tmp" "$work/pause"
chmod 1777 "$work/busybox/tmp"
cp /bin/busybox "$work/busybox/bin/busybox"
for applet in $(/bin/busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$work/busybox/bin/$applet"; done
echo 'root:x:0:0:root:/root:/bin/sh' > "$work/busybox/etc/passwd"
echo 'root:x:0:' > "$work/busybox/etc/group"
image docker.io/library/busybox:1 "$work/busybox" '{"Cmd":["sh"],"Env":["PATH=/bin"]}' "$out/busybox.tar"

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
image docker.io/library/pause:1 "$work/pause" '{"Entrypoint":["/pause"]}' "$out/pause.tar"

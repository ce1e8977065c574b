#!/usr/bin/env bash
# Runs a command of this machine on another kernel: in a virtual machine of QEMU, emulated unless VM_ACCELERATOR=kvm.
#
#   scripts/vm/run.sh [-m MODULE]… [-c CPUS] [-M MEMORY_MIB] [-t SECONDS] [-a KERNEL_ARGUMENT]… -- COMMAND [ARGUMENT]…
#
# The machine sees this machine's files (not /tmp and /run), read-only with a layer in its memory on top, has cgroup v2
# alone and no network but lo. Its console goes to standard error, what the command prints to standard output; the exit
# code is the command's (125: the machine did not get that far). Only /vm/out outlives it: $VM_OUT here, if that is set.
# Needs Debian's or Ubuntu's apt, busybox (static) and kmod. QEMU and the kernel are downloaded once to $VM_HOME and
# unpacked there; nothing is installed. KERNEL_PACKAGE names another kernel of the distribution's.
set -euo pipefail

modules=() cpus=2 memory=3072 limit=900 arguments=()
while getopts m:c:M:t:a: option; do
  case $option in
    m) modules+=("$OPTARG") ;;
    c) cpus=$OPTARG ;;
    M) memory=$OPTARG ;;
    t) limit=$OPTARG ;;
    a) arguments+=("$OPTARG") ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }

home=${VM_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/k3s-jvm/vm}
tools=$home/qemu
kernel=$home/${KERNEL_PACKAGE:-linux-image-amd64}
work=$(mktemp -d "${TMPDIR:-/tmp}/vm.XXXXXX")
out=${VM_OUT:-$work/out}
trap 'rm -rf "$work"' EXIT
mkdir -p "$out" "$work/initramfs"/{bin,dev,host,layer,modules}

# fetch DIRECTORY PACKAGE…: the packages' files, once
fetch() {
  local directory=$1 && shift
  [ -e "$directory/complete" ] && return
  mkdir -p "$directory"
  (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$@" >&2)
  for package in "$work"/*.deb; do dpkg -x "$package" "$directory" && rm "$package"; done
  touch "$directory/complete"
}

missing() { apt-get install -s --no-install-recommends "$@" 2>/dev/null | awk '/^Inst/ { print $2 }'; }

if ! command -v qemu-system-x86_64 >/dev/null; then
  [ -e "$tools/complete" ] || fetch "$tools" $(missing qemu-system-x86)
fi
if [ ! -e "$kernel/complete" ]; then
  package=$(apt-cache depends "${KERNEL_PACKAGE:-linux-image-amd64}" | awk '/Depends: linux-image-/ { print $2; exit }')
  fetch "$kernel" "${package:-$KERNEL_PACKAGE}"
fi
version=$(basename "$kernel"/lib/modules/*)
[ -e "$kernel/lib/modules/$version/modules.dep" ] || depmod -b "$kernel" "$version"

# The first stage only finds this machine's files.
for module in virtio_pci 9pnet_virtio 9p overlay; do
  modprobe -d "$kernel" -S "$version" --show-depends "$module" | awk '/^insmod/ { print $2 }'
done | awk '!seen[$0]++' >"$work/first"
number=100
while read -r file; do
  cp "$file" "$work/initramfs/modules/$((number++)).ko"
done <"$work/first"
cp "$(command -v busybox)" "$work/initramfs/bin/busybox"
cat >"$work/initramfs/init" <<'EOF'
#!/bin/busybox sh
bb=/bin/busybox
$bb mount -t devtmpfs devtmpfs /dev
for module in /modules/*.ko; do $bb insmod "$module" || $bb echo "cannot load $module"; done
share() { $bb mount -t 9p -o "trans=virtio,version=9p2000.L,msize=262144,$3" "$1" "$2"; }
share host /host ro,cache=loose
$bb mount -t tmpfs -o size=80% tmpfs /layer
$bb mkdir /layer/upper /layer/work /layer/all
$bb mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work overlay /layer/all
cd /layer/all
$bb mkdir -p vm/out vm/kernel lib/modules
share kernel vm/kernel ro,cache=loose
share out vm/out rw
for version in vm/kernel/lib/modules/*; do $bb ln -sfn "/$version" lib/modules/; done
$bb mount --move /dev dev
exec $bb switch_root /layer/all /bin/sh /vm/out/.start
EOF
chmod +x "$work/initramfs/init"
(cd "$work/initramfs" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$work/initramfs.gz"

{
  cat <<'EOF'
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p /dev/pts /dev/shm && mount -t devpts devpts /dev/pts && mount -t tmpfs tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ln -sf /proc/self/fd /dev/fd
ip link set lo up
dmesg -n 3
EOF
  for module in ${modules[@]+"${modules[@]}"}; do printf 'modprobe %q\n' "$module"; done
  printf 'export PATH=%q HOME=%q JAVA_HOME=%q\n' "$PATH" "$HOME" "${JAVA_HOME:-}"
  printf 'cd %q && ' "$PWD"
  printf '%q ' "$@"
  printf '>>/vm/out/.stdout 2>&1 </dev/null; echo $? >/vm/out/.code; sync; echo o >/proc/sysrq-trigger; sleep 60\n'
} >"$out/.start"
rm -f "$out/.code"
: >"$out/.stdout"

export LD_LIBRARY_PATH="$tools/usr/lib/x86_64-linux-gnu:$tools/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
qemu=$(command -v qemu-system-x86_64 || echo "$tools/usr/bin/qemu-system-x86_64")
accelerator=${VM_ACCELERATOR:-tcg,thread=multi}
share() { echo "local,path=$1,mount_tag=$2,security_model=none,multidevs=remap${3:+,readonly=on}"; }
tail -n +1 -F --pid=$$ "$out/.stdout" 2>/dev/null &
shown=$!
timeout "$limit" "$qemu" -L "$tools/usr/share/qemu" -L "$tools/usr/share/seabios" -accel "$accelerator" -cpu max \
  -smp "$cpus" -m "$memory" -nodefaults -no-reboot -display none -serial file:/dev/stderr \
  -kernel "$kernel/boot/vmlinuz-$version" -initrd "$work/initramfs.gz" \
  -append "console=ttyS0 panic=-1 loglevel=3 ${arguments[*]-}" \
  -virtfs "$(share / host ro)" -virtfs "$(share "$kernel" kernel ro)" -virtfs "$(share "$out" out)" \
  -device virtio-rng-pci >&2 || true
sleep 1
kill "$shown" 2>/dev/null || true
exit "$(cat "$out/.code" 2>/dev/null || echo 125)"

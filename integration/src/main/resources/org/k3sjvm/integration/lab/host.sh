# Makes this process the first of a host of its own and keeps it until standard input ends.
# Arguments: the host's name, its directory, the name of its control group, then the directories
# that are its own. All of it ends with this process: the kernel kills the rest of the process
# namespace, and the other namespaces go with their last process.
set -eu
name=$1 home=$2 group=$3
shift 3

# A control group in every hierarchy (v1) or in the one (v2), which becomes the host's root.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  version=2
  for c in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$c" > /sys/fs/cgroup/cgroup.subtree_control || true
  done
  mkdir -p "/sys/fs/cgroup/$group"
  echo "/sys/fs/cgroup/$group" > "$home/cgroups"
  echo $$ > "/sys/fs/cgroup/$group/cgroup.procs"
else
  version=1
  : > "$home/cgroups"
  for tree in /sys/fs/cgroup/*/; do
    tree=${tree%/}
    [ -e "$tree/cgroup.procs" ] || continue
    key=${tree##*/}
    own=$(awk -F: -v k="$key" '$2 == k || $2 == "name=" k || (k == "unified" && $1 == "0") { print $3; exit }' /proc/self/cgroup)
    [ "$own" = / ] && own=
    mkdir -p "$tree$own/$group"
    for file in cpuset.cpus cpuset.mems; do
      [ -e "$tree$own/$file" ] && cat "$tree$own/$file" > "$tree$own/$group/$file"
    done
    echo "$tree$own/$group" >> "$home/cgroups"
    echo $$ > "$tree$own/$group/cgroup.procs"
  done
fi

exec unshare --mount --uts --cgroup --net --pid --fork sh -eu -c '
  version=$1 name=$2 home=$3
  shift 3
  hostname "$name"
  mount --make-rshared /
  mount -t proc proc /proc
  trees=$(ls /sys/fs/cgroup)
  # A fresh view of the devices of this network namespace hides the control groups: mount them anew.
  mount -t sysfs sysfs /sys
  if [ "$version" = 2 ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    # Processes live in a leaf: a group with members cannot give controllers to its children.
    mkdir -p /sys/fs/cgroup/init
    echo $$ > /sys/fs/cgroup/init/cgroup.procs
    for c in $(cat /sys/fs/cgroup/cgroup.controllers); do
      echo "+$c" > /sys/fs/cgroup/cgroup.subtree_control || true
    done
  else
    mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
    for tree in $trees; do
      mkdir "/sys/fs/cgroup/$tree"
      case $tree in
        unified) mount -t cgroup2 cgroup2 "/sys/fs/cgroup/$tree" ;;
        systemd) mount -t cgroup -o none,name=systemd cgroup "/sys/fs/cgroup/$tree" ;;
        *) mount -t cgroup -o "$tree" cgroup "/sys/fs/cgroup/$tree" || rmdir "/sys/fs/cgroup/$tree" ;;
      esac
    done
  fi
  for directory in "$@"; do
    mkdir -p "$directory" "$home/fs$directory"
    mount --bind "$home/fs$directory" "$directory"
  done
  ip link set lo up
  echo ready
  # The shell waits, and so buries the orphans of the host.
  cat > /dev/null
  exit 0
' sh "$version" "$name" "$home" "$@"

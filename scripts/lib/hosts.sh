# Hosts on one machine: each a network, mount, UTS and cgroup namespace of its own, joined by a bridge in a namespace of its own.
# Nothing of the machine is touched but names that start with $HOSTS_PREFIX and files below $HOSTS_DIR.
#
# The caller sets HOSTS_PREFIX (short, unique to the run) and HOSTS_DIR (a directory of the run), then:
#   lan_up                 the bridge
#   host_up NAME ADDRESS   a host with ADDRESS/24 and a default route
#   on NAME COMMAND…       runs a command there
#   bg NAME LOG COMMAND…   starts one in the background: $HOSTS_DIR/NAME/LOG.log and LOG.pid
#   hosts_down             ends every process and removes everything

# Directories that Kubernetes components use by fixed names: each host sees its own.
HOST_PRIVATE="etc/rancher run/flannel run/k3s var/lib/kubelet var/lib/cni var/lib/rancher var/log/pods var/log/containers"

lan_up() {
  ip netns add "$HOSTS_PREFIX-lan"
  ip -n "$HOSTS_PREFIX-lan" link add br0 type bridge
  ip -n "$HOSTS_PREFIX-lan" link set br0 up
  ip -n "$HOSTS_PREFIX-lan" addr add "${LAN_GATEWAY:-10.98.0.254}/24" dev br0
}

host_up() {
  local ns=$HOSTS_PREFIX-$1 dir=$HOSTS_DIR/$1 path tries
  mkdir -p "$dir"
  ip netns add "$ns"
  ip -n "$ns" link set lo up
  ip -n "$ns" link add eth0 type veth peer name "v-$1" netns "$HOSTS_PREFIX-lan"
  ip -n "$HOSTS_PREFIX-lan" link set "v-$1" master br0 up
  ip -n "$ns" addr add "$2/24" dev eth0
  ip -n "$ns" link set eth0 up
  ip -n "$ns" route add default via "${LAN_GATEWAY:-10.98.0.254}"
  for path in $HOST_PRIVATE; do mkdir -p "/$path" "$dir/fs/$path"; done
  # A host needs cgroups of its own: two kubelets in one tree would end each other's pods.
  nsenter --net="/var/run/netns/$ns" sh -c '
    dir=$1 name=$2 ns=$3 private=$4
    enter_v1() {
      for tree in /sys/fs/cgroup/*/; do
        [ -e "$tree/cgroup.procs" ] || continue
        own=$(awk -F: -v k="$(basename "$tree")" "\$2==k||\$2==\"name=\"k||(k==\"unified\"&&\$1==0){print \$3}" /proc/self/cgroup)
        group=$tree${own%/}/$ns
        mkdir -p "$group"
        for knob in cpus mems; do [ ! -e "$group/cpuset.$knob" ] || cat "$group/../cpuset.$knob" > "$group/cpuset.$knob"; done
        echo "$group" >> "$dir/cgroups"
        echo $$ > "$group/cgroup.procs"
      done
    }
    enter_v2() {
      mkdir -p "/sys/fs/cgroup/$ns"
      echo "/sys/fs/cgroup/$ns" >> "$dir/cgroups"
      echo $$ > "/sys/fs/cgroup/$ns/cgroup.procs"
    }
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then enter_v2; else enter_v1; fi
    exec unshare --cgroup --mount --uts sh -c "
      hostname $name
      mount --make-rshared /
      if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        umount /sys/fs/cgroup
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        mkdir -p /sys/fs/cgroup/init
        echo \$\$ > /sys/fs/cgroup/init/cgroup.procs
      else
        for tree in /sys/fs/cgroup/*/; do
          tree=\${tree%/}; kind=\${tree##*/}
          [ -e \$tree/cgroup.procs ] || continue
          umount \$tree
          case \$kind in
            unified) mount -t cgroup2 cgroup2 \$tree ;;
            systemd) mount -t cgroup -o none,name=systemd cgroup \$tree ;;
            *) mount -t cgroup -o \$kind cgroup \$tree ;;
          esac
        done
      fi
      for path in $private; do mount --bind $dir/fs/\$path /\$path; done
      echo \$\$ > $dir/holder.pid
      exec sleep infinity"
  ' sh "$dir" "$1" "$ns" "$HOST_PRIVATE" < /dev/null > "$dir/holder.log" 2>&1 &
  tries=0
  until [ -s "$dir/holder.pid" ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { echo "host $1 did not start:" >&2; cat "$dir/holder.log" >&2; return 1; }
    sleep 0.05
  done
}

# The command of a process that has entered host $1: first into the host's cgroups, then what is asked.
enter() {
  host=$1
  shift
  exec nsenter -t "$(cat "$HOSTS_DIR/$host/holder.pid")" --mount --net --uts --cgroup sh -c '
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo $$ > /sys/fs/cgroup/init/cgroup.procs
    else for tree in /sys/fs/cgroup/*/; do echo $$ > "$tree/cgroup.procs"; done 2>/dev/null; fi
    exec "$@"' sh "$@"
}

on() { (enter "$@"); }

bg() {
  local host=$1 name=$2
  shift 2
  (enter "$host" "$@") > "$HOSTS_DIR/$host/$name.log" 2>&1 < /dev/null &
  echo $! > "$HOSTS_DIR/$host/$name.pid"
}

# Names of the networks of a host's pods: they are mounted there and not here, but /run/netns is the machine's.
pod_networks() {
  local name
  [ -s "$HOSTS_DIR/$1/holder.pid" ] || return 0
  awk '$5 ~ "^/run/netns/cni-" {print $5}' "/proc/$(cat "$HOSTS_DIR/$1/holder.pid")/mountinfo" 2> /dev/null | sort -u |
    while read -r name; do grep -qF " $name " /proc/self/mountinfo || echo "$name"; done
}

hosts_down() {
  local dir round pids group tries mount ns networks
  for dir in "$HOSTS_DIR"/*/; do
    [ -s "$dir/cgroups" ] || continue
    networks=$(pod_networks "$(basename "$dir")")
    # Every process of a host is in the host's own cgroups, whatever started it.
    for round in TERM KILL KILL; do
      pids=
      while read -r group; do
        pids="$pids $(find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null)"
      done < "$dir/cgroups"
      pids=$(printf '%s\n' $pids | sort -un | tr '\n' ' ')
      [ -n "${pids% }" ] || break
      kill -$round $pids 2>/dev/null || true
      tries=0
      while [ $tries -lt 30 ] && kill -0 $pids 2>/dev/null; do tries=$((tries + 1)); sleep 0.1; done
    done
    awk -v d="$dir" 'index($2, d) == 1 {print $2}' /proc/mounts | sort -r | while read -r mount; do umount -l "$mount"; done
    while read -r group; do find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null; done < "$dir/cgroups" || true
    rm -f $networks
  done
  for ns in $(ip netns list 2> /dev/null | awk -v p="$HOSTS_PREFIX-" 'index($1, p) == 1 {print $1}'); do ip netns del "$ns"; done
  rm -rf "$HOSTS_DIR"
}

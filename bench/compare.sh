#!/bin/bash
# compare.sh [--pods N] [--idle SECONDS] [--rounds N] NAME=K3S …: agents side by side, each on a fresh host with a containerd of its own, against one server.
#
# K3S is a program whose `agent` joins; a name that starts with "go" also gets the flags that upstream needs on hosts with
# cgroup v1. K3S_SERVER names the server's program (the embedded server of this build when unset).
# Example: K3S_SERVER=/opt/k3s bench/compare.sh ours=dist/target/k3s/bin/k3s go=/opt/k3s
set -eu
cd "$(dirname "$0")/.."
. bench/lib/cluster.sh
export HOSTS_PREFIX=k3sbench HOSTS_DIR=/tmp/k3sbench
pods=50 idle=60 rounds=1
options pods idle rounds -- "$@"

switches() { cat /proc/"$1"/task/*/status 2> /dev/null | awk '/ctxt_switches/ {s += $2} END {print s}'; }
# expect N FILTER: begins one watch that ends when N pods passed the filter; asking again and again would take the CPU that is measured
expect() {
  rm -f "$HOSTS_DIR/done"
  nsenter --net=/var/run/netns/$HOSTS_PREFIX-server timeout 180 curl -skN --cert "$HOSTS_DIR/admin.crt" --key "$HOSTS_DIR/admin.key" \
    "https://127.0.0.1:6443/api/v1/namespaces/default/pods?labelSelector=app%3Dbench&watch=1" > >(jq --unbuffered -r "select($2) | .object.metadata.name" | {
    declare -A seen=()
    while read -r pod; do seen[$pod]=1; [ ${#seen[@]} -lt "$1" ] || : > "$HOSTS_DIR/done"; done
  }) &
  watcher=$!
}
arrived() {
  wait_for 180 test -e "$HOSTS_DIR/done" || true
  kill "$watcher" 2> /dev/null || true
}
is_ready='any(.object.status.conditions[]?; .type == "Ready" and .status == "True")'
is_gone='.type == "DELETED"'
# cpu_of PID: seconds of a process; cpu_on HOST: of everything on a host, its pods too
cpu_of() { awk -v hz="$(getconf CLK_TCK)" '{printf "%.2f", ($14 + $15) / hz}' "/proc/$1/stat"; }
cpu_on() {
  local group
  group=$(grep -m1 cpuacct "$HOSTS_DIR/$1/cgroups") && awk '{printf "%.2f", $1 / 1e9}' "$group/cpuacct.usage" && return
  awk '$1 == "usage_usec" {printf "%.2f", $2 / 1e6}' "$(head -1 "$HOSTS_DIR/$1/cgroups")/cpu.stat"
}
less() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.1f", a - b}'; }

# pods_yaml NODE FROM TO
pods_yaml() {
  local i
  for i in $(seq "$2" "$3"); do
    printf -- '---\napiVersion: v1\nkind: Pod\nmetadata: {name: bench-%s, labels: {app: bench}}\nspec: {nodeName: %s, terminationGracePeriodSeconds: 1, containers: [{name: c, image: "docker.io/library/busybox:1", imagePullPolicy: Never, command: [sleep, "100000"]}]}\n' "$i" "$1"
  done
}

# measure NAME PROGRAM ADDRESS HOST: fills the associative array `result`
measure() {
  local name=$1 program=$2 address=$3 host=$4 t pid c0 s0
  host_up "$host" "$address"
  containerd_up "$host"
  t=$(now)
  agent_up "$name" "$program" "$host"
  result[start]=$(since "$t")
  pid=$(cat "$HOSTS_DIR/$host/agent.pid")
  sleep 20
  c0=$(ticks "$pid") s0=$(switches "$pid")
  sleep "$idle"
  result[cpu]=$(awk -v t=$(($(ticks "$pid") - c0)) -v i="$idle" -v hz="$(getconf CLK_TCK)" 'BEGIN {printf "%.2f", 100 * t / hz / i}')
  result[switches]=$((($(switches "$pid") - s0) / idle))
  result[idle]=$(memory "$pid")
  local server_pid agent0 server0 host0
  server_pid=$(cat "$HOSTS_DIR/server/server.pid")
  pods_yaml "$host" 0 0 > "$HOSTS_DIR/one.yaml"
  expect 1 "$is_ready"; t=$(now); kubectl apply -f "$HOSTS_DIR/one.yaml" > /dev/null; arrived; result[one]=$(since "$t")
  t=$(now); kubectl exec bench-0 -- head -c 100000000 /dev/zero > /dev/null || true; result[exec]=$(awk -v s="$(since "$t")" 'BEGIN {printf "%.0f", 100 / s}')
  expect 1 "$is_gone"; kubectl delete pod -l app=bench --wait=false > /dev/null; arrived
  pods_yaml "$host" 1 "$pods" > "$HOSTS_DIR/many.yaml"
  agent0=$(cpu_of "$pid") server0=$(cpu_of "$server_pid") host0=$(cpu_on "$host")
  expect "$pods" "$is_ready"; t=$(now); kubectl apply -f "$HOSTS_DIR/many.yaml" > /dev/null; arrived; result[many]=$(since "$t")
  result[burst]="$(less "$(cpu_of "$pid")" "$agent0") / $(less "$(cpu_of "$server_pid")" "$server0") / $(less "$(cpu_on "$host")" "$host0")"
  sleep 30
  result[loaded]=$(memory "$pid")
  expect "$pods" "$is_gone"; t=$(now); kubectl delete pod -l app=bench --wait=false > /dev/null; arrived; result[gone]=$(since "$t")
  t=$(now); kill "$pid"; while kill -0 "$pid" 2> /dev/null; do sleep 0.02; done; result[stop]=$(since "$t")
  local floor
  floor=$(on "$host" "$(find_jdk 25)/bin/java" -XX:+UseSerialGC -cp "$top/dist/target/k3s/lib/*" "$top/bench/CriFloor.java" \
    "unix://$HOSTS_DIR/$host/containerd/containerd.sock" "$pods" 4 "$HOSTS_DIR/$host/floor" 2> "$HOSTS_DIR/$host/floor.log") || cat "$HOSTS_DIR/$host/floor.log" >&2
  result[floor]=$(printf '%s' "$floor" | awk '{printf "%s%s", (NR > 1 ? " / " : ""), $2}')
}

cluster_up

rows="start:start to Ready and untainted, s
idle:memory idle (anonymous + file), MB
loaded:memory with $pods pods, 30 s later, MB
one:one pod, apply to Ready, s
exec:100 MB out of a pod with kubectl exec, MB/s
many:$pods pods, apply to all Ready, s
burst:CPU for that, agent / server / whole node, s
gone:$pods pods, delete to gone, s
floor:$pods pods through CRI alone, up / gone, s
cpu:idle CPU, % of a core
switches:idle context switches/s
stop:stop, s"
declare -A table
address=10
for round in $(seq "$rounds"); do
  for agent in "${agents[@]}"; do
    declare -A result=()
    address=$((address + 1))
    measure "${agent%%=*}" "$(readlink -f "${agent#*=}")" "10.98.0.$address" "n$address"
    for key in "${!result[@]}"; do table["${agent%%=*}-$round-$key"]=${result[$key]}; done
  done
done
{
  printf '| |'; for agent in "${agents[@]}"; do for round in $(seq "$rounds"); do printf ' %s |' "${agent%%=*}"; done; done
  printf '\n|---|'; for agent in "${agents[@]}"; do for round in $(seq "$rounds"); do printf -- '---|'; done; done; echo
  while IFS=: read -r key title; do
    printf '| %s |' "$title"
    for agent in "${agents[@]}"; do for round in $(seq "$rounds"); do printf ' %s |' "${table["${agent%%=*}-$round-$key"]:-}"; done; done; echo
  done <<< "$rows"
} | tee "$top/bench/last.md"

#!/bin/bash
# How long a service proxy takes to program many services, and one change of them, from the event to the kernel; and its memory.
# Usage, as root, after a build: bench/services.sh [services [endpoints [changes]]]
# With K3S_BIN naming upstream's program, whole agents do the same instead: ours, and that one with kube-proxy in nftables mode, one
# after the other beside its server. Times then begin with the agent, and with the request to the API server.
set -eu
cd "$(dirname "$0")/.."
top=$PWD
. scripts/lib/jdk.sh
java=$(find_jdk 25)/bin/java
home=$top/dist/target/k3s
services=${1:-10000} endpoints=${2:-3} changes=${3:-200}
bench=("$java" --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -XX:+UseCompactObjectHeaders -Xmx400m -XX:TieredStopAtLevel=1 -cp "$home/lib/*")

if [ -z "${K3S_BIN:-}" ]; then
  namespace=k3sjvm-bench-$$
  ip netns add "$namespace"
  trap 'ip netns del "$namespace"' EXIT
  nsenter --net="/run/netns/$namespace" "${bench[@]}" bench/Services.java "$services" "$endpoints" "$changes"
  exit
fi

. scripts/lib/hosts.sh
. bench/lib/cluster.sh
export HOSTS_PREFIX=k3sproxy HOSTS_DIR=/tmp/k3sproxy
server=$K3S_BIN
cni=/usr/lib/cni
[ -x $cni/bridge ] || cni=/opt/cni/bin
[ $# -ge 3 ] || changes=20

# total NAME HOST: the seconds that a kube-proxy's metric of that name has counted, for IPv4
total() { on "$2" curl -s http://127.0.0.1:10249/metrics | awk -v n="kubeproxy_$1_sum" 'index($1, n "{") == 1 && /IPv4/ {print $2}'; }

# measure NAME PROGRAM ADDRESS
measure() {
  local host=$1 started pid
  host_up "$host" "$3"
  containerd_up "$host"
  on "$host" "${bench[@]}" "$top/bench/ServicesBeside.java" await "$services" > "$HOSTS_DIR/$host/await.log" 2>&1 &
  local waiting=$!
  sleep 5 # until it waits
  started=$(now)
  agent_begin "$1" "$2" "$host" --kube-proxy-arg=proxy-mode=nftables
  pid=$(cat "$HOSTS_DIR/$host/agent.pid")
  wait $waiting || { cat "$HOSTS_DIR/$host/await.log" >&2; return 1; }
  echo "$1: agent started to all services in the kernel: $(since "$started") s"
  sleep 20
  echo "$1: rounds of programming so far, as its metrics say: $(total sync_proxy_rules_duration_seconds "$host") s"
  echo "$1: one endpoint more or less, request to kernel: $(on "$host" "${bench[@]}" "$top/bench/ServicesBeside.java" change "$HOSTS_DIR/kubeconfig.lan" "$endpoints" "$changes")"
  echo "$1: memory of the agent (anonymous + file): $(memory "$pid") MB; processor time since its start: $(awk -v t="$(ticks "$pid")" -v hz="$(getconf CLK_TCK)" 'BEGIN {print t / hz}') s"
  kill "$pid"
  while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
}

cluster_up --disable-network-policy
sed 's/127.0.0.1/10.98.0.1/' "$HOSTS_DIR/kubeconfig" > "$HOSTS_DIR/kubeconfig.lan"
echo "filling the server with $services services"
on server "${bench[@]}" "$top/bench/ServicesBeside.java" fill "$HOSTS_DIR/kubeconfig" "$services" "$endpoints"
measure ours "$home/bin/k3s" 10.98.0.11
measure go "$K3S_BIN" 10.98.0.12

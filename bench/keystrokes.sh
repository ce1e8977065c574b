#!/bin/bash
# keystrokes.sh [--keys N] [--rate MBIT] [K3S]: how long a keystroke of kubectl exec takes, alone and beside bulk copies through the same tunnel.
#
# The copies are kubectl exec … cat, out of the pod and into it; their throughput is printed, too. --rate limits the agent's line in both directions.
# K3S is the agent's program, upstream's or ours (of this build when unset); K3S_SERVER names the server's (the embedded server of this build when unset).
set -eu
cd "$(dirname "$0")/.."
. bench/lib/cluster.sh
export HOSTS_PREFIX=k3skeys HOSTS_DIR=/tmp/k3skeys
keys=200 rate=''
options keys rate -- "$@"
java=$(find_jdk 25)/bin
case $program in *"/dist/target/"*) name=java ;; *) name=go ;; esac
kube=(nsenter "--net=/var/run/netns/$HOSTS_PREFIX-server" "$(type -P kubectl)" --kubeconfig "$HOSTS_DIR/kubeconfig")
press() { printf '%-34s ' "$1"; "$java/java" -XX:TieredStopAtLevel=1 -cp "$HOSTS_DIR/classes" Keystrokes "$keys" 20 "${kube[@]}" exec -i bench -- cat; }
# copying out|in: one bulk copy that never ends; its bytes are counted in a file
copy_out() { exec "${kube[@]}" exec bench -- cat /dev/zero; }
copy_in() { head -c 100G /dev/zero | "${kube[@]}" exec -i bench -- sh -c 'cat > /dev/null'; }
# throughput out SECONDS | in - MEGABYTES
throughput() {
  case $1 in
    out) timeout "$2" "${kube[@]}" exec bench -- cat /dev/zero 2> /dev/null | wc -c | awk -v s="$2" '{printf "%.0f MB/s out of the pod\n", $1 / s / 1e6}' || true ;;
    in)
      local began=$(now)
      head -c "${3}M" /dev/zero | "${kube[@]}" exec -i bench -- sh -c 'wc -c' 2> /dev/null | {
        read -r n
        awk -v n="$n" -v s="$(since "$began")" 'BEGIN {printf "%.0f MB/s into the pod\n", n / s / 1e6}'
      } ;;
  esac
}

one_agent $name
mkdir -p "$HOSTS_DIR/classes"
"$java/javac" -d "$HOSTS_DIR/classes" bench/Keystrokes.java
if [ -n "$rate" ]; then
  on n1 tc qdisc add dev eth0 root tbf rate "${rate}mbit" burst 32kb latency 400ms
  ip netns exec "$HOSTS_PREFIX-lan" tc qdisc add dev v-n1 root tbf rate "${rate}mbit" burst 32kb latency 400ms
fi
one_pod 'sleep infinity'
wait_for 60 kubectl exec bench -- true
echo "agent $program, server $server${rate:+, $rate Mbit/s}"
throughput out 8
throughput in 0 "${rate:-100}"
press 'alone:'
copy_out > /dev/null 2>&1 &
copy=$!
sleep 2
press 'beside a copy out of the pod:'
kill $copy
wait $copy 2> /dev/null || true
copy_in > /dev/null 2>&1 &
copy=$!
sleep 2
press 'beside a copy into the pod:'
kill $copy 2> /dev/null || true

#!/bin/bash
# outage.sh [--minutes N] [--kinds "dropped refused"] [K3S]: what an agent uses while its servers are away.
#
# Kinds: every packet to them is lost, or every connection is refused. Each lasts N minutes (5). Memory, threads and open files are printed at the begin and at the end, and the processor's time between them; the first minute
# of each outage is left out, in which connections run out. At the end the server comes back and the node has to be ready again.
# K3S is the agent's program; K3S_SERVER names the server's (the embedded server of this build when unset). Exits with 1 when CPU is not below 1 %.
set -eu
cd "$(dirname "$0")/.."
. bench/lib/cluster.sh
export HOSTS_PREFIX=${HOSTS_PREFIX:-k3sout}
export HOSTS_DIR=/tmp/$HOSTS_PREFIX
minutes=5 kinds='dropped refused'
options minutes kinds -- "$@"
table() { on n1 nft -f - <<NFT
table inet outage {
  chain out { type filter hook output priority 0; ip daddr 10.98.0.1 $1; }
}
NFT
}
heal() { on n1 nft delete table inet outage; }
# outage NAME RULE
outage() {
  table "$2"
  sleep 60
  local pid before line0
  pid=$(cat "$HOSTS_DIR/n1/agent.pid")
  before=$(ticks "$pid")
  line0=$(wc -l < "$HOSTS_DIR/n1/agent.log")
  echo "$1: at first  $(uses "$pid")"
  sleep $((minutes * 60))
  local cpu
  cpu=$(percent $(($(ticks "$pid") - before)) $((minutes * 60)))
  echo "$1: after $minutes m $(uses "$pid"); CPU $cpu %, $(($(wc -l < "$HOSTS_DIR/n1/agent.log") - line0)) lines of log"
  awk -v c="$cpu" 'BEGIN {exit c >= 1}' || broken=$((broken + 1))
  heal
  local t
  t=$(now)
  wait_for 120 not_ready_gone || broken=$((broken + 1))
  echo "$1: the node's heartbeat was back $(since "$t") s after the end"
}
uses() { echo "$(memory "$1") MiB, $(find "/proc/$1/task" -maxdepth 1 -mindepth 1 | wc -l) threads, $(find "/proc/$1/fd" -maxdepth 1 -mindepth 1 2> /dev/null | wc -l) files"; }
not_ready_gone() { [ "$(api /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1 | jq -r .spec.renewTime)" \> "$(date -u -d '-12 seconds' +%Y-%m-%dT%H:%M:%S)" ]; }

one_agent outage
for kind in $kinds; do
  sleep 20
  case $kind in
    dropped) outage dropped 'drop' ;;
    refused) outage refused 'meta l4proto tcp reject with tcp reset' ;;
    *) usage ;;
  esac
done
[ $broken = 0 ]

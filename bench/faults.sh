#!/bin/bash
# faults.sh [--faults N] [--seed N] [K3S]: an agent whose network to its server fails again and again; kubectl exec has to work after each fault.
#
# Faults, each of 1 to 15 s: all packets dropped, those to the server dropped, those from it, the connections reset, the cable pulled.
# For each the time is printed until the tunnel was known to be dead, until the next one was up, and until exec worked, all from the fault's begin;
# a tunnel that is still called up 16 s into a fault, or one not back 25 s after the begin, is an error.
# K3S_SERVER names the server's program (the embedded server of this build when unset). Exits with 1 when something is broken.
set -eu
cd "$(dirname "$0")/.."
. bench/lib/cluster.sh
export HOSTS_PREFIX=${HOSTS_PREFIX:-k3sfault}
export HOSTS_DIR=/tmp/$HOSTS_PREFIX
faults=40 seed=$$
options faults seed -- "$@"
RANDOM=$seed
limit_s=25 stale_s=16 longest_fault_ms=15000

rules() { on n1 nft "$@"; }
drop() { rules -f - <<NFT
table inet fault {
  chain in { type filter hook input priority -300; $([ "$1" = out ] || echo 'ip saddr 10.98.0.1 drop') ; }
  chain out { type filter hook output priority -300; $([ "$1" = in ] || echo 'ip daddr 10.98.0.1 drop') ; }
}
NFT
}
reset() { rules -f - <<NFT
table inet fault {
  chain out { type filter hook output priority 0; ip daddr 10.98.0.1 meta l4proto tcp reject with tcp reset; }
}
NFT
}
heal() { rules delete table inet fault 2> /dev/null || true; ip -n "$HOSTS_PREFIX-lan" link set v-n1 up; }
kinds=(drop to-server from-server reset cable)
inject() {
  case $1 in
    drop) drop both ;;
    to-server) drop out ;;
    from-server) drop in ;;
    reset) reset ;;
    cable) ip -n "$HOSTS_PREFIX-lan" link set v-n1 down ;;
  esac
}
log=$HOSTS_DIR/n1/agent.log
lines() { wc -l < "$log"; }
# tunnel up|down LINE head|tail: milliseconds from the fault's begin to the first or last such word of the agent's after that line, by its own clock;
# nothing when it said none
tunnel() {
  local at
  at=$(tail -n +"$(($2 + 1))" "$log" | sed -n "s/^time=\"\([^\"]*\)\".*msg=\"tunnel is $1\".*/\1/p" | "$3" -n 1)
  [ -z "$at" ] || echo $((($(date -d "$at" +%s%N) - began) / 1000000))
}
# lost LINE: whether the last word about the tunnel since that line is that it is down
lost() { tail -n +"$(($1 + 1))" "$log" | grep -o 'tunnel is \(up\|down\)' | tail -n 1 | grep -q down; }
exec_works() { [ "$(timeout 4 nsenter --net=/var/run/netns/$HOSTS_PREFIX-server "$(type -P kubectl)" --kubeconfig "$HOSTS_DIR/kubeconfig" exec bench -- echo yes 2> /dev/null)" = yes ]; }
seconds() { awk -v ms="$1" 'BEGIN {printf "%.1f", ms / 1000}'; }
ms_since() { echo $((($(now) - $1) / 1000000)); }

one_agent fault
one_pod 'sleep infinity'
wait_for 60 exec_works
echo "seed $seed: $faults faults, server $server"
replaced=0 worst_down=0 worst_up=0 worst_exec=0 execs=""
for f in $(seq "$faults"); do
  kind=${kinds[$((RANDOM % ${#kinds[@]}))]}
  lasts=$((1000 + RANDOM % (longest_fault_ms - 1000)))
  line=$(lines) began=$(now)
  inject "$kind"
  healed=''
  while true; do
    at=$(ms_since "$began")
    [ -n "$healed" ] || [ "$at" -lt $lasts ] || { heal; healed=$at; }
    [ -z "$healed" ] || ! exec_works || break
    [ "$at" -lt $((2 * limit_s * 1000)) ] || break
    sleep 0.1
  done
  worked=$(ms_since "$began")
  # A short fault may leave the tunnel as it was; a dead one is replaced even when exec went another way.
  while lost "$line" && [ "$(ms_since "$began")" -le $((2 * limit_s * 1000)) ]; do sleep 0.2; done
  down=$(tunnel down "$line" head) up=$(tunnel up "$line" tail)
  [ -z "$down" ] || replaced=$((replaced + 1))
  [ "${down:-0}" -le $((stale_s * 1000)) ] || complain "fault $f: the tunnel was called up for $(seconds "$down") s"
  [ -z "$down" ] || [ "${up:-999999}" -le $((limit_s * 1000)) ] || complain "fault $f: no new tunnel within $limit_s s"
  [ "$worked" -le $((limit_s * 1000)) ] || complain "fault $f: exec worked only after $(seconds "$worked") s"
  [ "${down:-0}" -le $worst_down ] || worst_down=$down
  [ "${up:-0}" -le $worst_up ] || worst_up=$up
  [ "$worked" -le $worst_exec ] || worst_exec=$worked
  execs+=" $((worked - lasts))"
  printf '%3d %-11s lasts %4s s: down after %s, up after %s, exec after %s s (%s s after the end)\n' "$f" "$kind" "$(seconds $lasts)" \
    "${down:+$(seconds "$down")}" "${up:+$(seconds "$up")}" "$(seconds "$worked")" "$(seconds $((worked - lasts)))"
  sleep "0.$((RANDOM % 10))"
done
wait_for 60 ready n1 || complain "the node is not ready"
[ "$(api /api/v1/namespaces/default/pods/bench | jq '[.status.containerStatuses[].restartCount] | add')" = 0 ] || complain "the pod was restarted"
echo "$faults faults, $replaced tunnels replaced, $broken broken; worst: down $(seconds $worst_down), up $(seconds $worst_up), exec $(seconds $worst_exec) s after the begin;" \
  "exec after the end: median $(tr ' ' '\n' <<< "$execs" | grep . | sort -n | awk '{a[NR] = $1} END {printf "%.1f s, worst %.1f s", a[int((NR + 1) / 2)] / 1000, a[NR] / 1000}')"
[ $broken = 0 ] || { mkdir -p "$top/bench/last-faults" && cp "$HOSTS_DIR"/n1/*.log "$top/bench/last-faults/"; exit 1; }

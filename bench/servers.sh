#!/bin/bash
# servers.sh [--orders "ABC DEF …"] [K3S]: three upstream servers with embedded etcd die and come back in every order, behind a fixed registration address.
#
# An order is three servers (1 to 3), which are played twice: one that is up is killed, one that is down returns; all are up in the end. All 27 are played
# when nothing is said. After each step the servers are asked directly and through the agent's balancer, ten times a second, what needs no quorum (the
# supervisor's settings) and, where two are up, what does (the Node): printed is how much later than a server itself the balancer answers, and more than
# 2 s is an error. Then kubectl exec has to work through each server, so each tunnel be back; after each order kubectl logs, too. At the end the agent
# starts again while one server is away, each once, then all servers change their addresses: first under the running agent, then while it is off, so that
# only the registration address is right. Its list of servers is never deleted.
# K3S_SERVER names the upstream program and has to be set. Exits with 1 when something is broken.
set -eu
cd "$(dirname "$0")/.."
. bench/lib/cluster.sh
export HOSTS_PREFIX=k3ssrv HOSTS_DIR=/tmp/k3ssrv
orders="$(echo {1..3}{1..3}{1..3})"
options orders -- "$@"
[ -n "${K3S_SERVER:-}" ] || { echo "set K3S_SERVER to upstream's program" >&2; exit 1; }
front=10.98.0.9 limit_ms=2000 block=20 up="1 2 3"
java=("$(find_jdk 25)/bin/java" -XX:+UseSerialGC -Xmx200m -XX:TieredStopAtLevel=1 -cp "$top/dist/target/k3s/lib/*")

# Where server $1 is reached by agents. Among themselves the servers keep their addresses, which etcd wants.
public() { echo "10.98.0.$((block + $1))"; }
publics() { local i; for i in 1 2 3; do public $i; done; }
addresses() { publics | sed 's/$/:6443/' | paste -sd,; }
in_lan() { nsenter --net=/var/run/netns/$HOSTS_PREFIX-lan "$@"; }
# ask SERVER PATH: with the admin's certificate
ask() { in_lan curl -sk --max-time 4 --cert "$HOSTS_DIR/admin.crt" --key "$HOSTS_DIR/admin.key" "https://$(public "$1"):6443$2"; }
api() { local i; for i in $up; do ask "$i" "$1" && return; done; }
# through SERVER ARGUMENT…: kubectl
through() { in_lan timeout 6 "$(type -P kubectl)" --kubeconfig "$HOSTS_DIR/s1/kubeconfig" --server "https://$(public "$1"):6443" "${@:2}" 2> "$HOSTS_DIR/kubectl.err"; }
kubectl() { local i; for i in $up; do through "$i" "$@" && return; done; }

server_up() {
  local i=$1 dir=$HOSTS_DIR/s$1 join=(--server https://10.98.0.1:6443)
  [ "$i" != 1 ] || join=(--cluster-init)
  # A server that has lost the quorum ends; a service manager starts it again.
  PATH=$cni:$PATH bg "s$i" server sh -c 'while :; do "$@"; sleep 1; done' sh "$K3S_SERVER" server "${join[@]}" --disable-agent --token bench \
    --node-name "s$i" --node-ip "10.98.0.$i" --advertise-address "$(public "$i")" --tls-san "$front" --data-dir "$dir/data" --write-kubeconfig "$dir/kubeconfig" \
    --disable traefik,coredns,metrics-server,local-storage,servicelb --disable-cloud-controller --disable-helm-controller --etcd-disable-snapshots
}
server_down() {
  local loop child
  loop=$(cat "$HOSTS_DIR/s$1/server.pid")
  kill -STOP "$loop"
  child=$(pgrep -P "$loop" || true)
  kill -KILL "$loop" $child 2> /dev/null || true
  cat "$HOSTS_DIR/s$1/server.log" >> "$HOSTS_DIR/s$1/servers.log"
}
move() { local i; for i in 1 2 3; do ip -n "$HOSTS_PREFIX-s$i" addr "$1" "$(public $i)/24" dev eth0; done; }
exec_works() { [ "$(through "$1" exec bench -- echo yes)" = yes ]; }
logs_work() { through "$1" logs --tail=1 bench | grep -q tick; }
listed() { [ "$(jq -c '.ServerAddresses | sort' "$HOSTS_DIR/n1/data/agent/etc/k3s-agent-load-balancer.json")" = "$(publics | sed 's/$/:6443/' | jq -Rnc '[inputs]')" ]; }
# heartbeat: the node's lease was renewed within 12 s
heartbeat() { [ "$(api /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1 | jq -r .spec.renewTime)" \> "$(date -u -d '-12 seconds' +%Y-%m-%dT%H:%M:%S)" ]; }

tell() { echo "$*" >&"${asker[1]}"; }
# resumed STEP KIND SERVERS: the balancer answers soon after one of the servers does
worst_local=0 worst_quorum=0 all_local='' all_quorum='' worst_exec=0 followed=0 worst_follow=0 all_follow=''
resumed() {
  local direct later list
  list=$(for i in $3; do echo "$(public "$i"):6443"; done | paste -sd,)
  tell resumed "$2" "$list" 60
  read -r direct later <&"${asker[0]}"
  if [ "$direct" = -1 ]; then complain "$1: no server answers ($2)"; return; fi
  [ "$later" != -1 ] && [ "$later" -le $limit_ms ] || complain "$1: servers answer ($2) after $direct ms, the balancer ${later/#-1/60000} ms later"
  case $2 in
    local) all_local="$all_local $later"; [ "$later" -le $worst_local ] || worst_local=$later ;;
    quorum) all_quorum="$all_quorum $later"; [ "$later" -le $worst_quorum ] || worst_quorum=$later ;;
  esac
}
# follows STEP: how long it takes until a new pod runs
follows() {
  local t name=follow-$((++followed))
  t=$(now)
  jq -nc --arg n $name '{apiVersion: "v1", kind: "Pod", metadata: {name: $n}, spec: {nodeName: "n1", terminationGracePeriodSeconds: 0, containers: [{name: "c", image: "docker.io/library/busybox:1", imagePullPolicy: "Never", command: ["sleep", "1000"]}]}}' > "$HOSTS_DIR/follow.json"
  wait_for 30 kubectl create -f "$HOSTS_DIR/follow.json" || complain "$1: cannot create a pod"
  wait_for 60 is_running $name || complain "$1: a new pod does not run"
  t=$((($(now) - t) / 1000000))
  kubectl delete pod $name --grace-period=0 --force > /dev/null || true
  all_follow="$all_follow $t"
  [ $t -le $worst_follow ] || worst_follow=$t
}
is_running() { api "/api/v1/namespaces/default/pods/$1" | jq -e '.status.phase == "Running"'; }
quorum() { [ "$(echo $up | wc -w)" -ge 2 ]; }
# toggle SERVER STEP
toggle() {
  local t i
  case " $up " in
    *" $1 "*)
      up=$(echo $up | tr ' ' '\n' | grep -v "$1" | xargs)
      server_down "$1"
      tell mark
      [ -n "$up" ] || return 0
      resumed "$2 kills $1" local "$up"
      quorum || return 0
      resumed "$2 kills $1" quorum "$up"
      follows "$2 kills $1" ;;
    *)
      server_up "$1"
      tell mark
      up="$up $1"
      resumed "$2 returns $1" local "$1"
      quorum || return 0
      resumed "$2 returns $1" quorum "$1"
      t=$(now)
      for i in $up; do wait_for 30 exec_works "$i" || complain "$2 returns $1: no exec through $i: $(cat "$HOSTS_DIR/kubectl.err")"; done
      t=$((($(now) - t) / 1000000))
      [ $t -le $worst_exec ] || worst_exec=$t
      follows "$2 returns $1" ;;
  esac
}
percentile() { echo "$2" | tr ' ' '\n' | grep . | sort -n | awk -v p="$1" '{v[NR] = $1} END {print v[int((NR - 1) * p / 100) + 1]}'; }
begin_asking() {
  coproc asker { nsenter --net=/var/run/netns/$HOSTS_PREFIX-n1 "${java[@]}" "$top/bench/Resumption.java" "$HOSTS_DIR/n1/data/agent" 127.0.0.1:6444 "$(addresses)" local=/v1-k3s/config quorum=/api/v1/nodes/n1; }
}
agent_stop() { kill -"${1:-TERM}" "$(cat "$HOSTS_DIR/n1/agent.pid")"; wait_for 20 ended "$(cat "$HOSTS_DIR/n1/agent.pid")"; }
ended() { ! kill -0 "$1"; }
agent_again() {
  cat "$HOSTS_DIR/n1/agent.log" >> "$HOSTS_DIR/n1/agents.log"
  agent_begin ours "$program" n1 --server "https://$front:6443"
  wait_for 60 grep -q 'k3s agent is up and running' "$HOSTS_DIR/n1/agent.log"
}

[ ! -e "$HOSTS_DIR" ] || hosts_down
mkdir -p "$HOSTS_DIR"
trap hosts_down EXIT
trap 'exit 130' INT TERM
lan_up
scripts/images.sh "$HOSTS_DIR/images"
for i in 1 2 3; do host_up s$i 10.98.0.$i; done
move add
host_up front $front
host_up n1 10.98.0.11
publics > "$HOSTS_DIR/front.list"
bg front front "${java[@]}" "$top/bench/Front.java" $front 6443 "$HOSTS_DIR/front.list"
up=
for i in 1 2 3; do
  server_up $i
  wait_for 120 test -s "$HOSTS_DIR/s$i/kubeconfig"
  up="$up $i"
  if [ $i = 1 ]; then
    field() { awk -v k="$1:" '$1 == k {print $2}' "$HOSTS_DIR/s1/kubeconfig" | base64 -d; }
    field client-certificate-data > "$HOSTS_DIR/admin.crt"
    field client-key-data > "$HOSTS_DIR/admin.key"
    wait_for 120 kubectl get serviceaccount default
  fi
done
containerd_up n1
agent_up ours "$program" n1 --server "https://$front:6443"
one_pod 'while :; do echo tick; sleep 1; done'
wait_for 60 listed || complain "not all servers are known: $(cat "$HOSTS_DIR/n1/data/agent/etc/k3s-agent-load-balancer.json")"
for i in 1 2 3; do wait_for 60 exec_works $i || complain "no exec through $i"; done
begin_asking
sleep 3
for order in $orders; do
  began=$(now)
  for step in 1 2 3 4 5 6; do
    which=${order:$(((step - 1) % 3)):1}
    toggle "$which" "order $order step $step"
  done
  for i in 1 2 3; do wait_for 30 logs_work $i || complain "order $order: no logs through $i: $(cat "$HOSTS_DIR/kubectl.err")"; done
  wait_for 30 listed || complain "order $order: the list of servers is $(cat "$HOSTS_DIR/n1/data/agent/etc/k3s-agent-load-balancer.json")"
  wait_for 30 heartbeat || complain "order $order: the node's heartbeat is old"
  echo "order $order: $(since "$began") s"
done
exec {asker[1]}>&-
wait "$asker_PID" || true
echo "behind a server, ms, what needs no quorum: median $(percentile 50 "$all_local"), 99th $(percentile 99 "$all_local"), worst $worst_local of $(echo $all_local | wc -w);" \
  "what does: median $(percentile 50 "$all_quorum"), 99th $(percentile 99 "$all_quorum"), worst $worst_quorum of $(echo $all_quorum | wc -w); exec through every server at most $worst_exec ms later; a new pod runs after: median $(percentile 50 "$all_follow"), worst $worst_follow"

for away in 1 2 3; do
  agent_stop KILL
  up=$(echo 1 2 3 | tr ' ' '\n' | grep -v $away | xargs)
  server_down $away
  t=$(now)
  agent_again || complain "the agent does not start while $away is away: $(tail -3 "$HOSTS_DIR/n1/agent.log")"
  for i in $up; do wait_for 30 exec_works "$i" || complain "no exec through $i after the agent's start"; done
  echo "started again while server $away was away: $(since "$t") s until exec works through the others"
  server_up $away
  up="1 2 3"
  wait_for 60 exec_works $away || complain "no exec through $away after its return"
done

# change_addresses BLOCK: all servers go, and come back elsewhere
change_addresses() {
  for i in 1 2 3; do server_down $i; done
  move del
  block=$1
  move add
  publics > "$HOSTS_DIR/front.list"
  for i in 1 2 3; do server_up $i; done
}
change_addresses 30
t=$(now)
wait_for 120 exec_works 1 || complain "no exec after the servers moved under the running agent: $(tail -3 "$HOSTS_DIR/n1/agent.log")"
for i in 2 3; do wait_for 60 exec_works $i || complain "no exec through $i after the servers moved"; done
wait_for 60 listed || complain "the list after the move is $(cat "$HOSTS_DIR/n1/data/agent/etc/k3s-agent-load-balancer.json")"
echo "all servers have moved: exec works through each $(since "$t") s after their start"
agent_stop
change_addresses 40
wait_for 120 ask 1 /api/v1/nodes/n1
t=$(now)
agent_again || complain "the agent does not start when only the registration address is right: $(tail -3 "$HOSTS_DIR/n1/agent.log")"
for i in 1 2 3; do wait_for 60 exec_works $i || complain "no exec through $i after the second move"; done
wait_for 60 listed || complain "the list after the second move is $(cat "$HOSTS_DIR/n1/data/agent/etc/k3s-agent-load-balancer.json")"
echo "all servers had moved while the agent was off: exec works through each $(since "$t") s after its start"
[ "$(api /api/v1/namespaces/default/pods/bench | jq '.status.containerStatuses[0].restartCount')" = 0 ] || complain "the pod was restarted"
[ $broken = 0 ] && [ -z "${KEEP_LOGS:-}" ] || { mkdir -p "$top/bench/last-servers"; cp "$HOSTS_DIR"/n1/*.log "$top/bench/last-servers/"; for i in 1 2 3; do cp "$HOSTS_DIR/s$i/server.log" "$top/bench/last-servers/s$i.log"; done; }
[ $broken = 0 ]

#!/bin/bash
# probes.sh [--seconds N] [--pods N] [--containers N] NAME=K3S …: what 330 probes in a second cost each agent, each on a fresh host, against one server.
#
# 11 pods of 15 containers each have an httpGet and a tcpSocket probe a container, every second; then 11 exec probes, every second. The figures are
# processor time of the agent in % of a core: with the pods alone, and with their probes. Names and K3S_SERVER as for compare.sh.
set -eu
cd "$(dirname "$0")/.."
. bench/lib/cluster.sh
export HOSTS_PREFIX=k3sprobe HOSTS_DIR=/tmp/k3sprobe
seconds=30 pods=11 containers=15
options seconds pods containers -- "$@"

# pods_yaml NODE CONTAINERS PROBES…: every container has the probes
pods_yaml() {
  local node=$1 count=$2 pod i
  shift 2
  for pod in $(seq $pods); do
    printf -- '---\napiVersion: v1\nkind: Pod\nmetadata: {name: bench-%s, labels: {app: bench}}\nspec:\n  nodeName: %s\n  terminationGracePeriodSeconds: 1\n  containers:\n' "$pod" "$node"
    for i in $(seq "$count"); do
      printf '  - {name: c%s, image: "docker.io/library/busybox:1", imagePullPolicy: Never, command: [sleep, "100000"]%s}\n' "$i" "$*"
    done
  done
}

# cost NODE PID CONTAINERS PROBES…: processor time with such pods, once they have settled
cost() {
  local node=$1 pid=$2 count=$3 before
  shift 3
  pods_yaml "$node" "$count" "$@" > "$HOSTS_DIR/pods.yaml"
  kubectl apply -f "$HOSTS_DIR/pods.yaml" > /dev/null
  wait_for 240 running $pods
  sleep 20
  before=$(ticks "$pid")
  sleep "$seconds"
  percent $(($(ticks "$pid") - before)) "$seconds"
  memory "$pid" > "$HOSTS_DIR/memory"
  kubectl delete pod -l app=bench --wait=false > /dev/null
  wait_for 240 gone
}

# measure NAME PROGRAM ADDRESS HOST: fills the associative array `result`
measure() {
  local pid to
  host_up "$4" "$3"
  containerd_up "$4"
  bg "$4" answers "$(find_jdk 25)/bin/java" -XX:+UseSerialGC -Xmx64m bench/Answers.java 8080
  agent_up "$1" "$2" "$4"
  pid=$(cat "$HOSTS_DIR/$4/agent.pid")
  to="host: $3, port: 8080"
  sleep 10
  result[alone]=$(cost "$4" "$pid" $containers)
  result[bare]=$(cat "$HOSTS_DIR/memory")
  result[network]=$(cost "$4" "$pid" $containers ", readinessProbe: {periodSeconds: 1, httpGet: {$to}}, livenessProbe: {periodSeconds: 1, tcpSocket: {$to}}")
  result[memory]=$(cat "$HOSTS_DIR/memory")
  result[few]=$(cost "$4" "$pid" 1)
  result[exec]=$(cost "$4" "$pid" 1 ", readinessProbe: {periodSeconds: 1, timeoutSeconds: 5, exec: {command: [\"true\"]}}")
  kill "$pid"
  while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
}

cluster_up
rows="alone:CPU with $((pods * containers)) containers, % of a core
network:CPU with $((pods * containers)) httpGet and $((pods * containers)) tcpSocket probes/s, % of a core
bare:memory without probes (anonymous + file), MB
memory:memory with them, MB
few:CPU with $pods containers, % of a core
exec:CPU with $pods exec probes/s, % of a core"
declare -A table
address=10
for agent in "${agents[@]}"; do
  declare -A result=()
  address=$((address + 1))
  measure "${agent%%=*}" "$(readlink -f "${agent#*=}")" "10.98.0.$address" "n$address"
  for key in "${!result[@]}"; do table["${agent%%=*}-$key"]=${result[$key]}; done
done
{
  printf '| |'; for agent in "${agents[@]}"; do printf ' %s |' "${agent%%=*}"; done
  printf '\n|---|'; for agent in "${agents[@]}"; do printf -- '---|'; done; echo
  while IFS=: read -r key title; do
    printf '| %s |' "$title"
    for agent in "${agents[@]}"; do printf ' %s |' "${table["${agent%%=*}-$key"]:-}"; done; echo
  done <<< "$rows"
} | tee "$top/bench/last-probes.md"

#!/bin/bash
# chaos.sh [--pods N] [--kills N] [--seed N] [K3S]: pods of all kinds on an agent that is killed again and again at random moments.
#
# The agent dies by SIGKILL while pods start, run and go; some pods are replaced all the while. At the end no container may have begun more than once,
# and once the pods are deleted no mount, control group, network interface, sandbox or process of theirs may be left.
# K3S_SERVER names the server's program (the embedded server of this build when unset). Exits with 1 when something is broken.
set -eu
cd "$(dirname "$0")/.."
. bench/lib/cluster.sh
export HOSTS_PREFIX=k3schaos HOSTS_DIR=/tmp/k3schaos
pods=50 kills=100 seed=$$
options pods kills seed -- "$@"
RANDOM=$seed
longest_life_ms=6000

# container NAME POD COMMAND [MORE]: one that notes that it began
container() {
  printf -- '  - name: %s\n    image: docker.io/library/busybox:1\n    imagePullPolicy: Never\n    command: [sh, -c, "echo began >> /starts/%s.%s; %s"]\n' "$1" "$2" "$1" "$3"
  printf '    volumeMounts: [{name: starts, mountPath: /starts}%s]\n' "${4:-}"
}
# pod NUMBER GENERATION: the kinds go round
pod() {
  local name=c$1-$2 stay='trap exit TERM; while true; do sleep 1; done'
  printf -- '---\napiVersion: v1\nkind: Pod\nmetadata: {name: %s, labels: {app: bench, number: "%s"}}\nspec:\n  nodeName: n1\n  terminationGracePeriodSeconds: 2\n' "$name" "$1"
  printf '  volumes:\n  - {name: starts, hostPath: {path: %s/n1/starts}}\n  - {name: memory, emptyDir: {medium: Memory, sizeLimit: 1Mi}}\n  - {name: disk, emptyDir: {}}\n' "$HOSTS_DIR"
  printf '  - {name: config, configMap: {name: chaos}}\n  - {name: secret, secret: {secretName: chaos}}\n'
  case $(($1 % 8)) in
    0) printf '  containers:\n'; container main "$name" "$stay" ;;
    1) printf '  initContainers:\n'; container one "$name" 'sleep 1'; container two "$name" 'touch /memory/x' ', {name: memory, mountPath: /memory}'
       printf '  containers:\n'; container main "$name" "$stay" ', {name: memory, mountPath: /memory}' ;;
    2) printf '  initContainers:\n'; container side "$name" "$stay"; printf '    restartPolicy: Always\n'
       printf '  containers:\n'; container main "$name" "$stay" ;;
    3) printf '  containers:\n'; container main "$name" "$stay" ', {name: config, mountPath: /config}, {name: secret, mountPath: /secret}' ;;
    4) printf '  containers:\n'; container main "$name" "$stay"
       printf '    readinessProbe: {periodSeconds: 1, timeoutSeconds: 10, exec: {command: [test, -d, /starts]}}\n    livenessProbe: {periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 30, exec: {command: ["true"]}}\n' ;;
    5) printf '  containers:\n'; container main "$name" "$stay"
       printf '    lifecycle: {postStart: {exec: {command: [sleep, "1"]}}, preStop: {exec: {command: [sleep, "1"]}}}\n' ;;
    6) printf '  hostNetwork: true\n  containers:\n'; container main "$name" "$stay" ;;
    7) printf '  containers:\n'; container main "$name" "$stay" ', {name: disk, mountPath: /disk}'; container other "$name" "$stay" ', {name: disk, mountPath: /disk/sub, subPath: sub}'; container third "$name" "$stay" ;;
  esac
}
# left: what the node has of pods that was not there before, one a line
containerd_lists() { ctr -a "$HOSTS_DIR/n1/containerd/containerd.sock" -n k8s.io "$@" -q; }
mounts_left() { on n1 cat /proc/self/mountinfo | awk '{print $5}' | grep -E '/pods/|/netns/cni-|/io.containerd.runtime|/sandboxes/' || true; }
groups_left() { while read -r group; do find "$group" -mindepth 1 -type d -path '*kubepods*' \( -name 'pod*' -o -name 'cri-*' \); done < "$HOSTS_DIR/n1/cgroups" || true; }
veths_left() { on n1 ip -o link show type veth | awk -F': ' '$2 !~ /^eth0/ {print $2}'; }
dirs_left() { find "$HOSTS_DIR/n1/fs/var/lib/kubelet/pods" "$HOSTS_DIR/n1/data/agent/kubelet/pods" -mindepth 1 -maxdepth 1 2> /dev/null || true; }
all_there() { { containerd_lists tasks ls; containerd_lists containers ls; mounts_left; groups_left; veths_left; dirs_left; } 2> /dev/null | sort; }
left() { all_there | comm -13 "$HOSTS_DIR/before" -; }
nothing_left() { [ -z "$(left)" ]; }

kill_agent() {
  local pid
  pid=$(cat "$HOSTS_DIR/n1/agent.pid")
  kill -KILL "$pid" 2> /dev/null || complain "the agent was gone before it was killed"
  wait "$pid" 2> /dev/null || true
}
restarted() { api '/api/v1/namespaces/default/pods?labelSelector=app%3Dbench' | jq -r '.items[] | .metadata.name as $p | (.status.containerStatuses // [])[], (.status.initContainerStatuses // [])[] | select(.restartCount > 0) | "\($p)/\(.name) \(.restartCount) \(.lastState | tojson)"'; }

cluster_up
host_up n1 10.98.0.11
containerd_up n1
mkdir -p "$HOSTS_DIR/n1/starts"
kubectl create configmap chaos --from-literal=a=b > /dev/null
kubectl create secret generic chaos --from-literal=a=b > /dev/null
agent_begin chaos "$program" n1
wait_for 120 ready n1
all_there > "$HOSTS_DIR/before"
echo "seed $seed: $pods pods, $kills kills"
began=$(now)
for i in $(seq "$pods"); do pod "$i" 0; done > "$HOSTS_DIR/pods.yaml"
kubectl apply -f "$HOSTS_DIR/pods.yaml" > /dev/null
for k in $(seq "$kills"); do
  sleep "$(awk -v ms=$((RANDOM % longest_life_ms)) 'BEGIN {print ms / 1000}')"
  kill_agent
  agent_begin chaos "$program" n1
  if [ $((k % 5)) = 0 ]; then # one goes and another comes
    n=$((RANDOM % pods + 1))
    kubectl delete pod -l "number=$n" --wait=false > /dev/null
    pod "$n" "$k" | kubectl apply -f - > /dev/null
  fi
done
wait_for 120 ready n1 || complain "the node is not ready"
wait_for 240 running "$pods" || complain "$(api '/api/v1/namespaces/default/pods' | jq -c '.items[] | select(any(.status.conditions[]?; .type == "Ready" and .status == "True") | not) | [.metadata.name, .metadata.deletionTimestamp, .status]')"
took=$(since "$began")
again=$(restarted)
[ -z "$again" ] || complain "restarted: $again"
twice=$(find "$HOSTS_DIR/n1/starts" -type f -exec awk 'END {if (FNR != 1) print FILENAME, FNR}' {} \;)
[ -z "$twice" ] || complain "began more than once: $twice"
pods_made=$(find "$HOSTS_DIR/n1/starts" -type f | wc -l)
kubectl delete pod -l app=bench --wait=false > /dev/null
t=$(now)
wait_for 240 gone || complain "pods do not go: $(api '/api/v1/namespaces/default/pods' | jq -c '.items[] | [.metadata.name, .status]')"
wait_for 60 nothing_left || complain "left: $(left)"
echo "$kills kills in $took s; $pods_made containers began, $(printf '%s' "$twice" | grep -c . || true) of them more than once, $(printf '%s' "$again" | grep -c . || true) counted as restarted; all gone after $(since "$t") s; left: $(left | grep -c . || true)"
[ $broken = 0 ] || { mkdir -p "$top/bench/last-chaos" && cp "$HOSTS_DIR"/n1/*.log "$top/bench/last-chaos/"; exit 1; }

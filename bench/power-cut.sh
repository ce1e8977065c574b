#!/bin/bash
# power-cut.sh [--pods N] [K3S]: the power of a node and of its server goes, and only the node's comes back.
#
# Prints how long it takes until all pods run again without a server, and what the server finds when it returns: the same pods, none restarted
# again, and one that was deleted meanwhile is stopped. K3S_SERVER names the server's program (the embedded server of this build when unset).
# Exits with 1 when something is broken.
set -eu
cd "$(dirname "$0")/.."
. bench/lib/cluster.sh
export HOSTS_PREFIX=k3scut HOSTS_DIR=/tmp/k3scut
pods=20
options pods -- "$@"

pod() {
  printf -- '---\napiVersion: v1\nkind: Pod\nmetadata: {name: cut-%s, labels: {app: bench}}\nspec:\n  nodeName: n1\n  terminationGracePeriodSeconds: 1\n' "$1"
  printf '  containers:\n  - {name: c, image: "docker.io/library/busybox:1", imagePullPolicy: Never, command: [sh, -c, "cat /config/a /secret/a /var/run/secrets/kubernetes.io/serviceaccount/token > /dev/null && [ $A = b ] && echo began >> /starts/%s && exec sleep 100000"], env: [{name: A, valueFrom: {configMapKeyRef: {name: cut, key: a}}}], volumeMounts: [{name: starts, mountPath: /starts}, {name: config, mountPath: /config}, {name: secret, mountPath: /secret}]}\n' "$1"
  printf '  volumes: [{name: starts, hostPath: {path: %s/n1/starts}}, {name: config, configMap: {name: cut}}, {name: secret, secret: {secretName: cut}}]\n' "$HOSTS_DIR"
}
# everything that runs on a host ends at once, and nothing is left of its memory
cut_power() {
  local group pids= networks
  networks=$(pod_networks "$1")
  while read -r group; do pids="$pids $(find "$group" -name cgroup.procs -exec cat {} +)"; done < "$HOSTS_DIR/$1/cgroups"
  kill -KILL $(printf '%s\n' $pids | sort -un) 2> /dev/null || true
  wait_for 20 groups_empty "$1"
  while read -r group; do find "$group" -depth -type d -exec rmdir {} \; 2> /dev/null; done < "$HOSTS_DIR/$1/cgroups"
  awk -v d="$HOSTS_DIR/$1/" 'index($2, d) == 1 {print $2}' /proc/mounts | sort -r | while read -r mount; do umount -l "$mount"; done
  rm -f $networks
  ip netns del "$HOSTS_PREFIX-$1"
  rm -rf "$HOSTS_DIR/$1/holder.pid" "$HOSTS_DIR/$1/cgroups" "$HOSTS_DIR/$1"/fs/run/* "$HOSTS_DIR/$1/containerd/state" "$HOSTS_DIR/$1"/containerd/*.sock*
}
groups_empty() { local group; while read -r group; do [ -z "$(find "$group" -name cgroup.procs -exec cat {} +)" ] || return 1; done < "$HOSTS_DIR/$1/cgroups"; }
on_containerd() { ctr -a "$HOSTS_DIR/n1/containerd/containerd.sock" -n k8s.io "$@"; }
cut_1_ended() { ! on_containerd tasks ls | grep RUNNING | grep -qF -f "$HOSTS_DIR/cut-1"; }
begun() { [ "$(cat "$HOSTS_DIR"/n1/starts/* 2> /dev/null | wc -l)" -ge "$1" ]; }
uids() { api '/api/v1/namespaces/default/pods?labelSelector=app%3Dbench' | jq -r '.items[] | "\(.metadata.name) \(.metadata.uid)"' | sort; }
restarts() { api '/api/v1/namespaces/default/pods?labelSelector=app%3Dbench' | jq '[.items[].status.containerStatuses[]?.restartCount] | add'; }

cluster_up
host_up n1 10.98.0.11
containerd_up n1
mkdir -p "$HOSTS_DIR/n1/starts"
kubectl create configmap cut --from-literal=a=b > /dev/null
kubectl create secret generic cut --from-literal=a=b > /dev/null
agent_up cut "$program" n1
for i in $(seq "$pods"); do pod "$i"; done > "$HOSTS_DIR/pods.yaml"
kubectl apply -f "$HOSTS_DIR/pods.yaml" > /dev/null
wait_for 120 running "$pods"
uids > "$HOSTS_DIR/before"
sleep 3 # what a power cut may cost: a second, and what the disk had not written
kill -STOP "$(cat "$HOSTS_DIR/server/server.pid")" # away, and silent: the worse way to be away
cut_power n1
host_up n1 10.98.0.11
containerd_up n1
t=$(now)
agent_begin cut "$program" n1
wait_for 120 begun $((2 * pods)) || complain "only $(cat "$HOSTS_DIR"/n1/starts/* | wc -l) of $((2 * pods)) starts: $(tail -5 "$HOSTS_DIR/n1/agent.log")"
alone=$(since "$t")
on_containerd containers ls -q 'labels."io.kubernetes.pod.name"==cut-1' > "$HOSTS_DIR/cut-1"
cut_1_ended && complain "cut-1 does not run"
on n1 iptables -I OUTPUT -d 10.98.0.1 -j DROP # while one pod is deleted
kill -CONT "$(cat "$HOSTS_DIR/server/server.pid")"
wait_for 30 kubectl delete pod cut-1 --force --grace-period=0
on n1 iptables -D OUTPUT -d 10.98.0.1 -j DROP
t=$(now)
wait_for 60 cut_1_ended || complain "the pod that was deleted meanwhile still runs"
deleted=$(since "$t")
wait_for 60 running $((pods - 1)) || complain "pods are not ready after the server's return"
wait_for 60 ready n1 || complain "the node is not ready"
returned=$(since "$t")
uids > "$HOSTS_DIR/after"
grep -v '^cut-1 ' "$HOSTS_DIR/before" | diff - "$HOSTS_DIR/after" || complain "pods are others than before"
sleep 20
[ "$(restarts)" = $((pods - 1)) ] || complain "restarts are counted as $(restarts) in place of $((pods - 1))"
begun $((2 * pods + 1)) && complain "containers began again after the server's return: $(cat "$HOSTS_DIR"/n1/starts/* | wc -l)"
echo "$pods pods: all run again $alone s after the agent's start without a server; once it is back, a deleted one ends after $deleted s and the server has it all after $returned s; restart counts: $(restarts)"
[ $broken = 0 ] && [ -z "${KEEP_LOGS:-}" ] || { mkdir -p "$top/bench/last-cut"; cp "$HOSTS_DIR"/n1/*.log "$top/bench/last-cut/"; }
[ $broken = 0 ]

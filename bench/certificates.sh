#!/bin/bash
# certificates.sh [--life DURATION] [--minutes N] [K3S]: the node's certificates are renewed again and again under open streams.
#
# Certificates of 10 minutes for 30 minutes when nothing is said; 30s for 3 minutes is a short form. `kubectl logs -f` and `kubectl exec` run all the
# time, and each second something is asked anew: exec, logs, metrics of the kubelet. Prints renewals, requests, failures, and the age of the node's
# oldest heartbeat. K3S_SERVER names another server's program, whose certificates last a day at least: there `k3s certificate rotate` asks for
# another set as often as they would be renewed. Exits with 1 when anything failed.
set -eu
cd "$(dirname "$0")/.."
. bench/lib/cluster.sh
export HOSTS_PREFIX=k3scert HOSTS_DIR=/tmp/k3scert
life=10m minutes=30
options life minutes -- "$@"
case $life in *m) seconds=$((${life%m} * 60)) ;; *s) seconds=${life%s} ;; *) echo "--life is 10m or 30s" >&2; exit 1 ;; esac
kubectl=$(type -P kubectl)
renewals() { grep -c "the node's certificates are renewed" "$HOSTS_DIR/n1/agent.log" || true; }
# kubectl, errors and all
k() { nsenter --net=/var/run/netns/$HOSTS_PREFIX-server "$kubectl" --kubeconfig "$HOSTS_DIR/kubeconfig" "$@"; }
# a heartbeat's age in seconds
heartbeat() { date -u +%s | jq --argjson lease "$(api /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1)" '. - ($lease.spec.renewTime | sub("\\.[0-9]+"; "") | fromdate)'; }
# whether lines "line 1", "line 2", … follow each other in a file
gapless() { awk '/^line/ {if (n && $2 != n + 1) exit 1; n = $2} END {exit n < 5}' "$1"; }

export CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS=$life
[ -z "${K3S_SERVER:-}" ] || unset CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS
one_agent cert --debug
count='i=0; while :; do i=$((i+1)); echo line $i; sleep 0.5; done'
one_pod "$count"
in_server="nsenter --net=/var/run/netns/$HOSTS_PREFIX-server $kubectl --kubeconfig $HOSTS_DIR/kubeconfig"
$in_server logs -f bench > "$HOSTS_DIR/logs" & logs=$!
$in_server exec bench -- sh -c "$count" > "$HOSTS_DIR/exec" & exec=$!
from=$(wc -l < "$HOSTS_DIR/n1/agent.log") requests=0 failures=0 oldest=0 rotated=$(date +%s)
until=$(($(date +%s) + minutes * 60))
tried() { requests=$((requests + 1)); "$@" > /dev/null 2> "$HOSTS_DIR/err" || { failures=$((failures + 1)); complain "$(date +%T) $*: $(cat "$HOSTS_DIR/err")"; }; }
while [ "$(date +%s)" -lt $until ]; do
  tried k exec bench -- true
  tried k logs --tail=1 bench
  tried k get --raw /api/v1/nodes/n1/proxy/metrics
  age=$(heartbeat)
  [ "$age" -le "$oldest" ] || oldest=$age
  if [ -n "${K3S_SERVER:-}" ] && [ $(($(date +%s) - rotated)) -ge $((seconds * 2 / 3)) ]; then
    rotated=$(date +%s)
    "$program" --data-dir "$HOSTS_DIR/n1/data" certificate rotate 2> /dev/null || complain "cannot rotate"
  fi
  sleep 1
done
kill -0 $logs 2> /dev/null || complain "kubectl logs -f ended"
kill -0 $exec 2> /dev/null || complain "kubectl exec ended"
gapless "$HOSTS_DIR/logs" || complain "lines are missing in logs -f"
gapless "$HOSTS_DIR/exec" || complain "lines are missing in exec"
kill $logs $exec 2> /dev/null || true
wait $logs $exec 2> /dev/null || true
tail -n "+$from" "$HOSTS_DIR/n1/agent.log" > "$HOSTS_DIR/agent.tail"
cut=$(grep -c 'cannot follow the API server\|tunnel is down' "$HOSTS_DIR/agent.tail" || true)
[ "$cut" = 0 ] || complain "watches or tunnels that broke: $(grep 'cannot follow the API server\|tunnel is down' "$HOSTS_DIR/agent.tail" | head -3)"
[ "$(renewals)" -ge 2 ] || complain "hardly anything was renewed"
echo "certificates of $life for $minutes min: $(renewals) renewals, $requests requests of which $failures failed, $cut watches or tunnels broke, oldest heartbeat $oldest s," \
  "$(wc -l < "$HOSTS_DIR/logs") lines of logs -f and $(wc -l < "$HOSTS_DIR/exec") of exec without a gap"
[ $broken = 0 ]

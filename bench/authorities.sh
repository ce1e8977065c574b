#!/bin/bash
# authorities.sh [--rounds N] [K3S]: a cluster's certificate authorities are replaced while an agent runs, beside upstream's server.
#
# First by new ones that the old ones vouch for (`k3s certificate rotate-ca`), N times (2), so that in the end nothing stands on the first ones any more;
# then by strange ones (`--force`). After each the server starts again, as upstream's procedure wants it. The node's heartbeat has to go on and
# kubectl exec to work; `kubectl logs -f` may break with the server. An agent with a short token and one with a token that pins the authorities
# follow the vouched ones, in life and at a start; strange ones are refused by name, until a token comes that pins them.
# K3S_SERVER names the upstream program and has to be set. Exits with 1 when something is broken.
set -eu
cd "$(dirname "$0")/.."
. bench/lib/cluster.sh
export HOSTS_PREFIX=k3sca HOSTS_DIR=/tmp/k3sca
rounds=2
options rounds -- "$@"
[ -n "${K3S_SERVER:-}" ] || { echo "set K3S_SERVER to upstream's program" >&2; exit 1; }
tls=$HOSTS_DIR/server/data/server/tls log=$HOSTS_DIR/n1/agent.log

# authority_set DIRECTORY vouched|strange: a new root, an intermediate below it that signs from now on, and the root again, signed by the present one
authority_set() {
  local kind name n present=$HOSTS_DIR/present
  mkdir -p "$1/tls/etcd"
  printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,keyEncipherment,keyCertSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n' > "$HOSTS_DIR/extensions"
  for kind in client server request-header etcd/peer etcd/server; do
    [ -e "$tls/$kind-ca.crt" ] || continue
    name="$kind-root-$(date +%s%N)" # a subject of its own for each root, as chains are found by name
    name=${name//\//-}
    # At first there is one certificate and one key; of those made here, the second are the root's.
    awk '/-BEGIN/ {n++} {print > (p n ".crt")}' p="$present-" "$tls/$kind-ca.crt"
    awk '/-BEGIN/ {n++} {print > (p n ".key")}' p="$present-" "$tls/$kind-ca.key"
    n=1
    [ ! -s "$present-2.key" ] || n=2
    key "$1/root.key"
    openssl req -x509 -new -sha256 -days 3650 -key "$1/root.key" -subj "/CN=$name" -addext 'keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign' -out "$1/root.crt"
    sign "$1/root.key" "/CN=$name" "$present-$n.crt" "$present-$n.key" > "$1/root-vouched.crt"
    key "$1/tls/$kind-ca.key"
    sign "$1/tls/$kind-ca.key" "/CN=$name-signer" "$1/root.crt" "$1/root.key" > "$1/tls/$kind-ca.crt"
    cat "$1/root.crt" >> "$1/tls/$kind-ca.crt"
    [ "$2" = strange ] || cat "$1/root-vouched.crt" "$present-$n.crt" >> "$1/tls/$kind-ca.crt"
    cat "$1/root.key" >> "$1/tls/$kind-ca.key"
    rm -f "$present"-*
  done
}
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
# sign KEY SUBJECT CA CAKEY
sign() { openssl req -new -key "$1" -subj "$2" | openssl x509 -req -sha256 -days 3650 -CA "$3" -CAkey "$4" -set_serial "0x$(openssl rand -hex 8)" -extfile "$HOSTS_DIR/extensions" 2> /dev/null; }

server_again() {
  kill "$(cat "$HOSTS_DIR/server/server.pid")"
  wait_for 30 ended "$(cat "$HOSTS_DIR/server/server.pid")"
  rm -f "$HOSTS_DIR/kubeconfig"
  PATH=$cni:$PATH bg server server "$K3S_SERVER" server --disable-agent --node-ip 10.98.0.1 --data-dir "$HOSTS_DIR/server/data" --token bench --write-kubeconfig "$HOSTS_DIR/kubeconfig" --disable traefik,coredns,metrics-server,local-storage,servicelb
  wait_for 120 test -s "$HOSTS_DIR/kubeconfig"
  field() { awk -v k="$1:" '$1 == k {print $2}' "$HOSTS_DIR/kubeconfig" | base64 -d; }
  field client-certificate-data > "$HOSTS_DIR/admin.crt"
  field client-key-data > "$HOSTS_DIR/admin.key"
  wait_for 120 kubectl get serviceaccount default
}
ended() { ! kill -0 "$1"; }
# rotate DIRECTORY FLAG…
rotate() { on server "$K3S_SERVER" certificate rotate-ca --server https://127.0.0.1:6443 --data-dir "$HOSTS_DIR/server/data" --path "$1" "${@:2}" > "$HOSTS_DIR/rotate.log" 2>&1 || complain "rotate-ca: $(tail -3 "$HOSTS_DIR/rotate.log")"; }
exec_works() { [ "$(timeout 6 nsenter --net=/var/run/netns/$HOSTS_PREFIX-server "$(type -P kubectl)" --kubeconfig "$HOSTS_DIR/kubeconfig" exec bench -- echo yes 2> "$HOSTS_DIR/kubectl.err")" = yes ]; }
heartbeat() { [ "$(api /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1 | jq -r .spec.renewTime)" \> "$(date -u -d '-12 seconds' +%Y-%m-%dT%H:%M:%S)" ]; }
# stands FILE CA: whether a certificate of the node stands on the newest authority of the server
stands() { openssl verify -partial_chain -CAfile <(openssl x509 -in "$tls/$2-ca.crt") "$HOSTS_DIR/n1/data/agent/$1" > /dev/null 2>&1; }
same_bundle() { cmp -s "$HOSTS_DIR/n1/data/agent/server-ca.crt" "$tls/server-ca.crt"; }
# works WHAT
works() {
  local t
  t=$(now)
  wait_for 60 heartbeat || complain "$1: no heartbeat: $(tail -2 "$log")"
  wait_for 60 exec_works || complain "$1: no exec: $(cat "$HOSTS_DIR/kubectl.err") $(tail -2 "$log")"
  echo "$1: heartbeat and exec after $(since "$t") s"
}
# follows WHAT: asks for certificates, and sees them stand on the new authorities
follows() {
  local t
  t=$(now)
  "$program" --data-dir "$HOSTS_DIR/n1/data" certificate rotate > /dev/null 2>&1 || complain "cannot rotate"
  wait_for 60 stands client-kubelet.crt client || complain "$1: the client's certificate does not stand on the new authority"
  wait_for 10 stands serving-kubelet.crt server || complain "$1: the listener's certificate does not stand on the new authority"
  wait_for 10 same_bundle || complain "$1: the authorities are not the server's"
  echo "$1: certificates of the new authorities $(since "$t") s after they were asked for"
}
agent_again() {
  kill "$(cat "$HOSTS_DIR/n1/agent.pid")" 2> /dev/null || true
  wait_for 20 ended "$(cat "$HOSTS_DIR/n1/agent.pid")"
  cat "$log" >> "$HOSTS_DIR/n1/agents.log"
  agent_begin ours "$program" n1 "$@"
}
up() { grep -q 'k3s agent is up and running' "$log"; }

one_agent ours
one_pod 'while :; do echo tick; sleep 1; done'
wait_for 60 exec_works
cp "$tls/server-ca.crt" "$HOSTS_DIR/first-ca.crt"
for round in $(printf "%s\n" first second third | head -n "$rounds"); do
  authority_set "$HOSTS_DIR/$round" vouched
  rotate "$HOSTS_DIR/$round"
  server_again
  works "$round rotation"
  follows "$round rotation"
  works "$round rotation, with new certificates"
  agent_again
  wait_for 60 up || complain "$round rotation: the agent does not start: $(tail -2 "$log")"
  works "$round rotation, agent started anew"
  agent_again --token "$(cat "$HOSTS_DIR/server/data/server/node-token")"
  wait_for 60 up || complain "$round rotation: the agent does not start with the new token: $(tail -2 "$log")"
  works "$round rotation, agent with the token that pins the new authorities"
  agent_again
  wait_for 60 up
done
[ "$rounds" -lt 2 ] || ! openssl verify -CAfile "$HOSTS_DIR/first-ca.crt" -partial_chain "$HOSTS_DIR/n1/data/agent/serving-kubelet.crt" > /dev/null 2>&1 || complain "something still stands on the first authorities"
authority_set "$HOSTS_DIR/strange" strange
rotate "$HOSTS_DIR/strange" --force
server_again
t=$(now)
wait_for 60 grep -Eq 'another cluster|stands on other|not trusted|cannot trust' "$log" || complain "strange authorities: nothing is said: $(tail -3 "$log")"
echo "strange authorities: told of $(since "$t") s later: $(grep -Ei 'cluster|trust|authorit' "$log" | tail -1 | cut -c1-400)"
agent_again
wait_for 30 grep -q 'belong' "$log" || complain "strange authorities at a start: nothing is said: $(tail -3 "$log")"
echo "at a start: $(grep 'belong' "$log" | head -1 | cut -c1-400)"
up && complain "the agent has joined strange authorities with a token that pins none"
# The server finds its former certificate in the cluster, which stands on the former authorities, and goes back to it: upstream's agents do not join it then.
kubectl -n kube-system delete secret k3s-serving > /dev/null
rm -f "$tls/dynamic-cert.json"
server_again
agent_again --token "$(cat "$HOSTS_DIR/server/data/server/node-token")"
wait_for 60 up || complain "strange authorities: the agent does not start with a token that pins them: $(tail -3 "$log")"
works "strange authorities, agent with the token that pins them"
[ "$(api /api/v1/namespaces/default/pods/bench | jq '.status.containerStatuses[0].restartCount')" = 0 ] || complain "the pod was restarted"
[ $broken = 0 ] && [ -z "${KEEP_LOGS:-}" ] || { mkdir -p "$top/bench/last-authorities"; cp "$HOSTS_DIR"/n1/*.log "$top/bench/last-authorities/"; cp "$HOSTS_DIR/server/server.log" "$top/bench/last-authorities/"; }
[ $broken = 0 ]

#!/bin/bash
# quickstart.sh [--keep]: builds k3s, starts a server on one host and an agent on another (both are namespaces of this
# machine), runs a Deployment there and shows it. Nothing outside of its own namespaces and directory is changed.
# --keep leaves it running and prints how to talk to it; 'quickstart.sh --down' ends it.
set -eu
cd "$(dirname "$0")/.."
top=$PWD
. scripts/lib/setup.sh
. scripts/lib/jdk.sh
. scripts/lib/hosts.sh
export HOSTS_PREFIX=k3stry HOSTS_DIR=/tmp/k3stry
SERVER=10.98.0.1 NODE=10.98.0.2

case ${1:-} in
  ''|--keep) ;;
  --down) hosts_down; echo "ended"; exit 0 ;;
  *) echo "usage: quickstart.sh [--keep|--down]" >&2; exit 1 ;;
esac
[ "$(id -u)" = 0 ] || { echo "quickstart.sh needs root: it makes namespaces and runs containers" >&2; exit 1; }

began=$(date +%s%N)
seconds() { local now; now=$(date +%s%N); printf '%d.%d' $(((now - $1) / 1000000000)) $(((now - $1) / 100000000 % 10)); }
step_began=$began
step() { step_began=$(date +%s%N); printf '%-52s' "$1 "; }
ok() { printf 'ok %7s s\n' "$(seconds "$step_began")"; }
fail() { printf 'FAILED after %s s\n' "$(seconds "$step_began")"; [ -z "${2:-}" ] || tail -n 15 "$2" >&2; echo "quickstart.sh: $1" >&2; exit 1; }
# until_true SECONDS COMMAND…: tries every 0.2 s, a dot every two seconds
until_true() {
  local limit=$(($1 * 5)) tries=0
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt $limit ] || return 1
    [ $((tries % 10)) != 0 ] || printf .
    sleep 0.2
  done
}

step "install what is missing"
install_missing > /tmp/k3s-quickstart-setup.$$ || fail "cannot install the missing packages" /tmp/k3s-quickstart-setup.$$
rm -f /tmp/k3s-quickstart-setup.$$
need_kubectl || fail "kubectl is needed to show the result"
find_jdk 25 > /dev/null || fail "a JDK is needed to build"
ok

step "build"
mkdir -p target
./mvnw --batch-mode -DskipTests package > target/quickstart-build.log 2>&1 &
build=$!
modules=0
while kill -0 $build 2> /dev/null; do
  built=$(grep -c '^\[INFO\] --- .*jar (default-jar)' target/quickstart-build.log || true)
  while [ "$modules" -lt "$built" ]; do printf .; modules=$((modules + 1)); done
  sleep 0.5
done
wait $build || fail "the build failed, see target/quickstart-build.log" target/quickstart-build.log
ok
k3s=$top/dist/target/k3s/bin/k3s

[ ! -e "$HOSTS_DIR" ] || hosts_down
mkdir -p "$HOSTS_DIR"
leave() { trap - EXIT INT TERM; [ -n "${kept:-}" ] || hosts_down; }
trap leave EXIT
trap 'exit 130' INT TERM

step "two hosts, $SERVER and $NODE"
lan_up
host_up server $SERVER
host_up node $NODE
ok

step "images from the machine's busybox"
scripts/images.sh "$HOSTS_DIR/images" 2> "$HOSTS_DIR/images.log" || fail "cannot make the images" "$HOSTS_DIR/images.log"
mkdir -p "$HOSTS_DIR/node/fs/var/lib/rancher/k3s/agent/images"
cp "$HOSTS_DIR"/images/*.tar "$HOSTS_DIR/node/fs/var/lib/rancher/k3s/agent/images/"
ok

step "server"
bg server k3s "$k3s" server --disable-agent --node-ip $SERVER --write-kubeconfig "$HOSTS_DIR/kubeconfig"
kubectl() { nsenter --net=/var/run/netns/$HOSTS_PREFIX-server "$(type -P kubectl)" --kubeconfig "$HOSTS_DIR/kubeconfig" "$@"; }
until_true 60 kubectl get --raw /readyz || fail "the server is not ready" "$HOSTS_DIR/server/k3s.log"
ok

step "agent joins"
token=$(on server cat /var/lib/rancher/k3s/server/node-token)
bg node k3s "$k3s" agent --server "https://$SERVER:6443" --token "$token" --pause-image docker.io/library/pause:1
until_true 90 kubectl get node node || fail "the node did not join" "$HOSTS_DIR/node/k3s.log"
kubectl wait --for=condition=Ready node/node --timeout=90s > /dev/null 2>&1 || fail "the node is not Ready" "$HOSTS_DIR/node/k3s.log"
ok

step "deployment"
kubectl apply -f - > /dev/null <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: hello}
spec:
  replicas: 2
  selector: {matchLabels: {app: hello}}
  template:
    metadata: {labels: {app: hello}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: hello
        image: docker.io/library/busybox:1
        imagePullPolicy: IfNotPresent
        command: [sh, -c, 'echo "hello from $(hostname)"; exec sleep 100000']
YAML
kubectl rollout status deployment/hello --timeout=90s > /dev/null 2>&1 || { kubectl describe pods >&2; fail "the deployment is not available" "$HOSTS_DIR/node/k3s.log"; }
ok

echo
kubectl get nodes,pods -o wide
echo
echo "\$ kubectl logs deployment/hello"
kubectl logs deployment/hello
echo "\$ kubectl exec deployment/hello -- uname -a"
kubectl exec deployment/hello -- uname -a
echo
agent_pid=$(cat "$HOSTS_DIR/node/k3s.pid")
printf 'agent: %s MB resident; all of it took %s s\n' "$(awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$agent_pid/status")" "$(seconds "$began")"
if [ "${1:-}" = --keep ]; then
  kept=1
  cat <<TEXT

It keeps running. To talk to it:
  nsenter --net=/var/run/netns/$HOSTS_PREFIX-server kubectl --kubeconfig $HOSTS_DIR/kubeconfig get pods
Logs: $HOSTS_DIR/server/k3s.log and $HOSTS_DIR/node/k3s.log
To end it: scripts/quickstart.sh --down
TEXT
fi

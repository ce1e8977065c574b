# One server and any number of hosts for agents, for benchmarks. The caller is in the top directory, sets HOSTS_PREFIX, HOSTS_DIR and the defaults of
# its options, and calls `options`.
. scripts/lib/setup.sh
. scripts/lib/jdk.sh
. scripts/lib/hosts.sh
top=$PWD program=$PWD/dist/target/k3s/bin/k3s agents=() broken=0
cni=/usr/lib/cni
[ -x $cni/bridge ] || cni=/opt/cni/bin

usage() { sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//p}' "$0" >&2; exit 1; }
# options NAME… -- ARGUMENT…: --NAME VALUE sets the variable NAME, NAME=K3S is one of several agents, another word the only agent's program
options() {
  local known=
  while [ "$1" != -- ]; do known="$known $1"; shift; done
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --*) case "$known " in *" ${1#--} "*) [ $# -gt 1 ] || usage ;; *) usage ;; esac
        printf -v "${1#--}" %s "$2"
        shift ;;
      -*) usage ;;
      *=*) agents+=("$1") ;;
      *) program=$1 ;;
    esac
    shift
  done
  [ ${#agents[@]} -gt 0 ] || agents=("ours=$program")
  server=${K3S_SERVER:-$top/dist/target/k3s/bin/k3s}
}
complain() { echo "BROKEN: $*"; broken=$((broken + 1)); }

now() { date +%s%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN {printf "%.2f", (b - a) / 1e9}'; }
# api PATH: a GET with the admin's certificate; curl costs less than kubectl and is called often
api() { nsenter --net=/var/run/netns/$HOSTS_PREFIX-server curl -sk --max-time 5 --cert "$HOSTS_DIR/admin.crt" --key "$HOSTS_DIR/admin.key" "https://127.0.0.1:6443$1"; }
kubectl() { nsenter --net=/var/run/netns/$HOSTS_PREFIX-server "$(type -P kubectl)" --kubeconfig "$HOSTS_DIR/kubeconfig" "$@" 2> /dev/null; }
# wait_for SECONDS COMMAND…: tries twenty times a second
wait_for() {
  local until=$(($(now) + $1 * 1000000000))
  shift
  until "$@" > /dev/null 2>&1; do [ "$(now)" -lt $until ] || { echo "timed out: $*" >&2; return 1; }; sleep 0.05; done
}
memory() { awk '/VmRSS/ {r=$2} /RssAnon/ {a=$2} /RssFile/ {f=$2} END {printf "%.0f (%.0f + %.0f)", r/1024, a/1024, f/1024}' "/proc/$1/status"; }
ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }
# percent TICKS SECONDS: of one core
percent() { awk -v t="$1" -v s="$2" -v hz="$(getconf CLK_TCK)" 'BEGIN {printf "%.2f", 100 * t / hz / s}'; }
ready() { api "/api/v1/nodes/$1" | jq -e '([.status.conditions[]? | select(.type == "Ready").status] == ["True"]) and ((.spec.taints // []) | length == 0)'; }
running() { [ "$(api "/api/v1/namespaces/default/pods?labelSelector=app%3Dbench" | jq '[.items[] | select(any(.status.conditions[]?; .type == "Ready" and .status == "True"))] | length')" = "$1" ]; }
gone() { [ "$(api "/api/v1/namespaces/default/pods?labelSelector=app%3Dbench" | jq '.items | length')" = 0 ]; }

containerd_up() {
  local d=$HOSTS_DIR/$1/containerd
  mkdir -p "$d"
  cat > "$d/config.toml" <<TOML
version = 2
root = "$d/root"
state = "$d/state"
[grpc]
  address = "$d/containerd.sock"
[ttrpc]
  address = "$d/containerd.sock.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "$d/opt"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "docker.io/library/pause:1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$cni"
    conf_dir = "$HOSTS_DIR/$1/data/agent/etc/cni/net.d"
TOML
  bg "$1" containerd containerd -c "$d/config.toml"
  wait_for 20 ctr -a "$d/containerd.sock" version
  for image in busybox pause; do ctr -a "$d/containerd.sock" -n k8s.io images import "$HOSTS_DIR/images/$image.tar" > /dev/null; done
}

# agent_begin NAME PROGRAM HOST [FLAG…]: a name that starts with "go" also gets the flags that upstream needs on hosts with cgroup v1
agent_begin() {
  local extra=("${@:4}")
  case $1 in go*) extra+=(--kubelet-arg=fail-cgroupv1=false) ;; esac
  bg "$3" agent env PATH="$cni:$PATH" "$2" agent --server https://10.98.0.1:6443 --token bench --data-dir "$HOSTS_DIR/$3/data" --node-name "$3" \
    --container-runtime-endpoint "unix://$HOSTS_DIR/$3/containerd/containerd.sock" --pause-image docker.io/library/pause:1 "${extra[@]}"
}

# agent_up NAME PROGRAM HOST [FLAG…]: the same, until the node is ready
agent_up() {
  agent_begin "$@"
  wait_for 120 ready "$3"
}

# cluster_up [FLAG…]: the bridge, images and the server; all of it goes when the caller ends
cluster_up() {
  [ ! -e "$HOSTS_DIR" ] || hosts_down
  mkdir -p "$HOSTS_DIR"
  trap hosts_down EXIT
  trap 'exit 130' INT TERM
  lan_up
  host_up server 10.98.0.1
  scripts/images.sh "$HOSTS_DIR/images"
  PATH=$cni:$PATH bg server server "$server" server --disable-agent --node-ip 10.98.0.1 --data-dir "$HOSTS_DIR/server/data" --token bench --write-kubeconfig "$HOSTS_DIR/kubeconfig" --disable traefik,coredns,metrics-server,local-storage,servicelb "$@"
  wait_for 120 test -s "$HOSTS_DIR/kubeconfig"
  field() { awk -v k="$1:" '$1 == k {print $2}' "$HOSTS_DIR/kubeconfig" | base64 -d; }
  field client-certificate-data > "$HOSTS_DIR/admin.crt"
  field client-key-data > "$HOSTS_DIR/admin.key"
  wait_for 120 kubectl get serviceaccount default
}

# one_agent NAME [FLAG…]: the server, and the agent of `program` on host n1, until that is ready; names as for agent_begin
one_agent() {
  cluster_up
  host_up n1 10.98.0.11
  containerd_up n1
  agent_up "$1" "$program" n1 "${@:2}"
}

# one_pod COMMAND: a pod called bench on n1 that runs a line of shell, until it runs
one_pod() {
  kubectl apply -f - > /dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: bench, labels: {app: bench}}
spec:
  nodeName: n1
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "docker.io/library/busybox:1", imagePullPolicy: Never, command: [sh, -c, '$1']}]
YAML
  wait_for 60 running 1
}

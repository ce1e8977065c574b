# Keeps a network with a bridge and nothing else until standard input ends.
# Argument: the bridge's address with its prefix length.
set -eu
exec unshare --net --pid --fork sh -eu -c '
  ip link set lo up
  ip link add lan type bridge
  ip addr add "$1" dev lan
  ip link set lan up
  echo ready
  cat > /dev/null
  exit 0
' sh "$1"

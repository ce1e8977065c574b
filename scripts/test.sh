#!/bin/sh
# test.sh: installs what is missing, builds everything and runs every test, also those that need root, containerd and namespaces.
# K3S_BIN=/path/to/upstream/k3s runs the cluster tests against that server, too; without it they are reported as skipped.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib/setup.sh
[ "$(id -u)" = 0 ] || { echo "test.sh needs root: it makes namespaces and runs containers" >&2; exit 1; }
install_missing
need_kubectl
# Two modules at a time: tests wait more than they compute.
exec ./mvnw --batch-mode -T 2 -Phost verify "$@"

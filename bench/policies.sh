#!/bin/sh
# How long one change takes with many network policies and pods, from the event to the kernel.
# Usage, as root, after a build: bench/policies.sh [policies [pods [changes]]]
set -eu
cd "$(dirname "$0")/.."
home=dist/target/k3s
namespace=k3sjvm-bench-$$
ip netns add "$namespace"
trap 'ip netns del "$namespace"' EXIT
nsenter --net="/run/netns/$namespace" "${JAVA:-java}" --enable-native-access=ALL-UNNAMED \
    -XX:+UseSerialGC -Xmx80m -XX:TieredStopAtLevel=1 -cp "$home/lib/*" \
    bench/Policies.java "${1:-1000}" "${2:-500}" "${3:-200}"

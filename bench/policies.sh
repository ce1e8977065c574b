#!/bin/bash
# How long one change takes with many network policies and pods, from the event to the kernel.
# Usage, as root, after a build: bench/policies.sh [policies [pods [changes]]]
set -eu
cd "$(dirname "$0")/.."
. scripts/lib/jdk.sh
java=$(find_jdk 25)/bin/java
home=dist/target/k3s
namespace=k3sjvm-bench-$$
ip netns add "$namespace"
trap 'ip netns del "$namespace"' EXIT
nsenter --net="/run/netns/$namespace" "$java" --enable-native-access=ALL-UNNAMED \
    -XX:+UseSerialGC -Xmx80m -XX:TieredStopAtLevel=1 -cp "$home/lib/*" \
    bench/Policies.java "${1:-1000}" "${2:-500}" "${3:-200}"

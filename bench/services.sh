#!/bin/sh
# How long a service proxy takes to program many services, and one change of them, from the event to the kernel; and its memory.
# Usage, as root, after a build: bench/services.sh [services [endpoints [changes]]]
set -eu
cd "$(dirname "$0")/.."
home=dist/target/k3s
namespace=k3sjvm-bench-$$
ip netns add "$namespace"
trap 'ip netns del "$namespace"' EXIT
nsenter --net="/run/netns/$namespace" "${JAVA:-java}" --enable-native-access=ALL-UNNAMED \
    -XX:+UseSerialGC -XX:+UseCompactObjectHeaders -Xmx400m -XX:TieredStopAtLevel=1 -cp "$home/lib/*" \
    bench/Services.java "${1:-10000}" "${2:-3}" "${3:-200}"

#!/bin/sh
# Stands in for klipper-lb v0.4.17 in tests: what arrives at this pod's port goes on to a Service's address, which sees this pod as the client.
# SRC_PORT, SRC_RANGES, DEST_PROTO, DEST_PORT and DEST_IPS are those that K3s gives the pod, lists separated by commas.
set -eu
protocol=$(echo "$DEST_PROTO" | busybox tr '[:upper:]' '[:lower:]')
for address in $(echo "$DEST_IPS" | busybox tr , ' '); do
  case $address in
    *:*) tables=ip6tables switch=/proc/sys/net/ipv6/conf/all/forwarding target="[$address]" other='\.' ;;
    *) tables=iptables switch=/proc/sys/net/ipv4/ip_forward target=$address other=: ;;
  esac
  [ "$(cat $switch)" = 1 ] || { echo "$switch is not 1: the pod cannot forward" >&2; exit 1; }
  $tables -t filter -P FORWARD DROP
  $tables -t filter -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
  for range in $(echo "$SRC_RANGES" | busybox tr , '\n' | busybox grep -v "$other"); do
    $tables -t filter -A FORWARD -s "$range" -d "$address" -p "$protocol" --dport "$DEST_PORT" -m comment --comment "may use the service" -j ACCEPT
  done
  $tables -t nat -I PREROUTING -p "$protocol" --dport "$SRC_PORT" -j DNAT --to-destination "$target:$DEST_PORT"
  $tables -t nat -I POSTROUTING -d "$address" -p "$protocol" -j MASQUERADE
done
trap 'exit 0' TERM INT
while :; do sleep 3600 & wait $!; done

#!/bin/sh
# tls.sh [MEGABYTES]: TLS throughput and memory with each way to use the JVM's compilers (docs/adr/0004-jvm-settings.md).
set -eu
cd "$(dirname "$0")/.."
. scripts/lib/jdk.sh
java=$(find_jdk 25)/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$java/keytool" -genkeypair -alias a -keyalg EC -groupname secp256r1 -storetype PKCS12 -keystore "$work/keys" -storepass changeit -dname CN=localhost -validity 2 2> /dev/null
"$java/javac" -d "$work" bench/TlsThroughput.java
run() {
  printf '%-28s ' "$1"
  shift
  "$java/java" -XX:+UseSerialGC -Xmx32m -Xmn4m -XX:+UseCompactObjectHeaders -XX:+UnlockDiagnosticVMOptions -XX:TrimNativeHeapInterval=500 "$@" \
    -cp "$work:$(ls dist/target/k3s/lib/software.amazon.cryptools.*.jar 2> /dev/null)" TlsThroughput "$work/keys" "$megabytes" ${provider:-} | grep MB/s
}
megabytes=${1:-64}
for round in 1 2 3; do
  run "C1 only" -XX:TieredStopAtLevel=1
  run "C1 and C2" -XX:+TieredCompilation
  run "C1 only, ChaCha20" -XX:TieredStopAtLevel=1 -Djdk.tls.client.cipherSuites=TLS_CHACHA20_POLY1305_SHA256
  [ ! -d dist/target/k3s/lib/native ] || provider=com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider \
    run "C1 only, AWS-LC (as shipped)" -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED -Dcom.amazon.corretto.crypto.provider.useExternalLib=true -Djava.library.path=dist/target/k3s/lib/native
done

#!/usr/bin/env bash
# Runs host tests of one module on another kernel, in a virtual machine (see run.sh, which also names the options):
#
#   scripts/vm/test.sh [OPTION]… MODULE CLASS…
#
# for example: scripts/vm/test.sh -m wireguard flannel org.k3sjvm.flannel.WireguardIT
# Emulated, a run takes minutes: the machine boots in 15 to 60 s, and Java is ten times slower in it.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/lib/jdk.sh

options=()
while getopts m:c:M:t:a: option; do options+=("-$option" "$OPTARG"); done
shift $((OPTIND - 1))
[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
module=$1 && shift
JAVA_HOME=$(find_jdk 25)
export JAVA_HOME

plugin=org.apache.maven.plugins:maven-dependency-plugin:3.11.0
version=$(sed -n 's:.*<junit.version>\(.*\)</junit.version>.*:\1:p' pom.xml)
./mvnw --batch-mode -q -N "$plugin:copy" -Dartifact="org.junit.platform:junit-platform-console-standalone:$version" \
  -DoutputDirectory=target/vm >&2
./mvnw --batch-mode -q -pl "$module" -am test-compile "$plugin:build-classpath" -Dmdep.outputFile=target/vm-classpath >&2

selected=()
for class in "$@"; do selected+=(-c "$class"); done
exec scripts/vm/run.sh ${options[@]+"${options[@]}"} -- "$JAVA_HOME/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
  --enable-native-access=ALL-UNNAMED \
  -Drig.patience=180 -cp "$PWD/$module/target/test-classes:$PWD/$module/target/classes:$(cat "$module/target/vm-classpath"):$(ls "$PWD"/target/vm/*.jar)" \
  org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors --details=tree \
  "${selected[@]}"

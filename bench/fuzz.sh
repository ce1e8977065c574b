#!/bin/bash
# fuzz.sh [--inputs N] [--seed N] [--target NAME] [--input WORD]: random inputs for each parser of outside bytes; exits 1 when one fails.
#
# Each target, or those with NAME in theirs, gets the same share of N inputs (10,000,000 when unset): mutations of valid samples, the same for the same
# seed but for samples with keys, which are new each time. A failure is another exception than the parser's own, more than 1 s of work, more than 64 MB
# allocated, or a hang; it is printed with a WORD that --input takes to try this one input again. Needs a build with test classes (scripts/test.sh).
set -eu
cd "$(dirname "$0")/.."
. scripts/lib/jdk.sh
arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --inputs | --seed | --target | --input) [ $# -gt 1 ] || { sed -n '2s/^# //p' "$0" >&2; exit 1; } ;;
    *) sed -n '2s/^# //p' "$0" >&2; exit 1 ;;
  esac
  arguments+=("${1#--}" "$2")
  shift 2
done
# As shipped, but for the command line: its logging would be the run's output.
path=''
for tests in */target/test-classes; do [ ! -d "$tests/META-INF/services" ] || path="$path$tests:"; done
for jar in dist/target/k3s/lib/*.jar; do case $jar in *k3sjvm.cli-* | */k3s.jar) ;; *) path="$path$jar:" ;; esac; done
case $path in *test-classes*.jar*) ;; *) echo 'fuzz.sh: build first: run scripts/test.sh, or ./mvnw verify -DskipTests' >&2; exit 1 ;; esac
exec "$(find_jdk 25)/bin/java" -Xmx256m -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
  -cp "$path" org.k3sjvm.base.testing.fuzz.FuzzRun "${arguments[@]}"

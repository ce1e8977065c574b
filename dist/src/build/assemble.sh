#!/bin/sh
# assemble.sh JAVA_HOME TARGET: lays out TARGET/k3s from TARGET/jars: bin, conf, lib with the AOT cache, and a trimmed runtime.
set -eu
java_home=$1 target=$2
here=$(cd "$(dirname "$0")/.." && pwd)
home=$target/k3s
# What our code and libraries use (jdeps lists it), and management for the trim of the native heap and for monitoring.
modules=java.base,java.logging,java.management,java.naming,java.net.http,java.sql,java.xml,jdk.net,jdk.unsupported

runtime=$target/runtime
stamp="$("$java_home/bin/java" -version 2>&1 | tail -n 1) $modules"
if [ "$(cat "$runtime/stamp" 2>/dev/null)" != "$stamp" ]; then
  rm -rf "$runtime"
  "$java_home/bin/jlink" --add-modules "$modules" --strip-debug --no-man-pages --no-header-files --compress zip-6 --output "$runtime"
  printf '%s' "$stamp" > "$runtime/stamp"
fi

rm -rf "$home"
mkdir -p "$home/lib"
cp -r "$here/dist/." "$home/"
cp "$target"/jars/*.jar "$home/lib/"
cp -r "$runtime" "$home/runtime"
{ echo "Main-Class: org.k3sjvm.cli.Main"
  (cd "$home/lib" && ls *.jar | sort | sed 's/^/ /' | tr -d '\n' | fold -w 60 | sed '1s/^ /Class-Path: /;2,$s/^/ /')
  echo
} > "$target/manifest"
"$java_home/bin/jar" --create --file "$home/lib/k3s.jar" --manifest "$target/manifest"

# The cache holds the classes that the warm-up run loads; without it k3s runs too, only slower to start.
K3S_JAVA_OPTS="-XX:AOTCacheOutput=$home/lib/k3s.aot" "$home/bin/k3s" --warm-up > "$target/aot.log" 2>&1 ||
  { tail -n 40 "$target/aot.log"; echo "assemble.sh: the warm-up run failed, its output is in $target/aot.log" >&2; exit 1; }
[ -r "$home/lib/k3s.aot" ] || { echo "assemble.sh: no AOT cache was made, see $target/aot.log" >&2; exit 1; }
du -sh "$home" "$home/runtime" "$home/lib/k3s.aot" | sed "s#$target/##"

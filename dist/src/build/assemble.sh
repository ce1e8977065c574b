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

# without JAR PATTERN...: rewrites lib/JAR without the files that match, and without signatures and manifest.
without() {
  name=$1; shift
  set -- "$(ls "$home"/lib/$name)" "$@"
  rm -rf "$target/unpacked" && mkdir -p "$target/unpacked"
  (
    cd "$target/unpacked" && "$java_home/bin/jar" --extract --file "$1"
    jar=$1; shift
    # shellcheck disable=SC2086 # patterns are meant to expand
    for pattern in "$@"; do rm -rf $pattern; done
    rm -rf META-INF/*.SF META-INF/*.RSA META-INF/*.DSA META-INF/MANIFEST.MF
    "$java_home/bin/jar" --create --no-manifest --date 2026-01-01T00:00:00Z --file "$jar" .
  )
  rm -rf "$target/unpacked"
}
# Classes of signed jars stay out of an AOT cache, and 7600 digests would stay on the heap. We use the JDK's ciphers:
# Netty would make this provider with its 4000 entries if it found it.
without 'org.bouncycastle.bcprov-*.jar' org/bouncycastle/pqc org/bouncycastle/jcajce/provider org/bouncycastle/jce/provider META-INF/services META-INF/versions
without 'org.bouncycastle.bcutil-*.jar' META-INF/versions
without 'org.bouncycastle.bcpkix-*.jar' META-INF/versions
# The ciphers' native library lies unpacked: nothing is written to /tmp, which may forbid programs.
mkdir -p "$home/lib/native"
crypto=com/amazon/corretto/crypto/provider/libamazonCorrettoCryptoProvider.so
(cd "$home/lib/native" && "$java_home/bin/jar" --extract --file "$(ls "$home"/lib/software.amazon.cryptools.*.jar)" $crypto && mv $crypto . && rm -r com)
without 'software.amazon.cryptools.*.jar' $crypto META-INF/services
# SQLite's native library for other systems than Linux.
without 'org.xerial.sqlite-jdbc-*.jar' org/sqlite/native/Windows org/sqlite/native/Mac org/sqlite/native/FreeBSD org/sqlite/native/Linux-Android
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

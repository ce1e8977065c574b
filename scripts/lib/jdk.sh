# find_jdk VERSION: prints the home of a JDK (not a JRE) of that feature version, or says how to get one and fails.
find_jdk() {
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/temurin-"$1"-jdk-* /usr/lib/jvm/*"$1"* /opt/*jdk*"$1"*; do
    [ -x "$home/bin/javac" ] || continue
    case $("$home/bin/javac" -version 2>&1) in
      "javac $1"|"javac $1."*|"javac $1-"*) echo "$home"; return 0 ;;
    esac
  done
  echo "JDK $1 is missing: install Eclipse Temurin $1 (Debian package temurin-$1-jdk from Adoptium's repository), or set JAVA_HOME to another JDK $1" >&2
  return 1
}

# Runs a command on a host, whose namespaces are entered already: joins its control groups first.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  echo $$ > /sys/fs/cgroup/init/cgroup.procs
else
  for tree in /sys/fs/cgroup/*/; do echo $$ > "${tree}cgroup.procs"; done 2>/dev/null
fi
exec "$@"

# Sourced by scripts/test-node: the machine loses its power. What lies on its disk stays; processes, mounts, interfaces, rules and cgroups do not.

gone() { ! kill -0 "$1"; }
power_off() {
  local shim process processes
  stop -KILL
  processes=$(pgrep -f "containerd --config $data/" || true)
  for shim in $(pgrep -f "containerd-shim-runc-v2 .* -address $data/"); do processes+=" $shim $(pgrep -P "$shim" | tr '\n' ' ')"; done
  # shellcheck disable=SC2086
  kill -KILL $processes 2>/dev/null || true
  for process in $processes; do eventually 10 gone "$process"; done
  awk -v data="$data/" 'index($5, data) == 1 {print $5}' /proc/self/mountinfo | sort -r | xargs -r -n1 umount -l
  comm -13 <(sort "$data.before") <(ls -d /run/netns/* /run/containerd/s/* 2>/dev/null | sort) | while read -r left; do
    case $left in /run/netns/*) ip netns delete "${left##*/}" || true ;; *) rm -f "$left" ;; esac
  done
  ip link delete apus0 || true
  for table in apus apus-pods; do nft delete table inet "$table" || true; done
  find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} \; 2>/dev/null || true
}
restarts() { kubectl get pods -l app=hello -o "jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].ready}{'\n'}{end}"; }
restarted_once() { [ "$(restarts)" = "$(echo "$names" | sed 's/$/ 1 true/')" ]; }

reboot_suite() {
  local names
  kubectl rollout status deployment/hello --timeout=60s >/dev/null
  eventually 30 sh -c "[ \$(kubectl get pods -l app=hello -o name | wc -l) = 4 ]"
  names=$(restarts | cut -d' ' -f1)
  power_off
  start
  check "after a power failure the same pods run again" eventually 30 restarted_once
  check "and the service answers" eventually 10 answers "version 1"
}

# Sourced by scripts/test-node: a second node. Server and agent each have a network namespace of their own, joined by a cable, as two machines have.

in_server() { nsenter --net=/run/netns/apus-test-server "$@"; }
in_agent() { nsenter --net=/run/netns/apus-test-agent "$@"; }
on_cluster() { in_server kubectl --kubeconfig "$data.server/admin.kubeconfig" "$@"; }

start_machines() {
  ip netns add apus-test-server
  ip netns add apus-test-agent
  ip link add apus-server netns apus-test-server type veth peer name apus-agent netns apus-test-agent
  in_server ip address add 198.51.100.1/24 dev apus-server
  in_agent ip address add 198.51.100.2/24 dev apus-agent
  for side in server agent; do
    "in_$side" ip link set lo up
    "in_$side" ip link set "apus-$side" up
  done
}
stop_machines() {
  [ -z "${agent_pid:-}" ] || { kill "$agent_pid" 2>/dev/null || true; wait "$agent_pid" 2>/dev/null || true; }
  [ -z "${server_pid:-}" ] || { kill "$server_pid" 2>/dev/null || true; wait "$server_pid" 2>/dev/null || true; }
  for side in agent server; do
    [ ! -d "$data.$side" ] || "in_$side" "$APUS" reset --yes --data-dir "$data.$side" >/dev/null 2>&1 || true
    ip netns delete "apus-test-$side" 2>/dev/null || true
  done
  agent_pid= server_pid=
}
start_server() {
  # Not through a function, whose process in the background would be a shell.
  nsenter --net=/run/netns/apus-test-server "$APUS" up --data-dir "$data.server" --port "$port" --node-name first \
    --advertise-address 198.51.100.1 --cgroup-root /apus-test-first >>"$log" 2>&1 &
  server_pid=$!
  eventually 60 on_cluster get --raw /readyz
}
start_agent() {
  # shellcheck disable=SC2086
  nsenter --net=/run/netns/apus-test-agent "$APUS" $1 --data-dir "$data.agent" --node-name second \
    --advertise-address 198.51.100.2 --cgroup-root /apus-test-second >>"$log" 2>&1 &
  agent_pid=$!
}

spread() {
  cat <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: spread}
spec:
  replicas: 4
  selector: {matchLabels: {app: spread}}
  template:
    metadata: {labels: {app: spread}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: main, image: "apus.local/tools:1", imagePullPolicy: Never, args: [-c, "echo hello from $(hostname); echo here > /tmp/index.html; exec httpd -f -p 8080 -h /tmp"]}]
---
apiVersion: v1
kind: Service
metadata: {name: spread}
spec: {selector: {app: spread}, ports: [{port: 80, targetPort: 8080}]}
YAML
}

is_on() { on_cluster get pods -l app=spread -o "jsonpath={range .items[?(@.spec.nodeName==\"$1\")]}{.metadata.name}{'\n'}{end}"; }
spreads() { [ "$(is_on first | wc -l)" = 2 ] && [ "$(is_on second | wc -l)" = 2 ]; }
node_ready() { on_cluster get node "$1" | found ' Ready'; }
# Every pod reaches every other, the Service by its address, and its name.
reaches_all() {
  local pod address targets
  targets=$(on_cluster get pods -l app=spread -o 'jsonpath={range .items[*]}{.status.podIP}:8080 {end}')
  for pod in $(is_on first) $(is_on second); do
    for address in $targets spread.default.svc.cluster.local "$(on_cluster get service spread -o 'jsonpath={.spec.clusterIP}')"; do
      [ "$(on_cluster exec "$pod" -- wget -q -O - "http://$address/")" = here ] || { echo "$pod does not reach $address"; return 1; }
    done
  done
}
forwards_to() {
  local process code=0 local_port
  on_cluster port-forward "pod/$1" :8080 >"$data.forward" 2>&1 &
  process=$!
  eventually 10 grep -q Forwarding "$data.forward"
  local_port=$(sed -n 's/^Forwarding from 127.0.0.1:\([0-9]*\) .*/\1/p' "$data.forward" | head -1)
  in_server curl -sf -m 5 "http://127.0.0.1:$local_port/" | found here || code=1
  kill "$process"
  wait "$process" 2>/dev/null || true
  return "$code"
}
running_on_second() { on_cluster get pods -l app=spread -o "jsonpath={range .items[?(@.spec.nodeName==\"second\")]}{.status.containerStatuses[0].containerID}{'\n'}{end}" | sort; }

shows_metric() { on_cluster get --raw "/api/v1/nodes/$1/proxy/metrics" | found -x "$2"; }

agent_suite() {
  local line pod before address
  start_machines
  start_server
  line=$(in_server "$APUS" token create --data-dir "$data.server")
  start_agent "${line#apus }"
  check "a second machine joins" eventually 30 node_ready second
  check "each node has a block of its own" prints "10.244.0.0/24 10.244.1.0/24" on_cluster get nodes -o 'jsonpath={.items[*].spec.podCIDR}'
  tools_root "$data.tools"
  "$APUS" image pack "$data.tools" --name apus.local/tools:1 --env PATH=/bin --entrypoint=/bin/sh --output "$data.tools.tar" >/dev/null
  for side in server agent; do "in_$side" "$APUS" image import "$data.tools.tar" --data-dir "$data.$side" >/dev/null; done
  eventually 20 on_cluster get serviceaccount default
  spread | on_cluster apply -f - >/dev/null
  check "a deployment rolls out over both" on_cluster rollout status deployment/spread --timeout=60s
  check "two pods on each" spreads
  pod=$(is_on second | head -1)
  check "every pod reaches every other, and the service by address and name" reaches_all
  check "logs come from the second node" prints "hello from $pod" on_cluster logs "$pod"
  check "a command runs there" prints "$pod" on_cluster exec "$pod" -- hostname
  check "a port of it is forwarded" forwards_to "$pod"
  check "its metrics are read through the server" shows_metric second 'kubelet_running_pods 2'

  before=$(running_on_second)
  address=$(on_cluster get service spread -o 'jsonpath={.spec.clusterIP}')
  kill -KILL "$agent_pid"
  wait "$agent_pid" 2>/dev/null || true
  check "its service answers while the agent is dead" in_agent curl -sf -m 3 -o /dev/null "http://$address/"
  start_agent "agent --server https://198.51.100.1:$port"
  check "it comes back without a token" eventually 20 on_cluster exec "$pod" -- true
  check "and restarted no container" prints "$before" running_on_second

  check "it is drained" on_cluster drain second --timeout=30s
  check "its pods come up on the first" on_cluster rollout status deployment/spread --timeout=60s
  check "none is left there" prints "" is_on second
  on_cluster uncordon second >/dev/null
  on_cluster scale deployment spread --replicas=6 >/dev/null
  check "once uncordoned it takes pods again" on_cluster rollout status deployment/spread --timeout=60s
  check "two of them" prints 2 sh -c "echo $(is_on second | wc -l)"

  kill "$agent_pid" || true
  wait "$agent_pid" 2>/dev/null || true
  agent_pid=
  in_agent "$APUS" reset --yes --data-dir "$data.agent" >/dev/null
  check "reset takes the second machine's routes, bridge and rules" \
    prints "198.51.100.0/24 dev apus-agent" sh -c "nsenter --net=/run/netns/apus-test-agent sh -c 'ip route; nft list tables; ip -br link | grep apus0' | sed 's/ proto.*//'"
  on_cluster delete node second >/dev/null
  check "the route to it goes with the node" eventually 5 sh -c "! nsenter --net=/run/netns/apus-test-server ip route | grep -q 10.244.1.0"
  stop_machines
}

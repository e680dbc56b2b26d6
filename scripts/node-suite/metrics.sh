# Sourced by scripts/test-node: what the node tells of itself in numbers. Needs the pod `tools`.

node_metrics() { raw "nodes/node-under-test/proxy/$1"; }
# measures PATH METRIC: the metric is there, and more than nothing.
measures() { node_metrics "$1" | awk -v name="$2" 'index($0, name) == 1 && $2 + 0 > 0 {found = 1} END {exit !found}'; }
summary() { node_metrics stats/summary | python3 -c "import json, sys; s = json.load(sys.stdin); p = [p for p in s['pods'] if p['podRef']['name'] == 'tools'][0]; print($1)"; }
# asks CODE ARGUMENTS…: the node's own port answers with this code.
asks() { local want=$1; shift; prints "$want" curl -sk -o /dev/null -w '%{http_code}' "$@"; }

metrics_suite() {
  local address token
  for metric in kubelet_running_pods 'kubelet_running_containers{container_state="running"}' kubelet_pod_start_sli_duration_seconds_count \
    kubelet_pod_start_duration_seconds_count 'kubelet_pod_worker_duration_seconds_count{operation_type="sync"}' \
    'kubelet_runtime_operations_total{operation_type="run_podsandbox"}' 'kubelet_node_name{node="node-under-test"}'; do
    check "the node counts $metric" measures metrics "$metric"
  done
  check "resources of a container" measures metrics/resource 'container_memory_working_set_bytes{container="main",namespace="default",pod="tools"}'
  check "its CPU time" measures metrics/resource 'container_cpu_usage_seconds_total{container="main",namespace="default",pod="tools"}'
  check "and for dashboards" measures metrics/cadvisor container_memory_usage_bytes
  check "the summary knows the pod's memory, network and disk" \
    prints "True True True" summary "p['memory']['workingSetBytes'] > 10000, p['network']['txBytes'] > 1000, p['ephemeral-storage']['capacityBytes'] > 0"
  address=https://$(kubectl get node node-under-test -o 'jsonpath={.status.addresses[0].address}'):10250
  token=$(kubectl create token default)
  check "nobody gets them without a name" asks 401 "$address/metrics"
  check "nor without a right" asks 403 -H "Authorization: Bearer $token" "$address/metrics"
  kubectl create clusterrole scrape --verb=get --resource=nodes/metrics >/dev/null
  kubectl create clusterrolebinding scrape --clusterrole=scrape --serviceaccount=default:default >/dev/null
  check "with both they do" eventually 15 asks 200 -H "Authorization: Bearer $token" "$address/metrics"
  kubectl delete clusterrole/scrape clusterrolebinding/scrape >/dev/null
}

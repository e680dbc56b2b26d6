# Sourced by scripts/test-node: what a pod's spec asks of its node. Needs the image apus.local/tools:1.

pods_manifest() {
  cat <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {color: red}
---
apiVersion: v1
kind: Secret
metadata: {name: hush}
stringData: {password: hunter2}
---
apiVersion: v1
kind: Pod
metadata: {name: envs, labels: {app: envs}, annotations: {note: hi}}
spec:
  terminationGracePeriodSeconds: 1
  initContainers:
  - {name: first, image: apus.local/tools:1, imagePullPolicy: Never, args: [-c, "echo first > /shared/order; sleep 1"], volumeMounts: [{name: shared, mountPath: /shared}]}
  - {name: side, image: apus.local/tools:1, imagePullPolicy: Never, restartPolicy: Always, args: [-c, "echo side >> /shared/order; sleep 100000"], volumeMounts: [{name: shared, mountPath: /shared}]}
  containers:
  - name: main
    image: apus.local/tools:1
    imagePullPolicy: Never
    args: [-c, "echo main >> /shared/order; sleep 100000"]
    envFrom: [{configMapRef: {name: conf}, prefix: C_}]
    env:
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: hush, key: password}}}
    - {name: LIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
    - {name: COMBINED, value: "$(PASSWORD)-$(LIMIT)"}
    resources: {requests: {cpu: 250m, memory: 32Mi}, limits: {cpu: 500m, memory: 64Mi}}
    volumeMounts:
    - {name: conf, mountPath: /conf}
    - {name: conf, mountPath: /one/color, subPath: color}
    - {name: down, mountPath: /down}
    - {name: shared, mountPath: /shared}
  volumes:
  - {name: conf, configMap: {name: conf}}
  - {name: shared, emptyDir: {}}
  - {name: down, downwardAPI: {items: [{path: note, fieldRef: {fieldPath: "metadata.annotations['note']"}}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: ill}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: main, image: apus.local/tools:1, imagePullPolicy: Never, args: [-c, "sleep 100000"], livenessProbe: {exec: {command: ["false"]}, periodSeconds: 1, failureThreshold: 1}}
---
apiVersion: v1
kind: Pod
metadata: {name: oom}
spec:
  restartPolicy: Never
  containers:
  - {name: main, image: apus.local/tools:1, imagePullPolicy: Never, args: [-c, "dd if=/dev/zero of=/dev/null bs=200M count=5"], resources: {limits: {memory: 32Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: farewell}
spec:
  restartPolicy: Never
  containers:
  - {name: main, image: apus.local/tools:1, imagePullPolicy: Never, terminationMessagePath: /tmp/end, args: [-c, "echo farewell > /tmp/end; exit 3"]}
---
apiVersion: v1
kind: Pod
metadata: {name: slow, labels: {app: slow}}
spec:
  terminationGracePeriodSeconds: 30
  containers:
  - name: main
    image: apus.local/tools:1
    imagePullPolicy: Never
    args: [-c, "sleep 2; touch /tmp/started; httpd -p 8080 -h /tmp; trap 'exit 0' TERM; while true; do sleep 0.2; done"]
    startupProbe: {exec: {command: [test, -e, /tmp/started]}, periodSeconds: 1, failureThreshold: 20}
    readinessProbe: {exec: {command: [test, -e, /tmp/ready]}, periodSeconds: 1}
    lifecycle: {preStop: {exec: {command: [sh, -c, "sleep 1; echo stopped > /host/stopped"]}}}
    volumeMounts: [{name: host, mountPath: /host}]
YAML
  echo "  volumes: [{name: host, hostPath: {path: $data.host, type: DirectoryOrCreate}}]"
  cat <<'YAML'
---
apiVersion: v1
kind: Service
metadata: {name: slow}
spec: {selector: {app: slow}, ports: [{port: 80, targetPort: 8080}]}
YAML
}

inside() { kubectl exec envs -c main -- sh -c "$1"; }
shows() { prints "$3" kubectl get pod "$1" -o "jsonpath={.status.containerStatuses[0].state$2}"; }
token_works() {
  local token
  token=$(inside 'cat /var/run/secrets/kubernetes.io/serviceaccount/token')
  curl -sk -H "Authorization: Bearer $token" "https://127.0.0.1:$port/apis/authentication.k8s.io/v1/selfsubjectreviews" \
    -H 'content-type: application/json' -d '{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}' | found 'system:serviceaccount:default:default'
}
slow_answers() { curl -s -o /dev/null -m 2 "http://$(kubectl get service slow -o 'jsonpath={.spec.clusterIP}')/"; }
# in_cgroup PATTERN FILE…: a cgroup of the pod "envs", whatever the hierarchy, has a file of one of these names with such a line.
in_cgroup() {
  local uid pattern=$1
  uid=$(kubectl get pod envs -o 'jsonpath={.metadata.uid}')
  find /sys/fs/cgroup -path "*pod*${uid//-/?}*" \( -name "$2" -o -name "$3" \) -exec cat {} + | found "$pattern"
}
quota() { in_cgroup "^$1" cpu.cfs_quota_us cpu.max; }
memory_limit() { in_cgroup "^$1$" memory.limit_in_bytes memory.max; }
# of_main EXPRESSION: of the status of the container "main" of the pod "envs".
of_main() { kubectl get pod envs -o "jsonpath={range .status.containerStatuses[?(@.name==\"main\")]}$1{end}"; }
# resize REQUEST LIMIT MEMORY: other CPU and memory for the container "main" of the pod "envs".
resize() {
  kubectl patch pod envs --subresource resize --type strategic -p \
    "{\"spec\":{\"containers\":[{\"name\":\"main\",\"resources\":{\"requests\":{\"cpu\":\"$1\"},\"limits\":{\"cpu\":\"$2\",\"memory\":\"$3\"}}}]}}"
}
has_condition() { kubectl get pod envs -o "jsonpath={.status.conditions[?(@.type==\"$1\")].reason}" | found "$2"; }
resize_suite() {
  local id
  id=$(of_main '{.containerID}')
  check "a pod is resized" resize 300m 800m 96Mi
  check "its CPU limit is raised in the cgroup" eventually 10 quota 80000
  check "and its memory limit" eventually 10 memory_limit 100663296
  check "the status tells of it" eventually 10 prints "300m 800m 96Mi" \
    of_main '{.allocatedResources.cpu} {.resources.limits.cpu} {.resources.limits.memory}'
  check "it was not restarted" prints "$id 0" of_main '{.containerID} {.restartCount}'
  check "events tell of it" said envs ResizeCompleted 'Pod resize completed: {"containers":'
  check "what never fits is asked for" resize 900 900 96Mi
  check "and said to be infeasible" eventually 10 has_condition PodResizePending Infeasible
  check "a pod is made smaller" resize 250m 500m 64Mi
  check "the CPU limit is lowered" eventually 10 quota 50000
  check "and the memory limit" eventually 10 memory_limit 67108864
  check "nothing is pending" eventually 10 sh -c "! kubectl get pod envs -o 'jsonpath={.status.conditions[*].type}' | grep -q PodResize"
}

pods_suite() {
  pods_manifest | kubectl apply -f - >/dev/null
  check "a pod with an init container and a sidecar runs" kubectl wait pod/envs --for=condition=Ready --timeout=30s
  check "its conditions hold without a reason" prints "" kubectl get pod envs -o 'jsonpath={.status.conditions[?(@.status=="True")].reason}'
  check "they started in order" prints "first side main" inside 'echo $(cat /shared/order)'
  check "variables come from config maps, secrets and the pod" prints "red hunter2-67108864 hi" inside 'echo $C_color $COMBINED $(cat /down/note)'
  check "the CPU limit is in the cgroup" quota 50000
  resize_suite
  check "the service account's token is good" token_works
  kubectl patch configmap conf --type merge -p '{"data":{"color":"blue"}}' >/dev/null
  check "a config map's change reaches the volume" eventually 10 sh -c "kubectl exec envs -c main -- cat /conf/color | grep -qx blue"
  check "and not what is mounted by subPath" prints red inside 'cat /one/color'
  check "liveness restarts, and then backs off" eventually 30 shows ill .waiting.reason CrashLoopBackOff
  check "the event says why" said ill Killing "failed liveness probe, will be restarted"
  check "memory beyond the limit is OOMKilled" eventually 20 shows oom .terminated.reason OOMKilled
  check "the termination message is told" eventually 10 shows farewell .terminated.message farewell
  check "an unready pod gets no traffic" sh -c "! kubectl get endpointslices -l kubernetes.io/service-name=slow -o jsonpath='{..conditions.ready}' | grep -q true"
  eventually 20 kubectl exec slow -- touch /tmp/ready
  check "once ready it gets some" eventually 10 slow_answers
  check "preStop runs within the grace period" sh -c "kubectl delete pod slow --timeout=20s && grep -qx stopped '$data.host/stopped'"
  check "a forced deletion is at once" sh -c "kubectl delete pod envs --force --grace-period=0 2>/dev/null && ! kubectl get pod envs 2>/dev/null"
  kubectl delete pod ill oom farewell --now >/dev/null
  kubectl delete service slow >/dev/null
  rm -rf "$data.host"
}

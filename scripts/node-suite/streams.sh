# Sourced by scripts/test-node: exec, attach, cp, port-forward, logs and the proxy subresources, with the oldest and the newest kubectl that is here.

# tools_root FOLDER: the root of the image that these checks run: all of Debian's busybox.
tools_root() {
  local folder=$1
  mkdir -p "$folder/bin" "$folder/etc"
  mkdir -m 1777 "$folder/tmp"
  cp "$(command -v busybox)" "$folder/bin/busybox"
  for command in sh cat cksum cp dd echo env false grep head hostname httpd id ls mkdir nslookup printf ps rm seq sleep stty tar test top touch true tty wc wget; do
    ln -s busybox "$folder/bin/$command"
  done
  chmod -R u=rwX,go=rX "$folder"
  chmod 1777 "$folder/tmp"
}
pack_tools() {
  local folder
  folder=$(mktemp -d)
  tools_root "$folder"
  "$APUS" image pack "$folder" --name apus.local/tools:1 --env PATH=/bin --entrypoint=/bin/sh --data-dir "$data" >/dev/null
  rm -rf "$folder"
}

tools_pods() {
  cat <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: tools, labels: {app: tools}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: apus.local/tools:1
    imagePullPolicy: Never
    command: [sh, -c]
    args:
    - |
      mkdir -p /tmp/www/sub
      dd if=/dev/zero of=/tmp/www/large bs=1M count=20 2>/dev/null
      echo '<a href="/sub/">hello</a>' > /tmp/www/index.html
      echo inner > /tmp/www/sub/index.html
      for n in $(seq 1 100); do echo "line $n"; done
      exec httpd -f -p 8080 -h /tmp/www
    ports: [{containerPort: 8080, name: http}]
    readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: tools}
spec: {selector: {app: tools}, ports: [{name: web, port: 80, targetPort: http}]}
YAML
}

# reader NAME TTY: a pod that says what it is told, until it is told the end.
reader() {
  kubectl delete pod "$1" --ignore-not-found --now >/dev/null 2>&1
  kubectl run "$1" --image=apus.local/tools:1 --image-pull-policy=Never --restart=Never --stdin --tty="$2" --attach=false --command -- \
    sh -c 'while read line; do echo "got $line"; test "$line" = end && exit 4; done' >/dev/null
  kubectl wait "pod/$1" --for=condition=Ready --timeout=20s >/dev/null
}

exits_with() { local code=0 want=$1; shift; "$@" || code=$?; [ "$code" = "$want" ]; }
prints() { local want=$1 got; shift; got=$("$@"); [ "$got" = "$want" ] || { echo "got: $got"; return 1; }; }
piped() { head -c 3000000 /dev/zero | "$1" exec -i tools -- wc -c | found -x 3000000; }
# A terminal of 33 rows and 77 columns.
in_terminal() { script -qec "stty rows 33 cols 77; $*" /dev/null </dev/null; }
terminal() { in_terminal "$1" exec -it tools -- sh -c "'sleep 0.3; stty size; tty'" | tr -d '\r' | tee "$data.tty" | found '33 77' && grep -q /dev/pts "$data.tty"; }
copies() {
  head -c 5000000 /dev/urandom >"$data.sent"
  "$1" cp "$data.sent" tools:/tmp/copied && "$1" cp tools:/tmp/copied "$data.received" && cmp "$data.sent" "$data.received"
}
attaches() { reader reader false && printf 'one\nend\n' | "$1" attach -i reader 2>/dev/null | found -x 'got one'; }
attaches_terminal() {
  reader reader-tty true
  { sleep 1; printf 'two\nend\n'; sleep 1; } | script -qec "$1 attach -it reader-tty" /dev/null | tr -d '\r' | found -x 'got two'
}
removes() { prints hi sh -c "echo hi | $1 run once --rm -i --quiet --restart=Never --image=apus.local/tools:1 --image-pull-policy=Never --command -- cat"; }

# forwards KUBECTL TARGET PORT: through a forwarded port come a page, a large body, and thirty answers at once.
forwards() {
  local out=$data.forward process port=
  # What the one before said would be found until the shell has begun this one.
  rm -f "$out"
  "$1" port-forward "$2" ":$3" >"$out" 2>&1 &
  process=$!
  eventually 10 grep -q Forwarding "$out"
  port=$(sed -n 's/^Forwarding from 127.0.0.1:\([0-9]*\) .*/\1/p' "$out" | head -1)
  local code=0
  curl -sf -m 10 "http://127.0.0.1:$port/" >/dev/null || code=1
  if [ "$2" = pod/tools ]; then
    [ "$(curl -sf -m 20 "http://127.0.0.1:$port/large" | wc -c)" = 20971520 ] || code=2
    seq 1 30 | xargs -P 30 -I{} curl -sf -m 10 -o /dev/null "http://127.0.0.1:$port/?{}" || code=3
  fi
  kill "$process"
  wait "$process" 2>/dev/null || true
  [ "$code" = 0 ] || { cat "$out"; return "$code"; }
}

follows() { [ "$({ timeout 3 "$1" logs -f --since=1h --tail=2 tools || true; } | tail -1)" = 'line 100' ]; }
stamps() { "$1" logs --timestamps --tail=1 tools | found -E '^20[0-9-]+T[0-9:.]+Z line 100$'; }

# filters KUBECTL: what narrows a log, alone and together.
filters() {
  local last
  # From the second on in which the last line was written.
  last=$("$1" logs --timestamps --tail=1 tools | cut -d' ' -f1) &&
    prints $'line 98\nline 99\nline 100' "$1" logs --tail=3 tools &&
    prints '' "$1" logs --tail=0 tools &&
    prints $'line 1\nlin' "$1" logs --limit-bytes=10 tools &&
    prints 'line 99' "$1" logs --tail=2 --limit-bytes=7 tools &&
    prints '' "$1" logs --since-time=2099-01-01T00:00:00Z tools &&
    prints 100 sh -c "$1 logs --since-time=2000-01-01T00:00:00Z tools | wc -l" &&
    prints 'line 100' sh -c "$1 logs --since-time=$last tools | tail -1"
}
# previous KUBECTL: the run before the one that is now; a container that never ended has none.
previous() {
  local missing='previous terminated container "main" in pod "tools" not found' code=0
  kubectl delete pod crasher --ignore-not-found --now >/dev/null 2>&1
  kubectl run crasher --image=apus.local/tools:1 --image-pull-policy=Never --command -- \
    sh -c 'echo "run of $(hostname)"; echo over; exit 3' >/dev/null &&
    eventually 30 sh -c "kubectl get pod crasher -o jsonpath='{.status.containerStatuses[0].restartCount}' | grep -q '^[1-9]'" &&
    prints $'run of crasher\nover' "$1" logs --previous crasher &&
    prints over "$1" logs -p --tail=1 crasher &&
    prints run "$1" logs -p --limit-bytes=3 crasher &&
    sh -c "! $1 logs --previous tools 2>&1" | found -F "$missing" || code=1
  kubectl delete pod crasher --now >/dev/null 2>&1
  return "$code"
}

streams_suite() {
  pack_tools
  tools_pods | kubectl apply -f - >/dev/null
  check "a pod with tools is ready" kubectl wait pod/tools --for=condition=Ready --timeout=30s
  local versions oldest newest
  versions=$(while read -r path; do echo "$("$path" version --client -o json | sed -n 's/.*"gitVersion": "v\([^"]*\)".*/\1/p') $path"; done < <(scripts/kubectl-versions))
  oldest=$(sort -V <<<"$versions" | head -1 | cut -d' ' -f2)
  newest=$(sort -V <<<"$versions" | tail -1 | cut -d' ' -f2)
  for k in "$oldest" "$newest"; do
    local v
    v=$("$k" version --client -o json | sed -n 's/.*"gitVersion": "v\([0-9]*\.[0-9]*\).*/\1/p')
    check "kubectl $v: exec gives the command's exit code" exits_with 7 "$k" exec tools -- sh -c 'exit 7'
    check "kubectl $v: exec keeps errors apart" prints out sh -c "$k exec tools -- sh -c 'echo out; echo err >&2' 2>/dev/null"
    check "kubectl $v: exec -i sends input and its end" piped "$k"
    check "kubectl $v: exec -it has a terminal of the right size" terminal "$k"
    check "kubectl $v: exec -it gives the exit code" exits_with 5 in_terminal "$k" exec -it tools -- sh -c "'exit 5'"
    check "kubectl $v: cp there and back" copies "$k"
    check "kubectl $v: attach -i" attaches "$k"
    check "kubectl $v: attach -it" attaches_terminal "$k"
    check "kubectl $v: run -i --rm" removes "$k"
    check "kubectl $v: port-forward to a pod" forwards "$k" pod/tools 8080
    check "kubectl $v: port-forward to a service" forwards "$k" service/hello 80
    check "kubectl $v: port-forward to a deployment" forwards "$k" deployment/hello 8080
    check "kubectl $v: logs -f --since --tail" follows "$k"
    check "kubectl $v: logs --timestamps" stamps "$k"
    check "kubectl $v: logs --tail --limit-bytes --since-time" filters "$k"
    check "kubectl $v: logs --previous" previous "$k"
  done
  rm -f "$data.sent" "$data.received" "$data.forward" "$data.tty"
}

raw() { kubectl get --raw "/api/v1/$1"; }
fails_with() { local want=$1; shift; ! "$@" >"$data.raw" 2>&1 && grep -q "$want" "$data.raw"; local code=$?; rm -f "$data.raw"; return "$code"; }

proxy_suite() {
  local base=namespaces/default
  check "a pod is reached through the API, and its links lead through it" \
    sh -c "kubectl get --raw /api/v1/$base/pods/tools:8080/proxy/ | grep -q 'href=\"/api/v1/$base/pods/tools:8080/proxy/sub/\"'"
  check "the first declared port is the pod's" sh -c "kubectl get --raw /api/v1/$base/pods/tools/proxy/sub/ | grep -qx inner"
  check "a service's named port is reached" sh -c "kubectl get --raw /api/v1/$base/services/tools:web/proxy/sub/ | grep -qx inner"
  check "a service's port is reached by scheme and number" sh -c "kubectl get --raw /api/v1/$base/services/http:tools:80/proxy/sub/ | grep -qx inner"
  check "a large body comes whole" sh -c "[ \$(kubectl get --raw /api/v1/$base/services/tools:web/proxy/large | wc -c) = 20971520 ]"
  check "a node's health is asked through the API" prints ok raw nodes/node-under-test/proxy/healthz
  check "an unknown port of a service is told" fails_with "no service port 81 found" raw "$base/services/tools:81/proxy/"
  check "a port where nobody listens is told" fails_with "error trying to reach service" raw "$base/pods/tools:9/proxy/"
  check "an unknown pod is told" fails_with "pods \"none\" not found" raw "$base/pods/none/proxy/"
}

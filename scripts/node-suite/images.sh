# Sourced by scripts/test-node: images from a registry on loopback that wants a name and a password.

registry=127.0.0.1:${APUS_TEST_REGISTRY_PORT:-26450}

start_registry() {
  # bcrypt of "s3cret".
  echo 'ada:$2b$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG' >"$data.passwords"
  cat >"$data.registry.yml" <<YAML
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $data.registry}}
http: {addr: "$registry"}
auth: {htpasswd: {realm: test, path: $data.passwords}}
YAML
  docker-registry serve "$data.registry.yml" >/dev/null 2>&1 &
  registry_pid=$!
  eventually 10 curl -so /dev/null "http://$registry/v2/"
}
stop_registry() {
  kill "$registry_pid" 2>/dev/null || true
  wait "$registry_pid" 2>/dev/null || true
  rm -rf "$data.registry" "$data.registry.yml" "$data.passwords" "$data.archive"
}
publish() { skopeo copy -q --insecure-policy --dest-tls-verify=false --dest-creds ada:s3cret "oci-archive:$data.archive" "docker://$registry/$1"; }

# image_pod NAME IMAGE POLICY [SECRET]
image_pod() {
  kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  imagePullSecrets: [${4:+{name: $4\}}]
  containers: [{name: main, image: "$2", imagePullPolicy: $3, command: [/bin/busybox, sleep, "10000"]}]
YAML
}
waits_for() { [ "$(kubectl get pod "$1" -o 'jsonpath={.status.containerStatuses[0].state.waiting.reason}')" = "$2" ]; }
runs() { kubectl wait "pod/$1" --for=condition=Ready --timeout="${2:-20}s"; }
said() { kubectl get events --field-selector "involvedObject.name=$1,reason=$2" -o 'jsonpath={.items[*].message}' | found "$3"; }

images_suite() {
  if ! command -v docker-registry >/dev/null || ! command -v skopeo >/dev/null; then
    echo "skipped images from a registry: docker-registry or skopeo is not installed"
    return 0
  fi
  local folder digest
  start_registry
  folder=$(mktemp -d)
  mkdir "$folder/bin"
  cp "$(command -v busybox)" "$folder/bin/busybox"
  "$APUS" image pack "$folder" --name "$registry/team/app:1" --output "$data.archive" >/dev/null
  rm -rf "$folder"
  publish team/app:1
  digest=$(skopeo inspect --tls-verify=false --creds ada:s3cret --format '{{.Digest}}' "docker://$registry/team/app:1")
  kubectl create secret docker-registry registry --docker-server="$registry" --docker-username=ada --docker-password=s3cret --dry-run=client -o yaml |
    kubectl apply -f - >/dev/null
  image_pod denied "$registry/team/app:1" Always
  image_pod tagged "$registry/team/app:1" Always registry
  image_pod digested "$registry/team/app@$digest" IfNotPresent registry
  image_pod late "$registry/team/late:1" IfNotPresent registry
  image_pod never "$registry/team/never:1" Never registry
  check "an image is pulled by tag with a pull secret" runs tagged
  check "an image is pulled by digest" runs digested
  check "without credentials the registry's refusal is told" eventually 10 said denied Failed "401 Unauthorized"
  check "an unknown image is told" eventually 10 said late Failed "not found"
  check "pulling backs off" eventually 15 waits_for late ImagePullBackOff
  check "policy Never does not pull" eventually 10 waits_for never ErrImageNeverPull
  publish team/late:1
  check "the pod runs once its image is there" runs late 60
  image_pod present "$registry/team/app:1" IfNotPresent registry
  check "what is there is not pulled again" sh -c "kubectl wait pod/present --for=condition=Ready --timeout=20s"
  check "and says so" eventually 5 said present Pulled "already present on machine"
  kubectl delete pod denied tagged digested late never present --now >/dev/null
  stop_registry
}

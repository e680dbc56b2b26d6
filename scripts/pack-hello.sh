#!/bin/sh
# Packs the image of examples/hello from Debian's busybox-static, and brings it into the node's containerd.
# Usage: scripts/pack-hello.sh [VERSION [OPTION of `apus image pack`…]]     Environment: APUS, the program (default: apus)
set -eu
cd "$(dirname "$0")/.."
version="${1:-1}"
[ $# -gt 0 ] && shift

busybox="$(command -v busybox)" || { echo "busybox not found; on Debian: apt-get install busybox-static" >&2; exit 1; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

mkdir -p "$folder/bin" "$folder/etc/hello" "$folder/tmp"
cp -RP examples/hello/image/. "$folder"
cp "$busybox" "$folder/bin/busybox"
for command in sh cat echo hostname printf httpd sleep wget nslookup; do ln -s busybox "$folder/bin/$command"; done
printf '%s\n' "$version" > "$folder/etc/version"
printf 'root:x:0:0::/:/bin/sh\nhello:x:1000:1000::/:/bin/sh\n' > "$folder/etc/passwd"
chmod -R u=rwX,go=rX "$folder"
chmod 1777 "$folder/tmp"

"${APUS:-apus}" image pack "$folder" --name "apus.local/hello:$version" --user 1000:1000 --expose 8080/tcp --env PORT=8080 \
    --entrypoint=/bin/httpd --entrypoint=-f --cmd=-p --cmd=8080 --cmd=-h --cmd=/www "$@"

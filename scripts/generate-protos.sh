#!/bin/sh
# Rewrites the generated Swift of the .proto files. Needs protoc (Debian: protobuf-compiler).
# The two plugins are products of packages that Apus depends on anyway; they are built here, once, and not by a build plugin,
# which would build them for everyone who builds Apus.
set -eu
cd "$(dirname "$0")/.."

swift build --product protoc-gen-swift
swift build --product protoc-gen-grpc-swift-2
plugins="$(swift build --show-bin-path)"

generate() { # folder under protos, target
    protos="protos/$1"
    generated="Sources/$2/Generated"
    mkdir -p "$generated"
    rm -f "$generated"/*.pb.swift "$generated"/*.grpc.swift
    protoc --proto_path="$protos" --proto_path=/usr/include \
        --plugin=protoc-gen-swift="$plugins/protoc-gen-swift" --swift_out="$generated" --swift_opt=Visibility=Public \
        --plugin=protoc-gen-grpc-swift-2="$plugins/protoc-gen-grpc-swift-2" --grpc-swift-2_out="$generated" \
        --grpc-swift-2_opt=Visibility=Internal --grpc-swift-2_opt=Server=false \
        "$protos"/*.proto
    grep -L '^import GRPCCore' "$generated"/*.grpc.swift | xargs -r rm # files without a service
}

generate container-runtime ContainerRuntime

// swift-tools-version:6.2
import PackageDescription

// The house (docs/architecture.md): imports only go down. `Tests/HouseTests` holds this manifest to it.

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

func nio(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-nio") }
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")

/// Threads here free what other threads allocated, which costs the C library's own allocator a sixth of all time. From Debian's
/// libgoogle-perftools-dev.
let allocator: LinkerSetting = .linkedLibrary("tcmalloc_minimal")

let package = Package(
    name: "apus",
    products: [.executable(name: "apus", targets: ["apus"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Floor 0: plain functions. No I/O, no clock, no dice.
        .target(name: "ObjectModel", dependencies: ["Yams"], swiftSettings: settings),
        .target(name: "Schema", dependencies: ["ObjectModel"], swiftSettings: settings),
        .target(name: "KubernetesAPI", dependencies: ["Schema", "ObjectModel", "EmbeddedDefinitions"], swiftSettings: settings),
        .target(name: "EmbeddedDefinitions", exclude: ["Definitions", "bootstrap.jsonl"]),

        .target(name: "Metrics", swiftSettings: settings),

        // Floor 1: one outside thing each.
        .target(name: "Storage", dependencies: [.product(name: "GRDB", package: "GRDB.swift"), log], swiftSettings: settings),
        .target(
            name: "Identity",
            dependencies: [
                "ObjectModel",
                .product(name: "X509", package: "swift-certificates"), .product(name: "Crypto", package: "swift-crypto"),
                log,
            ],
            swiftSettings: settings),
        .target(
            name: "ContainerRuntime",
            dependencies: [
                "ObjectModel", log,
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2", package: "grpc-swift-nio-transport"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings),
        .systemLibrary(name: "CNFTables", pkgConfig: "libnftables", providers: [.apt(["libnftables-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "HostNetwork", dependencies: ["CNFTables", "ObjectModel", log], swiftSettings: settings),

        // Floor 2: the one way to reach the API.
        .target(
            name: "ClusterClient",
            dependencies: [
                "ObjectModel", log, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings),

        // The other end of that way: TLS, HTTP/1.1 and HTTP/2 for every server in the house.
        .target(
            name: "HTTPServer",
            dependencies: [
                "ClusterClient", "Identity", "ObjectModel", log, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOTLS"), nio("NIOWebSocket"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings),

        // Floor 3: components. They meet only through the API.
        .target(
            name: "APIServer",
            dependencies: [
                "HTTPServer", "ClusterClient", "Storage", "Identity", "CZlib", "KubernetesAPI", "EmbeddedDefinitions", "Schema", "ObjectModel",
                "Metrics", log,
                nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOWebSocket"), nio("NIOConcurrencyHelpers"), nio("NIOFoundationCompat"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings),
        .target(name: "Controllers", dependencies: ["ClusterClient", "Identity", "ObjectModel", "Metrics", log], swiftSettings: settings),
        .target(name: "Scheduler", dependencies: ["ClusterClient", "ObjectModel", "Metrics", log], swiftSettings: settings),
        .target(
            name: "NodeAgent",
            dependencies: [
                "HTTPServer", "ClusterClient", "ContainerRuntime", "Identity", "ObjectModel", "Metrics", log,
                nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOWebSocket"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2", package: "grpc-swift-nio-transport"),
            ],
            swiftSettings: settings),
        .target(
            name: "ServiceNetwork",
            dependencies: ["ClusterClient", "HostNetwork", "ObjectModel", "Metrics", log, nio("NIOCore"), nio("NIOPosix")],
            swiftSettings: settings),

        // Roof: the command line and the composition root.
        .executableTarget(
            name: "apus",
            dependencies: [
                "APIServer", "Controllers", "Scheduler", "NodeAgent", "ServiceNetwork", "ClusterClient", "Storage", "ContainerRuntime",
                "HostNetwork", "HTTPServer", "Identity", "ObjectModel", "Metrics", log, nio("NIOPosix"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings, linkerSettings: [allocator]),

        .target(name: "TestSupport", dependencies: ["Schema", "ObjectModel"], path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "APIServer", "ClusterClient", "ContainerRuntime", "Controllers", "HTTPServer", "Identity", "KubernetesAPI", "NodeAgent",
                "ObjectModel",
                "Schema", "ServiceNetwork", "TestSupport", "apus", nio("NIOEmbedded"), nio("NIOHTTP1"), nio("NIOWebSocket"),
            ],
            exclude: ["Corpus"]),
        .testTarget(name: "ObjectModelTests", dependencies: ["ObjectModel", "TestSupport"]),
        .testTarget(name: "SchemaTests", dependencies: ["Schema", "KubernetesAPI", "TestSupport"]),
        .testTarget(name: "KubernetesAPITests", dependencies: ["KubernetesAPI", "Schema", "ObjectModel"], exclude: ["Golden"]),
        .testTarget(name: "StorageTests", dependencies: ["Storage", "TestSupport"]),
        .testTarget(name: "IdentityTests", dependencies: ["Identity"]),
        .testTarget(name: "ContainerRuntimeTests", dependencies: ["ContainerRuntime"]),
        .testTarget(name: "HostNetworkTests", dependencies: ["HostNetwork"]),
        .testTarget(name: "ClusterClientTests", dependencies: ["ClusterClient"]),
        .testTarget(
            name: "HTTPServerTests",
            dependencies: [
                "APIServer", "HTTPServer", "Identity", "ClusterClient", "Storage", nio("NIOCore"), nio("NIOEmbedded"), nio("NIOPosix"),
                nio("NIOWebSocket"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .testTarget(
            name: "APIServerTests",
            dependencies: ["APIServer", "HTTPServer", "Storage", "Identity", "ClusterClient", "TestSupport", nio("NIOPosix")]),
        .testTarget(name: "ControllersTests", dependencies: ["Controllers", "APIServer", "Storage", "Identity", "ClusterClient"]),
        .testTarget(name: "SchedulerTests", dependencies: ["Scheduler", "ClusterClient", "TestSupport"]),
        .testTarget(
            name: "NodeAgentTests",
            dependencies: ["NodeAgent", "APIServer", "Storage", "ContainerRuntime", "ClusterClient", "Identity", "ObjectModel"]),
        .testTarget(name: "ServiceNetworkTests", dependencies: ["ServiceNetwork", "TestSupport"]),
        .testTarget(name: "HouseTests"),
    ]
)

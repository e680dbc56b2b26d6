import ClusterClient
import HTTPServer
import Identity
import NIOCore
import ObjectModel
import Testing

/// A cluster's CA and what it issues, for one test.
struct TestCluster {
    static let now = Timestamp(seconds: Int64(TestClock.seconds))
    let authority: CertificateAuthority
    let server: Credential

    init(commonName: String = "kubernetes") throws {
        authority = try CertificateAuthority(commonName: commonName, now: Self.now)
        server = try authority.issue(.apiServer(serviceAddress: nil), now: Self.now)
    }

    var tls: ServingTLS {
        ServingTLS(certificateChainPEM: server.certificatePEM, keyPEM: server.privateKeyPEM, clientCAPEM: authority.certificatePEM)
    }
}

@Suite struct TLSTests {
    private static let whoAmI: @Sendable (HTTPRequest) -> Outcome = { request in
        let subject = request.clientCertificate.map { "\($0.commonName) \($0.organizations)" } ?? "nobody"
        return .respond(.text("\(request.api.method.rawValue) \(request.uri) \(subject)"))
    }

    @Test(arguments: ["--http1.1", "--http2"]) func `a client certificate of the cluster names its user and groups`(version: String) async throws {
        let cluster = try TestCluster()
        let leaf = try cluster.authority.issue(.client("jane", groups: ["dev", "system:masters"]), now: TestCluster.now)
        try await TestServer.run(tls: cluster.tls, handler: Self.whoAmI) { server in
            try await withFiles(["ca": cluster.authority.certificatePEM, "crt": leaf.certificatePEM, "key": leaf.privateKeyPEM]) { files in
                let url = "https://127.0.0.1:\(server.port)/a?b=c"
                let known = try await run("curl", [version, "-sS", "--cacert", files("ca"), "--cert", files("crt"), "--key", files("key"), url])
                #expect(known == #"GET /a?b=c jane ["dev", "system:masters"]"#)
                let unknown = try await run("curl", [version, "-sS", "--cacert", files("ca"), url])
                #expect(unknown == "GET /a?b=c nobody")
            }
        }
    }

    @Test func `a certificate of another authority ends the handshake`() async throws {
        let cluster = try TestCluster()
        let stranger = try TestCluster().authority.issue(.client("jane", groups: ["system:masters"]), now: TestCluster.now)
        let expired = try cluster.authority.issue(
            .client("jane"), now: TestCluster.now + .seconds(-7200), lifetime: .seconds(3600))
        try await TestServer.run(tls: cluster.tls, handler: Self.whoAmI) { server in
            for leaf in [stranger, expired] {
                try await withFiles(["ca": cluster.authority.certificatePEM, "crt": leaf.certificatePEM, "key": leaf.privateKeyPEM]) { files in
                    await #expect(throws: ProcessFailure.self) {
                        try await run(
                            "curl",
                            ["-sS", "--cacert", files("ca"), "--cert", files("crt"), "--key", files("key"), "https://127.0.0.1:\(server.port)/"])
                    }
                }
            }
        }
    }

    @Test func `new connections get the certificate that was reloaded`() async throws {
        let old = try TestCluster(commonName: "old")
        let new = try TestCluster(commonName: "new")
        try await TestServer.run(tls: old.tls, handler: Self.whoAmI) { server in
            try await withFiles(["old": old.authority.certificatePEM, "new": new.authority.certificatePEM]) { files in
                let url = "https://127.0.0.1:\(server.port)/"
                _ = try await run("curl", ["-sS", "--cacert", files("old"), url])
                #expect(throws: ListenerError.self) { try server.listener.reload(ServingTLS(certificateChainPEM: "nonsense", keyPEM: "")) }
                _ = try await run("curl", ["-sS", "--cacert", files("old"), url])
                try server.listener.reload(new.tls)
                _ = try await run("curl", ["-sS", "--cacert", files("new"), url])
                await #expect(throws: ProcessFailure.self) { try await run("curl", ["-sS", "--cacert", files("old"), url]) }
            }
        }
    }

    @Test(arguments: ["--http1.1", "--http2"]) func `large answers and bodies pass whole`(version: String) async throws {
        let cluster = try TestCluster()
        let line = Array("0123456789abcdef".utf8)
        let handler: @Sendable (HTTPRequest) -> Outcome = { request in
            if request.api.method == .post {
                return .wait { .text("\(request.api.body.count) \(request.api.body.reduce(into: 0) { $0 = ($0 &* 31 &+ Int($1)) % 1_000_003 })") }
            }
            return .respond(HTTPResponse(body: [[UInt8]](repeating: line, count: 1_000_000)))
        }
        try await TestServer.run(tls: cluster.tls, handler: handler) { server in
            let body = String(repeating: "some bytes of a body ", count: 140_000)
            try await withFiles(["ca": cluster.authority.certificatePEM, "body": body, "out": ""]) { files in
                let url = "https://127.0.0.1:\(server.port)/"
                let answer = try await run("curl", [version, "-sS", "--cacert", files("ca"), "--data-binary", "@\(files("body"))", url])
                #expect(answer == "\(body.utf8.count) \(body.utf8.reduce(into: 0) { $0 = ($0 &* 31 &+ Int($1)) % 1_000_003 })")
                let size = try await run("curl", [version, "-sS", "--cacert", files("ca"), "-o", files("out"), "-w", "%{size_download}", url])
                #expect(size == "16000000")
                let head = try await run("curl", [version, "-sS", "--cacert", files("ca"), "-I", url])
                #expect(head.contains("content-length: 16000000"))
            }
        }
    }

    @Test(arguments: ["--http1.1", "--http2"]) func `a body beyond the limit is answered with 413`(version: String) async throws {
        let cluster = try TestCluster()
        try await TestServer.run(tls: cluster.tls, handler: Self.whoAmI) { server in
            let body = String(repeating: "x", count: 4_000_000)
            try await withFiles(["ca": cluster.authority.certificatePEM, "body": body]) { files in
                let answer = try await run(
                    "curl",
                    [
                        version, "-sS", "--cacert", files("ca"), "-w", "%{http_code}", "--data-binary", "@\(files("body"))",
                        "https://127.0.0.1:\(server.port)/",
                    ])
                #expect(answer.hasSuffix("413"))
                #expect(answer.contains(#""message":"Request entity too large: limit is 3145728""#))
            }
        }
    }

    @Test func `three hundred streams of one HTTP 2 connection are answered at once`() async throws {
        let cluster = try TestCluster()
        let arrived = Shared(0)
        let all = Gate()
        let handler: @Sendable (HTTPRequest) -> Outcome = { _ in
            .wait {
                arrived.change { $0 += 1 }
                if arrived.value == 300 { all.open() }
                await all.wait()
                return .text("ok")
            }
        }
        try await TestServer.run(tls: cluster.tls, handler: handler) { server in
            let report = try await run("h2load", ["-n", "300", "-c", "1", "-m", "300", "https://127.0.0.1:\(server.port)/"])
            #expect(report.contains("300 succeeded"))
        }
    }

    @Test(arguments: ["--http1.1", "--http2"]) func `a stream is followed and ends when the server stops`(version: String) async throws {
        let cluster = try TestCluster()
        let started = Gate()
        let handler: @Sendable (HTTPRequest) -> Outcome = { _ in
            .stream(StreamHead(contentType: "text/plain")) { sink in
                for number in 0..<100 { _ = sink.write(Array("\(number)\n".utf8)) }
                started.open()
            }
        }
        try await TestServer.run(tls: cluster.tls, handler: handler) { server in
            try await withFiles(["ca": cluster.authority.certificatePEM]) { files in
                async let output = run("curl", [version, "-sS", "-N", "--cacert", files("ca"), "https://127.0.0.1:\(server.port)/"])
                await started.wait()
                await server.listener.stop(within: .seconds(10))
                let received = try await output
                #expect(received == (0..<100).map { "\($0)\n" }.joined())
            }
        }
    }
}

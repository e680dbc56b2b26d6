import FoundationEssentials
import Glibc
import ObjectModel
import Testing

@testable import ContainerRuntime

/// A registry on the loopback interface that wants a name and a password.
private struct TestRegistry {
    static let username = "ada"
    static let password = "s3cret"
    /// bcrypt of the password.
    private static let passwordHash = "$2b$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG"

    let address: String
    private let process: RunningProcess

    init(in workplace: Workplace) async throws {
        let port = try Self.freePort()
        address = "127.0.0.1:\(port)"
        let passwords = try workplace.write("\(Self.username):\(Self.passwordHash)\n", to: "registry/htpasswd")
        let config = try workplace.write(
            """
            version: 0.1
            log: {level: error}
            storage: {filesystem: {rootdirectory: \(workplace.path)/registry/data}}
            http: {addr: "\(address)"}
            auth: {htpasswd: {realm: test, path: \(passwords)}}
            """, to: "registry/config.yml")
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { close(null) }
        let program = try #require(Program.find("docker-registry"))
        process = try RunningProcess(
            try Program.spawn(program, ["serve", config], environment: ["HOME": workplace.path], output: null), isChild: true)
    }

    func stop() async { await process.terminate(within: .seconds(5)) }

    /// Pushes an archive; the registry may still be starting.
    func push(_ archive: String, as name: String, home: String) async throws {
        let skopeo = try #require(Program.find("skopeo"))
        let arguments = [
            "copy", "--dest-tls-verify=false", "--dest-creds", "\(Self.username):\(Self.password)", "oci-archive:\(archive)",
            "docker://\(address)/\(name)", "--insecure-policy",
        ]
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let outcome = try await Program.run(skopeo, arguments, environment: ["PATH": "/usr/bin:/bin", "HOME": home])
            if outcome.code == 0 { return }
            guard outcome.output.contains("connection refused"), ContinuousClock.now < deadline else {
                throw ContainerRuntimeError(.system, outcome.output)
            }
        }
    }

    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = bind(descriptor, $0, length) + getsockname(descriptor, $0, &length) }
            return UInt16(bigEndian: address.pointee.sin_port)
        }
    }
}

@Suite(
    .serialized, .enabled(if: Machine.runsContainers, Machine.comment),
    .enabled(if: Program.find("docker-registry") != nil && Program.find("skopeo") != nil, "needs docker-registry and skopeo"),
    .timeLimit(.minutes(1)))
struct `A registry` {
    @Test func `gives images to those who have its credentials, and says what is wrong to others`() async throws {
        try await TestContainerd.with { test in
            let registry = try await TestRegistry(in: test.workplace)
            do {
                try await pullInEveryWay(test, registry)
            } catch {
                await registry.stop()
                throw error
            }
            await registry.stop()
        }
    }

    private func pullInEveryWay(_ test: TestContainerd, _ registry: TestRegistry) async throws {
        let archive = "\(test.workplace.path)/image.tar"
        _ = try ImagePacker(.init(names: ["busybox:1"])).pack(folder: try test.workplace.makeBusyboxFolder(), to: archive)
        try await registry.push(archive, as: "team/busybox:1", home: test.workplace.path)
        try test.containerd.allowPlainHTTP(registry: registry.address)

        let image = try ImageReference("\(registry.address)/team/busybox:1")
        var keyring = RegistryKeyring()
        let auth = Data("\(TestRegistry.username):\(TestRegistry.password)".utf8).base64EncodedString()
        var config: Value = [:]
        config["auths"][registry.address]["auth"] = .string(auth)
        let data: Value = [".dockerconfigjson": .string(Data(config.json()).base64EncodedString())]
        try keyring.add(secret: ["type": "kubernetes.io/dockerconfigjson", "data": data])
        let credentials = try #require(keyring.credentials(for: image).first)

        await #expect {
            try await test.runtime.pullImage(.with { $0.image = image.description }, auth: nil, sandbox: nil)
        } throws: {
            let error = $0 as? ContainerRuntimeError
            return error?.message.contains("401 Unauthorized") == true && error?.message.contains(image.description) == true
        }
        await #expect {
            try await test.runtime.pullImage(.with { $0.image = "\(image.name):absent" }, auth: credentials, sandbox: nil)
        } throws: {
            ($0 as? ContainerRuntimeError)?.isNotFound == true && "\($0)".contains("\(image.name):absent: not found")
        }

        let reference = try await test.runtime.pullImage(.with { $0.image = image.description }, auth: credentials, sandbox: nil)
        let status = try #require(try await test.runtime.imageStatus(.with { $0.image = image.description }))
        #expect(status.id == reference)
        #expect(status.repoTags == [image.description])
        let (_, container) = try await test.start("pulled", ["/bin/sleep", "1000"], image: image.description)
        #expect(try await test.runtime.containerStatus(container).state == .containerRunning)
    }
}

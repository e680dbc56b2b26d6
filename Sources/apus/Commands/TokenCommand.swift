import APIServer
import ArgumentParser
import ClusterClient
import Foundation
import Identity
import ObjectModel

/// Join tokens of the cluster under a data directory.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make, list and delete the tokens that nodes join with.",
        discussion: """
            Examples:
              apus token create
              apus token create --ttl 15m --description 'the new rack'
              apus token list
              apus token delete abcdef
            """,
        subcommands: [Create.self, List.self, Delete.self])

    /// A client of the running cluster, as its administrator.
    static func connect(_ data: DataOptions) throws -> (client: Client, config: KubeconfigFile) {
        let path = try data.path()
        guard FileLock.holder("\(path)/lock") != nil, let config = try? KubeconfigFile(path: "\(path)/admin.kubeconfig") else {
            throw Failure("no cluster of yours runs on \(path): start it with `apus up` or `apus server`, or name its directory with --data-dir")
        }
        return (Client(HTTPSTransport(config.server) { config.identity }, userAgent: "apus-token"), config)
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token and print the command line that joins a node with it.",
            discussion: "Example: apus token create --ttl 15m --description 'the new rack'")

        @Option(help: "How long it may be used: 30m, 24h, 7d; 0 for ever.") var ttl: String = "24h"
        @Option(help: "What it is for.") var description: String = ""
        @Flag(name: .customLong("token-only"), help: "Print the token alone.") var tokenOnly = false
        @OptionGroup var data: DataOptions
        @OptionGroup var configurationFile: ConfigurationOption

        func run() async throws {
            guard let lifetime = BootstrapToken.lifetime(ttl) else { throw Failure("--ttl \(ttl) is not a time such as 30m, 24h or 7d") }
            let (client, config) = try TokenCommand.connect(data)
            let token = BootstrapToken.random()
            let expiration = lifetime.map { Environment.system.now() + $0 }
            try await client.create(.secrets, token.secret(expiration: expiration, description: description))
            if tokenOnly { return print(token) }
            let info = try await client.get(.configMaps, namespace: "kube-public", name: "cluster-info")
            let cluster = try YAML.parse(info["data"]["kubeconfig"].string ?? "") as Value
            let server = cluster["clusters"].array.first?["cluster"]["server"].string ?? config.server.description
            print(
                "apus agent --server \(server) --token \(token) --ca-cert-hash \(CertificateAuthority.publicKeyHash(pem: config.identity.caPEM) ?? "")"
            )
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the tokens.", discussion: "Example: apus token list")

        @OptionGroup var data: DataOptions
        @OptionGroup var configurationFile: ConfigurationOption

        func run() async throws {
            let secrets = try await TokenCommand.connect(data).client.list(
                .secrets, namespace: "kube-system", fieldSelector: "type=bootstrap.kubernetes.io/token"
            ).items
            print("ID      EXPIRES               DESCRIPTION")
            for secret in secrets.sorted(by: { $0.name < $1.name }) {
                let text = { (key: String) in secret["data"][key].string.flatMap(Base64.decode).map { String(decoding: $0, as: UTF8.self) } ?? "" }
                let expires = text("expiration").isEmpty ? "never" : text("expiration")
                print("\(text("token-id"))  \(expires)\(String(repeating: " ", count: max(0, 20 - expires.count)))  \(text("description"))")
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a token; nodes that joined with it stay.", discussion: "Example: apus token delete abcdef")

        @Argument(help: "The token or its id, the part before the dot.") var token: String
        @OptionGroup var data: DataOptions
        @OptionGroup var configurationFile: ConfigurationOption

        func run() async throws {
            let id = String(token.prefix { $0 != "." })
            let client = try TokenCommand.connect(data).client
            let name = "bootstrap-token-\(id)"
            guard try await client.find(.secrets, namespace: "kube-system", name: name) != nil else {
                throw Failure("there is no token \(id): `apus token list` shows those that there are")
            }
            try await client.delete(.secrets, namespace: "kube-system", name: name)
            print("token \(id) deleted")
        }
    }
}

/// A join token: `ID.SECRET`, kept as a Secret that upstream's tools know.
struct BootstrapToken: CustomStringConvertible {
    let id: String
    let secret: String

    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789")

    /// Nil unless it has the form of one.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts[0].count == 6, parts[1].count == 16, (parts[0] + parts[1]).allSatisfy(Self.alphabet.contains) else {
            return nil
        }
        (id, secret) = (parts[0], parts[1])
    }

    private init(id: String, secret: String) { (self.id, self.secret) = (id, secret) }

    static func random() -> BootstrapToken {
        // The system's generator is fit for secrets.
        var generator = SystemRandomNumberGenerator()
        func word(_ length: Int) -> String { String((0..<length).map { _ in alphabet[Int.random(in: alphabet.indices, using: &generator)] }) }
        return BootstrapToken(id: word(6), secret: word(16))
    }

    var description: String { "\(id).\(secret)" }

    func secret(expiration: Timestamp?, description: String) -> Value {
        var data: [(String, String)] = [
            ("token-id", id), ("token-secret", secret), ("usage-bootstrap-authentication", "true"), ("usage-bootstrap-signing", "true"),
            ("auth-extra-groups", "system:bootstrappers:kubeadm:default-node-token"),
        ]
        if let expiration { data.append(("expiration", expiration.rfc3339)) }
        if !description.isEmpty { data.append(("description", description)) }
        return [
            "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string("bootstrap-token-\(id)"), "namespace": "kube-system"],
            "type": "bootstrap.kubernetes.io/token",
            "data": .object(Fields(data.map { ($0.0, Value.string(Base64.encode(Array($0.1.utf8)))) })),
        ]
    }

    /// Nil for ever (`0`), nil within nil for what is no time.
    static func lifetime(_ text: String) -> Duration?? { text == "0" ? .some(nil) : TimeOption.duration(text).map { .some($0) } }
}

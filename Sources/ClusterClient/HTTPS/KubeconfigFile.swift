import FoundationEssentials
import ObjectModel

/// What the current context of a kubeconfig says: where the cluster is, and who asks.
public struct KubeconfigFile: Sendable {
    public var server: ServerURL
    public var identity: HTTPSIdentity

    public struct Mistake: Error, CustomStringConvertible {
        public var description: String
    }

    public init(path: String) throws {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Mistake(description: "\(path) is not there or cannot be read")
        }
        try self.init(text, source: path)
    }

    public init(_ text: String, source: String = "the kubeconfig") throws {
        let config: Value = try YAML.parse(text)
        let contextName = config["current-context"].string ?? ""
        guard let context = Self.named(contextName, config["contexts"])?["context"] else {
            throw Mistake(description: "\(source): there is no context \"\(contextName)\"")
        }
        guard let cluster = Self.named(context["cluster"].string ?? "", config["clusters"])?["cluster"],
            let user = Self.named(context["user"].string ?? "", config["users"])?["user"]
        else { throw Mistake(description: "\(source): the cluster or the user of context \"\(contextName)\" is missing") }
        guard let server = ServerURL(cluster["server"].string ?? "") else {
            throw Mistake(description: "\(source): \(cluster["server"].string ?? "no server") is not of the form https://HOST:PORT")
        }
        self.server = server
        var token = user["token"].string ?? ""
        if token.isEmpty, let file = user["tokenFile"].string {
            token = try String(contentsOfFile: file, encoding: .utf8).filter { !$0.isWhitespace }
        }
        identity = HTTPSIdentity(
            caPEM: try Self.pem(cluster, "certificate-authority", source), certificatePEM: try Self.pem(user, "client-certificate", source),
            keyPEM: try Self.pem(user, "client-key", source), token: token)
    }

    private static func named(_ name: String, _ list: Value) -> Value? { list.array.first { $0["name"].string == name } }

    /// Inline, or in a file of its own; empty where there is none.
    private static func pem(_ object: Value, _ name: String, _ source: String) throws -> String {
        if let encoded = object["\(name)-data"].string {
            guard let bytes = Base64.decode(encoded) else { throw Mistake(description: "\(source): \(name)-data is not base64") }
            return String(decoding: bytes, as: UTF8.self)
        }
        guard let path = object[name].string else { return "" }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Mistake(description: "\(source): \(path) is not there or cannot be read")
        }
        return text
    }
}

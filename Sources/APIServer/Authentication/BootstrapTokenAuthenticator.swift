import ClusterClient
import Identity
import ObjectModel

/// Join tokens, `ID.SECRET`: secrets of type `bootstrap.kubernetes.io/token` in `kube-system`, which expire.
public struct BootstrapTokenAuthenticator: TokenAuthenticator {
    private let secret: @Sendable (_ name: String) -> Value?
    private let clock: @Sendable () -> Timestamp

    /// - Parameter secret: finds a secret of `kube-system`.
    public init(secret: @escaping @Sendable (_ name: String) -> Value?, clock: @escaping @Sendable () -> Timestamp) {
        self.secret = secret
        self.clock = clock
    }

    public func authenticate(token: String, audiences: [String]?) throws(IdentityError) -> AuthenticatedToken? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isWord(parts[0], 6), Self.isWord(parts[1], 16) else { return nil }
        let invalid = IdentityError(.notValid, "invalid bootstrap token")
        guard audiences == nil, let secret = secret("bootstrap-token-\(parts[0])"), secret["type"].string == "bootstrap.kubernetes.io/token",
            !secret.isBeingDeleted
        else { throw invalid }
        let data = { (key: String) in Self.text(secret["data"][key]) }
        guard Self.areEqual(data("token-secret"), parts[1]), data("token-id") == parts[0], data("usage-bootstrap-authentication") == "true" else {
            throw invalid
        }
        if !data("expiration").isEmpty {
            guard let expiration = Timestamp(rfc3339: data("expiration")), clock() < expiration else { throw invalid }
        }
        let groups = data("auth-extra-groups").split(separator: ",").map(String.init).filter { $0.hasPrefix("system:bootstrappers:") }
        return AuthenticatedToken(user: UserInfo(name: "system:bootstrap:\(parts[0])", groups: ["system:bootstrappers"] + groups), audiences: [])
    }

    /// Empty where there is none.
    private static func text(_ encoded: Value) -> String {
        encoded.string.flatMap(Base64.decode).flatMap { String(validating: $0, as: UTF8.self) } ?? ""
    }

    private static func isWord(_ text: Substring, _ length: Int) -> Bool {
        text.utf8.count == length
            && text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// Takes as long for a near miss as for any other.
    private static func areEqual(_ left: String, _ right: Substring) -> Bool {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

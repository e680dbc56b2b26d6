import Identity
import NIOHTTP1
import ObjectModel

/// `Impersonate-*` headers: a request made as someone else, by someone who may.
public enum Impersonation {
    /// The user that the rest of the pipeline sees: `requester`, unless the headers name another whom `requester` may impersonate.
    ///
    /// Throws 403 for the first thing that may not be impersonated.
    public static func user(_ headers: HTTPHeaders, requester: UserInfo, authorizer: any Authorizer) throws(APIError) -> UserInfo {
        let wanted = Wanted(headers)
        if wanted.isEmpty { return requester }
        guard let name = wanted.user else {
            throw APIError(.badRequest, "requested groups, a uid or extra fields without impersonating a user")
        }

        var user = UserInfo(name: name, uid: wanted.uid ?? "", groups: wanted.groups, extra: wanted.extra)
        if let (namespace, account) = serviceAccount(name) {
            try authorize("serviceaccounts", account, namespace: namespace, requester, authorizer)
            if wanted.groups.isEmpty { user.groups = ServiceAccountAuthenticator.serviceAccountGroups(namespace: namespace) }
        } else {
            try authorize("users", name, requester, authorizer)
        }
        for group in wanted.groups { try authorize("groups", group, requester, authorizer) }
        for (key, values) in wanted.extra.sorted(by: { $0.key < $1.key }) {
            for value in values {
                try authorize("userextras", value, group: "authentication.k8s.io", subresource: key, requester, authorizer)
            }
        }
        if let uid = wanted.uid { try authorize("uids", uid, group: "authentication.k8s.io", requester, authorizer) }

        if name == UserInfo.anonymous.name {
            if !user.groups.contains("system:unauthenticated") { user.groups.append("system:unauthenticated") }
            return user
        }
        return Authenticator.withAuthenticatedGroup(user)
    }

    private static func authorize(
        _ resource: String, _ name: String, namespace: String = "", group: String = "", subresource: String = "", _ requester: UserInfo,
        _ authorizer: any Authorizer
    ) throws(APIError) {
        try authorizer.require(
            RequestAttributes(
                user: requester, verb: "impersonate", group: group, version: "v1", resource: resource, subresource: subresource,
                namespace: namespace, name: name))
    }

    /// The parts of `system:serviceaccount:NAMESPACE:NAME`.
    private static func serviceAccount(_ user: String) -> (namespace: String, name: String)? {
        let parts = user.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount", !parts[2].isEmpty, !parts[3].isEmpty else { return nil }
        return (String(parts[2]), String(parts[3]))
    }

    private struct Wanted {
        var user: String?
        var groups: [String]
        var uid: String?
        var extra: [String: [String]] = [:]

        init(_ headers: HTTPHeaders) {
            user = headers.first(name: "impersonate-user").flatMap { $0.isEmpty ? nil : $0 }
            uid = headers.first(name: "impersonate-uid").flatMap { $0.isEmpty ? nil : $0 }
            groups = headers["impersonate-group"]
            for (name, value) in headers {
                let name = name.lowercased()
                guard name.hasPrefix("impersonate-extra-") else { continue }
                extra[Self.unescaped(name.dropFirst("impersonate-extra-".count)), default: []].append(value)
            }
        }

        var isEmpty: Bool { user == nil && uid == nil && groups.isEmpty && extra.isEmpty }

        /// Percent-decoding; a name that is not encoded rightly stands for itself.
        static func unescaped(_ name: Substring) -> String {
            var bytes: [UInt8] = []
            var rest = name.utf8[...]
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "%") else {
                    bytes.append(byte)
                    continue
                }
                guard let decoded = UInt8(Substring(rest.prefix(2)), radix: 16), rest.count >= 2 else { return String(name) }
                bytes.append(decoded)
                rest = rest.dropFirst(2)
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

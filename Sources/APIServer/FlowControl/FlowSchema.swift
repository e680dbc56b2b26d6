import ObjectModel

/// `flowcontrol.apiserver.k8s.io/v1 FlowSchema`, read once: which requests it is for, at which priority level, and what makes a flow of them.
final class FlowSchema: Sendable {
    let name: String
    let uid: String
    let levelName: String

    /// The lowest decides; of equals the first by name.
    let precedence: Int64
    private let distinguisher: Distinguisher

    /// Of the schema's name, which all of its flows have in common.
    private let hash: FNV1a
    private let rules: [Rule]

    /// What is counted of its requests, whatever becomes of the schema.
    let counts: FlowCounts

    private enum Distinguisher { case none, user, namespace }

    private struct Rule {
        var subjects: [Subject]
        var resources: [ResourceRule]
        var paths: [PathRule]
    }

    private enum Subject {
        case user(String)
        case group(String)

        /// By the prefix or the whole of the account's user name.
        case serviceAccounts(prefix: String)
    }

    private struct ResourceRule {
        var verbs: [String]
        var groups: [String]
        var resources: [String]
        var namespaces: [String]
        var isClusterWide: Bool
    }

    private struct PathRule {
        var verbs: [String]
        var paths: [String]
    }

    /// - Parameter earlier: the schema as it was, whose counts go on where its requests go to the same level.
    init(_ object: Value, after earlier: FlowSchema? = nil) {
        let spec = object["spec"]
        name = object.name
        uid = object.uid
        levelName = spec["priorityLevelConfiguration"]["name"].string ?? ""
        counts = earlier.flatMap { [levelName] in $0.levelName == levelName ? $0.counts : nil } ?? FlowCounts()
        var hash = FNV1a()
        hash.combine(name.utf8)
        hash.combine(CollectionOfOne(0))
        self.hash = hash
        precedence = spec["matchingPrecedence"].integer ?? 1000
        distinguisher =
            switch spec["distinguisherMethod"]["type"].string {
            case "ByUser": .user
            case "ByNamespace": .namespace
            default: .none
            }
        rules = spec["rules"].array.map { rule in
            Rule(
                subjects: rule["subjects"].array.compactMap(Self.subject),
                resources: rule["resourceRules"].array.map {
                    ResourceRule(
                        verbs: $0["verbs"].strings, groups: $0["apiGroups"].strings, resources: $0["resources"].strings,
                        namespaces: $0["namespaces"].strings, isClusterWide: $0["clusterScope"].bool ?? false)
                },
                paths: rule["nonResourceRules"].array.map { PathRule(verbs: $0["verbs"].strings, paths: $0["nonResourceURLs"].strings) })
        }
    }

    private static func subject(_ subject: Value) -> Subject? {
        switch subject["kind"].string {
        case "User": return .user(subject["user"]["name"].string ?? "")
        case "Group": return .group(subject["group"]["name"].string ?? "")
        case "ServiceAccount":
            let account = subject["serviceAccount"]
            let prefix = "system:serviceaccount:\(account["namespace"].string ?? ""):"
            guard let name = account["name"].string, name != "*" else { return .serviceAccounts(prefix: prefix) }
            return .user(prefix + name)
        default: return nil
        }
    }

    // MARK: Requests

    func matches(_ info: RequestInfo, _ user: UserInfo) -> Bool {
        for rule in rules where rule.subjects.contains(where: { Self.matches($0, user) }) {
            if info.isResourceRequest {
                if rule.resources.contains(where: { Self.matches($0, info) }) { return true }
            } else if rule.paths.contains(where: { Self.matches($0, info) }) {
                return true
            }
        }
        return false
    }

    private static func matches(_ subject: Subject, _ user: UserInfo) -> Bool {
        switch subject {
        case .user(let name): name == "*" || name == user.name
        case .group(let name): name == "*" || user.groups.contains(name)
        case .serviceAccounts(let prefix): user.name.hasPrefix(prefix)
        }
    }

    private static func matches(_ rule: ResourceRule, _ info: RequestInfo) -> Bool {
        guard PolicyRule.has(rule.verbs, info.verb), PolicyRule.has(rule.groups, info.group) else { return false }
        let isOfNamespace = info.namespace.isEmpty ? rule.isClusterWide : PolicyRule.has(rule.namespaces, info.namespace)
        guard isOfNamespace else { return false }
        if rule.resources.contains("*") { return true }
        return rule.resources.contains(info.subresource.isEmpty ? info.resource : "\(info.resource)/\(info.subresource)")
    }

    private static func matches(_ rule: PathRule, _ info: RequestInfo) -> Bool {
        PolicyRule.has(rule.verbs, info.verb) && rule.paths.contains { PolicyRule.covers($0, path: info.path) }
    }

    /// What stands for the flow that a request belongs to (a hash of the schema's name and what tells its flows apart).
    func flow(_ info: RequestInfo, _ user: UserInfo) -> UInt64 {
        var hash = hash
        switch distinguisher {
        case .none: break
        case .user: hash.combine(user.name.utf8)
        case .namespace: hash.combine(info.namespace.utf8)
        }
        // The last bytes tell flows apart most, and have not come to the upper half, which is where a hand begins.
        return (hash.value ^ hash.value >> 32) &* 0x9E37_79B9_7F4A_7C15
    }
}

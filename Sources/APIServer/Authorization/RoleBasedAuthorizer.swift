import ObjectModel
import Synchronization

/// RBAC over the roles and bindings that it was told of. Decides in about a microsecond, without waiting.
///
/// Fed level-wise: `apply` says what an object is now, in any order and as often as one likes.
public final class RoleBasedAuthorizer: Authorizer {
    private let state = Mutex(RoleState())

    public init() {}

    /// Takes note of a `roles`, `clusterroles`, `rolebindings` or `clusterrolebindings` object; other resources are ignored.
    /// - Parameters:
    ///   - resource: the plural.
    ///   - key: `namespace/name`, or `name`.
    ///   - object: nil once it is deleted.
    public func apply(_ resource: String, key: String, _ object: Value?) {
        switch resource {
        case "roles", "clusterroles":
            let rules = object.map { $0["rules"].array.map { PolicyRule($0) } }
            state.withLock { $0.roles[key] = rules }
        case "rolebindings", "clusterrolebindings":
            let binding = object.map { RoleBinding($0, key: key) }
            state.withLock { $0.setBinding(binding, key: key) }
        default: break
        }
    }

    public func authorize(_ attributes: RequestAttributes) -> Decision { snapshot.authorize(attributes) }

    /// Everything that a user may do in a namespace, and what could not be found out.
    public func rules(for user: UserInfo, namespace: String) -> (rules: [PolicyRule], errors: [String]) {
        snapshot.rules(for: user, namespace: namespace)
    }

    /// The rules that a binding's `roleRef` stands for; nil if there is no such role.
    public func rules(ofRole reference: Value, namespace: String) -> [PolicyRule]? {
        snapshot.roles[RoleBinding.roleKey(reference, namespace: namespace)]
    }

    /// Evaluated outside of the lock; a writer meanwhile copies what it changes.
    private var snapshot: RoleState { state.withLock { $0 } }
}

/// Who a RoleBinding or ClusterRoleBinding gives which role.
struct RoleBinding: Sendable {
    /// `namespace/name`, or `name` for a ClusterRoleBinding.
    var key: String

    /// Empty for a ClusterRoleBinding: the role counts everywhere.
    var namespace: String
    var roleKey: String
    var roleKind: String
    var roleName: String
    var subjects: [Subject]

    /// What users are looked up by. A service account is the user that it authenticates as.
    struct Subject: Sendable, Hashable {
        var isGroup: Bool
        var name: String
    }

    /// As the allowing reason names them, in the order of `subjects`.
    var subjectDescriptions: [String]

    init(_ object: Value, key: String) {
        self.key = key
        namespace = key.contains("/") ? String(key.prefix { $0 != "/" }) : ""
        let reference = object["roleRef"]
        roleKind = reference["kind"].string ?? ""
        roleName = reference["name"].string ?? ""
        roleKey = Self.roleKey(reference, namespace: namespace)
        subjects = []
        subjectDescriptions = []
        for subject in object["subjects"].array {
            let name = subject["name"].string ?? ""
            switch subject["kind"].string {
            case "User": add(Subject(isGroup: false, name: name), "User \(quoted(name))")
            case "Group": add(Subject(isGroup: true, name: name), "Group \(quoted(name))")
            case "ServiceAccount":
                let account = subject["namespace"].string.flatMap { $0.isEmpty ? nil : $0 } ?? namespace
                add(Subject(isGroup: false, name: "system:serviceaccount:\(account):\(name)"), "ServiceAccount \(quoted("\(name)/\(account)"))")
            default: break
            }
        }
    }

    private mutating func add(_ subject: Subject, _ description: String) {
        subjects.append(subject)
        subjectDescriptions.append(description)
    }

    /// Roles by `namespace/name`, cluster roles by `name`: no name has a slash.
    static func roleKey(_ reference: Value, namespace: String) -> String {
        let name = reference["name"].string ?? ""
        return reference["kind"].string == "Role" ? "\(namespace)/\(name)" : name
    }

    func description(subject index: Int) -> String {
        let shown = namespace.isEmpty ? "ClusterRoleBinding \(quoted(key))" : "RoleBinding \(quoted("\(key.dropFirst(namespace.utf8.count + 1))/\(namespace)"))"
        return "\(shown) of \(roleKind) \(quoted(roleName)) to \(subjectDescriptions[index])"
    }
}

/// The roles, and the bindings by whom they are for. A value: a decision works on a copy, which costs four references.
struct RoleState: Sendable {
    /// A binding and which of its subjects the entry is for.
    struct Grant: Sendable {
        var binding: RoleBinding
        var subject: Int
    }

    var roles: [String: [PolicyRule]] = [:]
    private var bindings: [String: RoleBinding] = [:]
    private var clusterGrants: [RoleBinding.Subject: [Grant]] = [:]
    private var grants: [String: [RoleBinding.Subject: [Grant]]] = [:]

    mutating func setBinding(_ binding: RoleBinding?, key: String) {
        if let old = bindings.removeValue(forKey: key) {
            for subject in old.subjects { change(old.namespace, subject) { $0.removeAll { $0.binding.key == key } } }
            if grants[old.namespace]?.isEmpty == true { grants[old.namespace] = nil }
        }
        guard let binding else { return }
        bindings[key] = binding
        for (index, subject) in binding.subjects.enumerated() {
            change(binding.namespace, subject) { $0.append(Grant(binding: binding, subject: index)) }
        }
    }

    private mutating func change(_ namespace: String, _ subject: RoleBinding.Subject, _ body: (inout [Grant]) -> Void) {
        if namespace.isEmpty { return Self.change(&clusterGrants, subject, body) }
        Self.change(&grants[namespace, default: [:]], subject, body)
    }

    private static func change(
        _ grants: inout [RoleBinding.Subject: [Grant]], _ subject: RoleBinding.Subject, _ body: (inout [Grant]) -> Void
    ) {
        body(&grants[subject, default: []])
        if grants[subject]?.isEmpty == true { grants[subject] = nil }
    }

    // MARK: Reading

    func authorize(_ attributes: RequestAttributes) -> Decision {
        let combined = attributes.subresource.isEmpty ? attributes.resource : "\(attributes.resource)/\(attributes.subresource)"
        var missing: [String] = []
        var allowed: Grant?
        visit(attributes.user, attributes.namespace) { grant in
            guard let rules = roles[grant.binding.roleKey] else {
                missing.append(Self.notFound(grant.binding))
                return true
            }
            for rule in rules where rule.allows(attributes, combined: combined) {
                allowed = grant
                return false
            }
            return true
        }
        if let allowed { return .allow(reason: "RBAC: allowed by \(allowed.binding.description(subject: allowed.subject))") }
        return .noOpinion(reason: missing.isEmpty ? "" : "RBAC: \(Self.aggregate(missing))")
    }

    func rules(for user: UserInfo, namespace: String) -> (rules: [PolicyRule], errors: [String]) {
        var result: [PolicyRule] = []
        var missing: [String] = []
        visit(user, namespace) { grant in
            if let rules = roles[grant.binding.roleKey] { result += rules } else { missing.append(Self.notFound(grant.binding)) }
            return true
        }
        return (result, missing)
    }

    /// Calls `body` with what the user was given, for the whole cluster and then in the namespace, until it returns false.
    private func visit(_ user: UserInfo, _ namespace: String, _ body: (Grant) -> Bool) {
        let local = namespace.isEmpty ? nil : grants[namespace]
        for index in [clusterGrants, local] {
            guard let index else { continue }
            for grant in index[.init(isGroup: false, name: user.name)] ?? [] where !body(grant) { return }
            for group in user.groups {
                for grant in index[.init(isGroup: true, name: group)] ?? [] where !body(grant) { return }
            }
        }
    }

    private static func notFound(_ binding: RoleBinding) -> String {
        "\(binding.roleKind.lowercased()).rbac.authorization.k8s.io \(quoted(binding.roleName)) not found"
    }

    static func aggregate(_ errors: [String]) -> String {
        var seen: Set<String> = []
        let unique = errors.filter { seen.insert($0).inserted }
        return unique.count == 1 ? unique[0] : "[\(unique.joined(separator: ", "))]"
    }
}

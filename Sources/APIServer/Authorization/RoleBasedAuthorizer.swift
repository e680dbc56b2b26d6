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
            state.withLock { $0.setRules(rules, key: key) }
        case "rolebindings", "clusterrolebindings":
            let binding = object.map { RoleBinding($0, key: key) }
            state.withLock { $0.setBinding(binding, key: key) }
        default: break
        }
    }

    public func authorize(_ attributes: RequestAttributes) -> Decision { snapshot.authorize(attributes) }

    public var roles: RoleBasedAuthorizer? { self }

    /// Everything that a user may do in a namespace, and what could not be found out.
    public func rules(for user: UserInfo, namespace: String) -> (rules: [PolicyRule], errors: [String]) {
        snapshot.rules(for: user, namespace: namespace)
    }

    /// The rules that a binding's `roleRef` stands for; nil if there is no such role.
    public func rules(ofRole reference: Value, namespace: String) -> [PolicyRule]? {
        snapshot.rules(key: RoleBinding.roleKey(reference, namespace: namespace))
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
        let shown =
            namespace.isEmpty
            ? "ClusterRoleBinding \(quoted(key))" : "RoleBinding \(quoted("\(key.dropFirst(namespace.utf8.count + 1))/\(namespace)"))"
        return "\(shown) of \(roleKind) \(quoted(roleName)) to \(subjectDescriptions[index])"
    }
}

/// The roles, and the bindings by whom they are for. A value: a decision works on a copy, which costs a few references.
struct RoleState: Sendable {
    /// What one subject has from one binding, ready for a decision: no name is looked up and no text is made.
    final class Grant: Sendable {
        let bindingKey: String
        let slot: Int
        let reason: String
        let missing: String

        init(bindingKey: String, slot: Int, reason: String, missing: String) {
            self.bindingKey = bindingKey
            self.slot = slot
            self.reason = reason
            self.missing = missing
        }
    }

    /// A role's place in `slots`; given to a name when it is first heard of, by the role itself or by a binding.
    private var slotByRole: [String: Int] = [:]

    /// The roles, nil where there is none of the name (yet, or any more).
    private var slots: [CompiledRole?] = []
    private var bindings: [String: RoleBinding] = [:]
    private var clusterGrants: [RoleBinding.Subject: [Grant]] = [:]
    private var grants: [String: [RoleBinding.Subject: [Grant]]] = [:]

    mutating func setRules(_ rules: [PolicyRule]?, key: String) { slots[slot(key)] = rules.map { CompiledRole($0) } }

    func rules(key: String) -> [PolicyRule]? { slotByRole[key].flatMap { slots[$0]?.rules } }

    private mutating func slot(_ key: String) -> Int {
        if let slot = slotByRole[key] { return slot }
        slotByRole[key] = slots.count
        slots.append(nil)
        return slots.count - 1
    }

    mutating func setBinding(_ binding: RoleBinding?, key: String) {
        if let old = bindings.removeValue(forKey: key) {
            for subject in old.subjects { change(old.namespace, subject) { $0.removeAll { $0.bindingKey == key } } }
            if grants[old.namespace]?.isEmpty == true { grants[old.namespace] = nil }
        }
        guard let binding else { return }
        bindings[key] = binding
        let slot = slot(binding.roleKey)
        for (index, subject) in binding.subjects.enumerated() {
            let grant = Grant(
                bindingKey: key, slot: slot, reason: "RBAC: allowed by \(binding.description(subject: index))", missing: Self.notFound(binding))
            change(binding.namespace, subject) { $0.append(grant) }
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
        let held = grants(of: attributes.user, in: attributes.namespace)
        for grant in held {
            if let role = slots[grant.slot], role.allows(attributes, combined: combined) { return .allow(reason: grant.reason) }
        }
        let missing = held.filter { slots[$0.slot] == nil }.map(\.missing)
        return .noOpinion(reason: missing.isEmpty ? "" : "RBAC: \(Self.aggregate(missing))")
    }

    func rules(for user: UserInfo, namespace: String) -> (rules: [PolicyRule], errors: [String]) {
        let held = grants(of: user, in: namespace)
        return (held.flatMap { slots[$0.slot]?.rules ?? [] }, held.filter { slots[$0.slot] == nil }.map(\.missing))
    }

    /// What the user was given, for the whole cluster and then in the namespace.
    private func grants(of user: UserInfo, in namespace: String) -> [Grant] {
        var result: [Grant] = []
        result.reserveCapacity(8)
        Self.gather(user, clusterGrants, into: &result)
        if !namespace.isEmpty, let local = grants[namespace] { Self.gather(user, local, into: &result) }
        return result
    }

    private static func gather(_ user: UserInfo, _ grants: [RoleBinding.Subject: [Grant]], into result: inout [Grant]) {
        if let held = grants[.init(isGroup: false, name: user.name)] { result += held }
        for group in user.groups {
            if let held = grants[.init(isGroup: true, name: group)] { result += held }
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

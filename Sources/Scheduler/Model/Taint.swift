import ObjectModel

/// A mark on a node that keeps pods away which do not tolerate it.
struct Taint: Sendable, Equatable {
    enum Effect: String, Sendable { case noSchedule = "NoSchedule", preferNoSchedule = "PreferNoSchedule", noExecute = "NoExecute" }

    var key: String
    var value: String
    var effect: Effect

    /// What the node lifecycle puts on a node that is cordoned.
    static let unschedulable = Taint(key: "node.kubernetes.io/unschedulable", value: "", effect: .noSchedule)
}

extension Taint {
    init?(_ value: Value) {
        guard let effect = Effect(rawValue: value["effect"].string ?? "") else { return nil }
        self.init(key: value["key"].string ?? "", value: value["value"].string ?? "", effect: effect)
    }
}

/// `v1.Toleration`, as far as scheduling is concerned.
struct Toleration: Sendable, Equatable {
    /// Empty: every key.
    var key: String
    var value: String
    var isExists: Bool

    /// nil: every effect.
    var effect: Taint.Effect?

    init(_ value: Value) {
        key = value["key"].string ?? ""
        self.value = value["value"].string ?? ""
        isExists = value["operator"].string == "Exists"
        effect = Taint.Effect(rawValue: value["effect"].string ?? "")
    }

    func tolerates(_ taint: Taint) -> Bool {
        if let effect, effect != taint.effect { return false }
        if !key.isEmpty, key != taint.key { return false }
        return isExists || (!key.isEmpty && value == taint.value)
    }
}

extension [Toleration] {
    func tolerate(_ taint: Taint) -> Bool { contains { $0.tolerates(taint) } }
}

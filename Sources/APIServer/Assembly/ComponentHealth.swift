import ObjectModel
import Synchronization

/// What `componentstatuses` tells of: the parts of a control plane under upstream's names, each with a check that is made when someone asks.
public final class ComponentHealth: Sendable {
    /// Nil where the component is well, else what is wrong.
    public typealias Check = @Sendable () -> String?

    private let checks = Mutex<[String: Check]>([:])

    public init() {}

    public func register(_ name: String, _ check: @escaping Check) { checks.withLock { $0[name] = check } }

    /// `ComponentStatus` objects, by name.
    func statuses() -> [Value] {
        checks.withLock { $0 }.sorted { $0.key < $1.key }.map { name, check in
            let failure = check()
            var condition: Value = [
                "type": "Healthy", "status": failure == nil ? "True" : "False", "message": .string(failure ?? "ok"),
            ]
            if let failure { condition["error"] = .string(failure) }
            return ["kind": "ComponentStatus", "apiVersion": "v1", "metadata": ["name": .string(name)], "conditions": [condition]]
        }
    }
}

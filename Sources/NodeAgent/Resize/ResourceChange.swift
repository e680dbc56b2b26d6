import ObjectModel

/// How two `resources` of a container differ in what can be changed in place: CPU and memory.
struct ResourceChange: Sendable, Equatable {
    /// The resources that differ, `cpu` and `memory`.
    let resources: Set<String>

    /// The memory limit is lowered, or there was none.
    let lowersMemoryLimit: Bool

    /// A limit on CPU or on memory is taken away.
    let liftsCPULimit: Bool
    let liftsMemoryLimit: Bool

    init(from old: Value, to new: Value) {
        func amount(_ value: Value, _ list: String, _ name: String) -> Quantity? { value[list][name].quantity }
        resources = Set(
            ["cpu", "memory"].filter { name in
                ["requests", "limits"].contains { amount(old, $0, name) != amount(new, $0, name) }
            })
        let (was, becomes) = (amount(old, "limits", "memory"), amount(new, "limits", "memory"))
        lowersMemoryLimit = becomes.map { limit in was.map { limit < $0 } ?? true } ?? false
        liftsMemoryLimit = was != nil && becomes == nil
        liftsCPULimit = amount(old, "limits", "cpu") != nil && amount(new, "limits", "cpu") == nil
    }

    var isEmpty: Bool { resources.isEmpty }

    /// Whether the container's `resizePolicy` asks for a restart.
    func restarts(_ container: ContainerSpec) -> Bool {
        container.object["resizePolicy"].array.contains {
            $0["restartPolicy"].string == "RestartContainer" && resources.contains($0["resourceName"].string ?? "")
        }
    }

    /// One request or limit that changes, as metrics tell of it.
    struct Step: Sendable, Hashable {
        var resource: String
        var requirement: String
        var operation: Operation

        enum Operation: String, Sendable { case add, remove, increase, decrease }
    }

    static func steps(from old: Value, to new: Value) -> [Step] {
        var steps: [Step] = []
        for resource in ["cpu", "memory"] {
            for requirement in ["limits", "requests"] {
                let operation: Step.Operation
                switch (old[requirement][resource].quantity, new[requirement][resource].quantity) {
                case (nil, nil): continue
                case (nil, _): operation = .add
                case (_, nil): operation = .remove
                case (let before?, let after?):
                    if before == after { continue }
                    operation = before < after ? .increase : .decrease
                }
                steps.append(Step(resource: resource, requirement: requirement, operation: operation))
            }
        }
        return steps
    }
}

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
}

/// What most pods ask of most nodes, as plain numbers in one place: a cycle reads them hundreds of times, without counting references.
struct NodeRoom: Sendable {
    var freePods = 0
    var freeMilliCPU: Int64 = 0
    var freeMemory: Int64 = 0
    var freeEphemeralStorage: Int64 = 0
    var milliCPU: Int64 = 0
    var memory: Int64 = 0

    /// What is asked for, with defaults for pods that ask for nothing.
    var nonZeroMilliCPU: Int64 = 0
    var nonZeroMemory: Int64 = 0
    var isUnschedulable = false
    var hasHardTaints = false
    var hasSoftTaints = false
}

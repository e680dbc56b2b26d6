/// An `NFTables` that only remembers: the fake for tests.
public actor RecordingNFTables: NFTables {
    public private(set) var transactions: [NFTransaction] = []
    private var failure: (any Error)?

    public init() {}

    public func apply(_ transaction: NFTransaction) throws {
        if let failure {
            self.failure = nil
            throw failure
        }
        transactions.append(transaction)
    }

    /// Lets the next `apply` throw.
    public func failNext(_ error: any Error) { failure = error }

    public func list(table: NFName) -> String? {
        let scripts = transactions.filter { $0.table == table }
        return scripts.isEmpty ? nil : scripts.map(\.description).joined()
    }

    public func hasTable(_ table: NFName) -> Bool { transactions.contains { $0.table == table } }

    public func deletions() -> AsyncStream<Void> { AsyncStream { $0.finish() } }

    public func listJSON(set: NFName, table: NFName) -> [UInt8]? { nil }
}

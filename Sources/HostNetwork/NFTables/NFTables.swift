/// The kernel's packet filter, as far as Apus changes it.
public protocol NFTables: Sendable {
    /// Carries out all of a transaction or, when it throws, nothing.
    func apply(_ transaction: NFTransaction) async throws

    /// The table's content in nft's own language, or nil where there is no such table.
    func list(table: NFName) async throws -> String?

    func hasTable(_ table: NFName) async throws -> Bool

    /// A value after tables were deleted, by whomever: `nft flush ruleset` takes away everybody's.
    func deletions() async throws -> AsyncStream<Void>

    /// A set's or map's elements as nft's JSON, or nil where there is none.
    func listJSON(set: NFName, table: NFName) async throws -> [UInt8]?
}

import CNFTables

/// nftables through libnftables, in this process. A change costs a fraction of a millisecond; a process of `nft` would cost ten.
///
/// libnftables blocks and its context is not thread-safe, so the actor runs on a thread of its own.
public actor LibNFTables: NFTables {
    private nonisolated let thread: NetworkThread
    private let networkNamespace: String?
    private var context: Context?
    private var monitor: TableMonitor?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// `networkNamespace` is the path of a namespace's file; nil means the process's own.
    public init(networkNamespace: String? = nil) throws {
        self.networkNamespace = networkNamespace
        thread = try NetworkThread(name: "nftables", networkNamespace: networkNamespace)
    }

    public func apply(_ transaction: NFTransaction) throws {
        guard !transaction.isEmpty else { return }
        _ = try run(transaction.description, json: false)
    }

    public func list(table: NFName) throws -> String? { try find("list table inet \(table)\n", json: false) }

    public func listJSON(set: NFName, table: NFName) throws -> [UInt8]? {
        try find("list set inet \(table) \(set)\n", json: true).map { Array($0.utf8) }
    }

    public func hasTable(_ table: NFName) throws -> Bool {
        try run("list tables inet\n", json: false).split(separator: "\n").contains { $0 == "table inet \(table)" }
    }

    public func deletions() throws -> AsyncStream<Void> {
        let monitor = try self.monitor ?? TableMonitor(networkNamespace: networkNamespace)
        self.monitor = monitor
        return monitor.deletions()
    }

    private func find(_ script: String, json: Bool) throws -> String? {
        do {
            return try run(script, json: json)
        } catch let error as HostNetworkError where error.code == .notFound {
            return nil
        }
    }

    private func run(_ script: String, json: Bool) throws -> String {
        let context = try self.context ?? Context()
        self.context = context
        return try context.run(script, json: json)
    }
}

/// One `nft_ctx`, freed with its owner.
private final class Context {
    private let pointer: OpaquePointer

    init() throws {
        guard let pointer = nft_ctx_new(UInt32(NFT_CTX_DEFAULT)) else {
            throw HostNetworkError(.failed, "libnftables gave no context: is nf_tables in this kernel, and CAP_NET_ADMIN held?")
        }
        self.pointer = pointer
        nft_ctx_buffer_output(pointer)
        nft_ctx_buffer_error(pointer)
    }

    deinit { nft_ctx_free(pointer) }

    func run(_ script: String, json: Bool) throws -> String {
        nft_ctx_output_set_flags(pointer, json ? UInt32(NFT_CTX_OUTPUT_JSON) : 0)
        let result = nft_run_cmd_from_buffer(pointer, script)
        // Reading a buffer also empties it: both are read each time, or the next command would be answered with this one's words.
        let output = nft_ctx_get_output_buffer(pointer).map { String(cString: $0) } ?? ""
        let errors = nft_ctx_get_error_buffer(pointer).map { String(cString: $0) } ?? ""
        guard result == 0 else { throw Self.failure(errors) }
        return output
    }

    private static func failure(_ text: String) -> HostNetworkError {
        let lines = text.split(separator: "\n").filter { !$0.allSatisfy { " ^~".contains($0) } }
        let message = lines.prefix(8).map { $0.prefix(300) }.joined(separator: "; ")
        let code: HostNetworkError.Code =
            if text.contains("No such file or directory") {
                .notFound
            } else if text.contains("File exists") {
                .alreadyExists
            } else if text.contains("Operation not permitted") {
                .notPermitted
            } else if text.contains("not supported") {
                .unsupported
            } else {
                .rejected
            }
        return HostNetworkError(code, "nftables: \(message)")
    }
}

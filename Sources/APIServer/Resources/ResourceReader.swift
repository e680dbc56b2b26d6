import ClusterClient
import ObjectModel
import Synchronization

/// Answers GET and LIST from a snapshot, on the event loop that received them.
struct ResourceReader: Sendable {
    let resource: ServedResource

    /// The revision up to which everything has been applied.
    let revision: Int64
    let presenter: Presenter

    func get(_ info: RequestInfo, _ request: APIRequest) throws(APIError) -> HTTPResponse {
        let form = try AnswerForm.negotiate(request.accept, resource.endpoint())
        if let wanted = try Self.revision(request.queryValue("resourceVersion")), wanted > revision { throw Self.tooLarge(wanted, revision) }
        guard let object = resource.collection.find(resource.key(namespace: info.namespace, name: info.name)) else {
            throw resource.notFound(info.name)
        }
        return try presenter.object(object.bytes, form, resource, request)
    }

    func list(_ info: RequestInfo, _ request: APIRequest) throws(APIError) -> HTTPResponse {
        let form = try AnswerForm.negotiate(request.accept, resource.endpoint())
        return try presenter.list(try page(try ListOptions(request, resource, info)), form, resource, request)
    }

    // MARK: Pages

    /// One answer to a list: the objects, the revision they are from, and where the next page begins.
    struct Page: Sendable {
        var objects: [StoredObject] = []
        var revision: Int64
        var next: ContinueToken?
        var remaining: Int?

        /// The list's `metadata`.
        var metadata: Value {
            var metadata: Value = ["resourceVersion": Value(String(revision))]
            if let next { metadata["continue"] = .string(next.text) }
            if let remaining { metadata["remainingItemCount"] = Value(remaining) }
            return metadata
        }
    }

    func page(_ options: ListOptions) throws(APIError) -> Page {
        let (snapshot, listed) = try snapshot(options)
        var page = Page(revision: listed)
        var isMore = false
        if options.selection.isEverything, options.limit == nil { page.objects.reserveCapacity(snapshot.count) }
        snapshot.scan(options.selection, from: options.token.map { $0.after + "\u{0}" } ?? "") { object in
            if let limit = options.limit, page.objects.count == limit {
                isMore = true
                return false
            }
            page.objects.append(object)
            return true
        }
        resource.collection.lists.add(1, ordering: .relaxed)
        resource.collection.listedObjects.add(page.objects.count, ordering: .relaxed)
        if isMore, let last = page.objects.last {
            page.next = ContinueToken(revision: listed, after: last.key)
            if options.selection.isEverything { page.remaining = snapshot.count(namespace: options.selection.namespace, after: last.key) }
            resource.collection.hold(snapshot, at: listed)
        }
        return page
    }

    /// The snapshot that the list is taken from: the current one, or the one that the continue token or an exact version names.
    private func snapshot(_ options: ListOptions) throws(APIError) -> (Snapshot, Int64) {
        let current = resource.collection.snapshot
        let now = max(revision, current.revision)
        if options.token?.isInconsistent == true { return (current.objects, now) }
        guard let wanted = options.token?.revision ?? options.exactRevision else {
            if let least = options.leastRevision, least > now { throw Self.tooLarge(least, now) }
            return (current.objects, now)
        }
        if wanted > now { throw Self.tooLarge(wanted, now) }
        if wanted >= current.revision { return (current.objects, wanted) }
        do {
            return (try resource.collection.snapshot(at: wanted), wanted)
        } catch {
            throw options.token.map { $0.expired } ?? APIError(.expired, "The resourceVersion for the provided list is too old.")
        }
    }

    // MARK: Revisions

    /// Reads a `resourceVersion`: nil where none is asked for. What is no version is the server's fault in upstream's words, except for a list.
    static func revision(_ text: String?) throws(APIError) -> Int64? {
        guard let text, !text.isEmpty else { return nil }
        // None comes near the largest, but it's a number for all that.
        if let revision = UInt64(text), text.first != "+" { return Int64(clamping: revision) }
        let isNumber = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let why = "strconv.ParseUint: parsing \(Value.string(text)): \(isNumber ? "value out of range" : "invalid syntax")"
        throw APIError(.unknown, "resourceVersion: Invalid value: \(Value.string(text)): \(why)")
    }

    static func tooLarge(_ wanted: Int64, _ current: Int64) -> APIError {
        APIError(
            .timeout, "Timeout: Too large resource version: \(wanted), current: \(current)",
            details: .init(
                causes: [.init(reason: "ResourceVersionTooLarge", message: "Too large resource version", field: "")], retryAfter: .seconds(1)))
    }
}

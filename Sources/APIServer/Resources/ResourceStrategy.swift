import ObjectModel

/// What a kind's schema cannot say: the small, named rest. The defaults do for most kinds.
protocol ResourceStrategy: Sendable {
    /// Whether `metadata.generation` counts the changes of everything but metadata and status.
    var hasGeneration: Bool { get }

    /// The part of the metadata whose changes count too: a Deployment's annotations, an EndpointSlice's labels.
    var countedMetadata: String? { get }

    /// Whether a PUT without a resource version replaces whatever is there.
    var allowsUnconditionalUpdate: Bool { get }

    /// Whether a PUT to a name that is free creates the object.
    var allowsCreateOnUpdate: Bool { get }

    /// What `status` is at creation, whatever the client sent; `.null` where defaults say it all.
    func initialStatus(of object: Value) -> Value

    /// Sets what only the server may set, before validation.
    func prepareForCreate(_ object: inout Value, _ context: WriteContext) throws(APIError)

    /// Keeps what only the server may change. `old` is the object as stored.
    func prepareForUpdate(_ object: inout Value, old: Value, _ context: WriteContext) throws(APIError)

    /// The same for a write to the `status` subresource, where all but status and metadata is kept already.
    func prepareForStatusUpdate(_ object: inout Value, old: Value, _ context: WriteContext) throws(APIError)

    /// Rules beyond the kind's schema and validation. `old` is nil for a creation.
    func validate(_ object: Value, old: Value?, _ context: WriteContext) -> [FieldError]

    /// Seconds to leave the object in place after its deletion was asked for; nil where deletion is not graceful.
    func gracePeriod(of object: Value, requested: Int64?) -> Int64?

    /// Fields that a field selector may name, beside `metadata.name` and `metadata.namespace`.
    var selectableFields: SelectableFields { get }

    /// The names of those fields: any other is refused.
    var selectableFieldNames: Set<String> { get }

    /// Hears that what was reserved in `prepareForCreate` or `prepareForUpdate` is not needed: the write failed or was a dry run.
    func abandon(_ object: Value, old: Value?)

    /// Hears of an object that was written.
    func committed(_ object: Value, old: Value?)

    /// Hears of an object that is gone from the store.
    func deleted(_ object: Value)

    /// Hears of every object that is there at the start, before anything is served; nil where there is nothing to remember of them.
    var remember: (@Sendable (Value) -> Void)? { get }
}

extension ResourceStrategy {
    var hasGeneration: Bool { false }
    var countedMetadata: String? { nil }
    var allowsUnconditionalUpdate: Bool { true }
    var allowsCreateOnUpdate: Bool { false }
    func initialStatus(of object: Value) -> Value { .null }
    func prepareForCreate(_ object: inout Value, _ context: WriteContext) throws(APIError) {}
    func prepareForUpdate(_ object: inout Value, old: Value, _ context: WriteContext) throws(APIError) {}
    func prepareForStatusUpdate(_ object: inout Value, old: Value, _ context: WriteContext) throws(APIError) {}
    func validate(_ object: Value, old: Value?, _ context: WriteContext) -> [FieldError] { [] }
    func gracePeriod(of object: Value, requested: Int64?) -> Int64? { nil }
    var selectableFields: SelectableFields { { _ in [:] } }
    var selectableFieldNames: Set<String> { [] }
    func abandon(_ object: Value, old: Value?) {}
    func committed(_ object: Value, old: Value?) {}
    func deleted(_ object: Value) {}
    var remember: (@Sendable (Value) -> Void)? { nil }
}

/// A kind that its schema says all about.
struct PlainStrategy: ResourceStrategy {
    var hasGeneration = false
    var countedMetadata: String?
    var allowsUnconditionalUpdate = true
    var allowsCreateOnUpdate = false
}

/// Who writes what, and how.
struct WriteContext: Sendable {
    var user: UserInfo
    var request: RequestInfo
    var isDryRun = false
    var now: Timestamp

    /// Who comes to own what the write sets; nil for the server's own writes.
    var fieldWriter: FieldWriter?
}

import ClusterClient
import ObjectModel

/// The selectors in a request's query, read once for all who look at them: flow control, authorization, and the list or watch itself.
public struct RequestSelectors: Sendable, Equatable {
    private let readLabels: Result<LabelSelector, SelectorError>?
    private let readFields: Result<FieldSelector, SelectorError>?

    init(_ request: APIRequest) {
        func text(_ name: String) -> String? { request.queryValue(name).flatMap { $0.isEmpty ? nil : $0 } }
        readLabels = text("labelSelector").map { text in Result { () throws(SelectorError) in try LabelSelector(parsing: text) } }
        readFields = text("fieldSelector").map { text in Result { () throws(SelectorError) in try FieldSelector(parsing: text) } }
    }

    /// Nil where nothing is asked for. Throws what is wrong with it.
    func labels() throws(SelectorError) -> LabelSelector? { try readLabels?.get() }
    func fields() throws(SelectorError) -> FieldSelector? { try readFields?.get() }

    /// The field selector for those who only want to know what is asked for; that it can't be read is told by whoever answers.
    var readableFields: FieldSelector? { try? readFields?.get() }

    /// The value that the field selector demands of a field, if it demands one.
    func required(_ field: String) -> String? { readableFields?.required(field) }
}

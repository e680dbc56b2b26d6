import ClusterClient
import ObjectModel

/// `ListOptions`, as a list's or watch's query gives them.
struct ListOptions: Sendable {
    var selection: Selection

    /// Objects in one page, at most; nil for all.
    var limit: Int?
    var token: ContinueToken?

    /// A revision that the answer must not be older than.
    var leastRevision: Int64?

    /// The one revision that the answer must be from.
    var exactRevision: Int64?
    var resourceVersion: Int64?
    var wantsBookmarks: Bool
    var sendsInitialEvents: Bool?
    var timeout: Duration?

    init(_ request: APIRequest, _ resource: ServedResource, _ info: RequestInfo) throws(APIError) {
        selection = try Self.selection(request, resource, info)
        resourceVersion = try ResourceReader.revision(request.queryValue("resourceVersion"))
        if let text = request.queryValue("limit"), !text.isEmpty {
            guard let limit = Int(text) else {
                throw .badRequest("strconv.ParseInt: parsing \"\(text)\": invalid syntax")
            }
            self.limit = limit > 0 ? limit : nil
        }
        if let text = request.queryValue("continue"), !text.isEmpty {
            token = try ContinueToken(text)
            if let resourceVersion, resourceVersion > 0 {
                throw .badRequest("specifying resource version is not allowed when using continue")
            }
        }
        wantsBookmarks = request.queryValue("allowWatchBookmarks") == "true"
        sendsInitialEvents = request.queryValue("sendInitialEvents").map { $0 == "true" || $0 == "1" }
        timeout = request.queryValue("timeoutSeconds").flatMap(Int64.init).map { .seconds($0) }
        try readMatch(request.queryValue("resourceVersionMatch") ?? "", isWatch: info.verb == "watch")
    }

    private mutating func readMatch(_ match: String, isWatch: Bool) throws(APIError) {
        func invalid(_ error: FieldError) -> APIError { .invalid(kind: "ListOptions", group: "meta.k8s.io", name: "", [error]) }
        if isWatch {
            if sendsInitialEvents != nil, match != "NotOlderThan" {
                throw invalid(.forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
            }
            if !match.isEmpty, sendsInitialEvents == nil {
                throw invalid(.forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
            }
            return
        }
        var errors: [FieldError] = []
        if !match.isEmpty {
            if resourceVersion == nil {
                errors.append(.forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"))
            }
            if token != nil {
                errors.append(.forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"))
            }
            if match != "Exact", match != "NotOlderThan" {
                errors.append(.notSupported("resourceVersionMatch", .string(match), ["Exact", "NotOlderThan", ""]))
            }
            if match == "Exact", resourceVersion == 0 {
                errors.append(
                    .forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""))
            }
        }
        if sendsInitialEvents != nil { errors.append(.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")) }
        guard errors.isEmpty else { throw .invalid(kind: "ListOptions", group: "meta.k8s.io", name: "", errors) }
        if match == "Exact" {
            exactRevision = resourceVersion
        } else if let resourceVersion, resourceVersion > 0, token == nil {
            leastRevision = resourceVersion
        }
    }

    private static func selection(_ request: APIRequest, _ resource: ServedResource, _ info: RequestInfo) throws(APIError) -> Selection {
        var selection = Selection(namespace: resource.definition.isNamespaced ? info.namespace : "", labels: nil, fields: nil)
        if let text = request.queryValue("labelSelector"), !text.isEmpty {
            do {
                selection.labels = try LabelSelector(parsing: text)
            } catch {
                throw .badRequest("unable to parse requirement: \(error)")
            }
        }
        var fields = request.queryValue("fieldSelector") ?? ""
        // A watch or list of one name is a list with a selector for it.
        if !info.name.isEmpty { fields = fields.isEmpty ? "metadata.name=\(info.name)" : "\(fields),metadata.name=\(info.name)" }
        if !fields.isEmpty {
            do {
                selection.fields = try FieldSelector(parsing: fields)
            } catch {
                throw .badRequest("\(error)")
            }
            let known = resource.conversion.map { Set($0.selectableFields.keys) } ?? resource.strategy.selectableFieldNames
            for name in selection.fields?.requirements.map(\.field) ?? []
            where name != "metadata.name" && name != "metadata.namespace" && !known.contains(name) {
                throw .badRequest(
                    "Unable to find \"\(resource.group)/\(resource.definition.version), Resource=\(resource.plural)\" that match label selector \"\", field selector \"\(fields)\": field label not supported: \(name)"
                )
            }
            if let names = resource.conversion?.selectableFields, let asked = selection.fields {
                selection.fields = FieldSelector(
                    asked.requirements.map { .init(field: names[$0.field] ?? $0.field, value: $0.value, isEqual: $0.isEqual) })
            }
        }
        return selection
    }
}

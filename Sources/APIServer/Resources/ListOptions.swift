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
        selection = try Self.selection(resource, info)
        limit = try request.number("limit").flatMap { $0 > 0 ? Int($0) : nil }
        // None at all and nothing said are the same.
        timeout = try request.number("timeoutSeconds").flatMap { $0 == 0 ? nil : .seconds(max(0, $0)) }
        wantsBookmarks = request.flag("allowWatchBookmarks") ?? false
        sendsInitialEvents = request.flag("sendInitialEvents")
        let match = request.queryValue("resourceVersionMatch") ?? ""
        let (version, next) = (request.queryValue("resourceVersion") ?? "", request.queryValue("continue") ?? "")
        let problems =
            info.verb == "watch"
            ? Self.problemsOfWatch(match, sendsInitialEvents, next) : Self.problemsOfList(match, sendsInitialEvents, version, next)
        guard problems.isEmpty else { throw .invalid(kind: "ListOptions", group: "meta.k8s.io", name: "", problems) }
        if let fields = selection.fields { selection.fields = try FieldLabels.resolved(fields, resource) }
        try selectName(info)

        if info.verb == "watch" { resourceVersion = try ResourceReader.revision(version) } else { try chooseRevision(match, version, next) }
    }

    /// Which revision a list is from.
    private mutating func chooseRevision(_ match: String, _ version: String, _ next: String) throws(APIError) {
        guard next.isEmpty else {
            token = try ContinueToken(next)
            if !version.isEmpty, version != "0" { throw .badRequest("specifying resource version is not allowed when using continue") }
            return
        }
        do {
            resourceVersion = try ResourceReader.revision(version)
        } catch {
            throw .badRequest("invalid resource version: \(error.message)")
        }
        guard let resourceVersion, resourceVersion > 0 else { return }
        // A first page of a version is from that version, as it was before there was `resourceVersionMatch`; but there are no pages of one object.
        let isLegacyPage = match.isEmpty && limit != nil && selection.fields?.required("metadata.name") == nil
        if match == "Exact" || isLegacyPage { exactRevision = resourceVersion } else { leastRevision = resourceVersion }
    }

    /// A watch or list of one name is one with a selector for it.
    private mutating func selectName(_ info: RequestInfo) throws(APIError) {
        guard !info.name.isEmpty else { return }
        if let fields = selection.fields, !fields.isEmpty, fields.required("metadata.name") != info.name {
            throw .badRequest("fieldSelector metadata.name doesn't match requested name")
        }
        selection.fields = FieldSelector((selection.fields?.requirements ?? []) + [.init(field: "metadata.name", value: info.name)])
    }

    private static let matchOfContinue = FieldError.forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")

    private static func problemsOfWatch(_ match: String, _ sendsInitialEvents: Bool?, _ next: String) -> [FieldError] {
        var problems: [FieldError] = []
        if sendsInitialEvents != nil, match != "NotOlderThan" {
            problems.append(.forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
        }
        guard !match.isEmpty else { return problems }
        if sendsInitialEvents == nil {
            problems.append(
                .forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
        }
        if match != "NotOlderThan" { problems.append(.notSupported("resourceVersionMatch", .string(match), ["NotOlderThan"])) }
        if !next.isEmpty { problems.append(matchOfContinue) }
        return problems
    }

    private static func problemsOfList(_ match: String, _ sendsInitialEvents: Bool?, _ version: String, _ next: String) -> [FieldError] {
        var problems: [FieldError] = []
        if !match.isEmpty {
            if version.isEmpty {
                problems.append(.forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"))
            }
            if !next.isEmpty { problems.append(matchOfContinue) }
            if match != "Exact", match != "NotOlderThan" {
                problems.append(.notSupported("resourceVersionMatch", .string(match), ["Exact", "NotOlderThan", ""]))
            }
            if match == "Exact", version == "0" {
                problems.append(
                    .forbidden("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""))
            }
        }
        if sendsInitialEvents != nil { problems.append(.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")) }
        return problems
    }

    private static func selection(_ resource: ServedResource, _ info: RequestInfo) throws(APIError) -> Selection {
        var selection = Selection(namespace: resource.definition.isNamespaced ? info.namespace : "", labels: nil, fields: nil)
        do {
            selection.labels = try info.selectors.labels()
        } catch {
            throw .badRequest("\(error)")
        }
        do {
            selection.fields = try info.selectors.fields()
        } catch {
            throw .badRequest("\(error)")
        }
        return selection
    }
}

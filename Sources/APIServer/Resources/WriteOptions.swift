import ClusterClient
import KubernetesAPI
import ObjectModel
import Schema

/// `CreateOptions`, `UpdateOptions` and `PatchOptions`, as a request's query gives them.
struct WriteOptions: Sendable {
    /// What to do about unknown and duplicate fields.
    enum FieldValidation: String { case ignore = "Ignore", warn = "Warn", strict = "Strict" }

    var isDryRun: Bool
    var fieldValidation: FieldValidation

    /// Who comes to own the fields that are written: the client's choice, or the name in its user agent.
    var fieldManager: String

    /// Whether the request is a server-side apply.
    var isApply: Bool

    /// Whether an apply takes fields from other managers.
    var isForced = false

    init(_ request: APIRequest) throws(APIError) {
        let kind = request.method == .patch ? "PatchOptions" : request.method == .put ? "UpdateOptions" : "CreateOptions"
        isApply = request.method == .patch && ApplyPatch.mediaTypes.contains(request.contentType.mediaType)
        let stages = request.query.filter { $0.name == "dryRun" }.map(\.value)
        isDryRun = !stages.isEmpty
        let validation = request.queryValue("fieldValidation") ?? ""
        fieldValidation = FieldValidation(rawValue: validation) ?? .warn
        let manager = request.queryValue("fieldManager") ?? ""
        fieldManager = manager.isEmpty ? Self.manager(fromUserAgent: request.userAgent) : manager
        var problems: [FieldError] = []
        if let force = request.flag("force"), request.method == .patch {
            isForced = force
            if !isApply { problems.append(.forbidden("force", "may not be specified for non-apply patch")) }
        }
        if isApply, manager.isEmpty { problems.append(.required("fieldManager", "is required for apply patch")) }
        problems += Self.problems(ofManager: manager) + Self.problems(ofDryRun: stages)
        if !["", "Ignore", "Strict", "Warn"].contains(validation) {
            problems.append(.notSupported("fieldValidation", .string(validation), ["", "Ignore", "Strict", "Warn"]))
        }
        if !problems.isEmpty { throw .invalid(kind: kind, group: "meta.k8s.io", name: "", problems) }
    }

    private static let managerLengthMax = 128

    private static func problems(ofManager manager: String) -> [FieldError] {
        var problems: [FieldError] = []
        if manager.utf8.count > managerLengthMax { problems.append(.tooLong("fieldManager", max: managerLengthMax)) }
        for index in manager.unicodeScalars.indices where !manager.unicodeScalars[index].isPrintable {
            let digits = String(manager.unicodeScalars[index].value, radix: 16, uppercase: true)
            let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            let position = manager.utf8.distance(from: manager.startIndex, to: index)
            problems.append(.invalid("fieldManager", .string(manager), "invalid character U+\(padded) (at position \(position))"))
        }
        return problems
    }

    /// What stands before the first slash, as far as it can be printed.
    private static func manager(fromUserAgent agent: String) -> String {
        var name = ""
        for scalar in agent.prefix(while: { $0 != "/" }).unicodeScalars where scalar.isPrintable {
            if name.utf8.count + scalar.utf8.count > managerLengthMax { break }
            name.unicodeScalars.append(scalar)
        }
        return name.isEmpty ? "unknown" : name
    }

    /// `All` is the only stage there is.
    static func problems(ofDryRun stages: [String]) -> [FieldError] {
        stages.allSatisfy { $0 == "All" } ? [] : [.notSupported("dryRun", Value(stages), ["All"])]
    }
}

/// `DeleteOptions`, from a body, or the query where the body is empty.
struct DeleteOptions: Sendable {
    var gracePeriodSeconds: Int64?
    var uid: String?
    var resourceVersion: String?
    var propagationPolicy: String?
    var isDryRun: Bool

    /// What came before `propagationPolicy`.
    private var orphansDependents: Bool?

    init(_ request: APIRequest) throws(APIError) {
        // Other than upstream, who says that nothing is to be done is heard wherever it is said.
        var stages = request.query.filter { $0.name == "dryRun" }.map(\.value)
        if request.body.isEmpty {
            gracePeriodSeconds = try request.number("gracePeriodSeconds")
            uid = request.queryValue("uid").flatMap { $0.isEmpty ? nil : $0 }
            propagationPolicy = request.queryValue("propagationPolicy")
            orphansDependents = request.flag("orphanDependents")
        } else {
            let body = try Self.body(request)
            gracePeriodSeconds = body["gracePeriodSeconds"].integer
            uid = body["preconditions"]["uid"].string
            resourceVersion = body["preconditions"]["resourceVersion"].string
            propagationPolicy = body["propagationPolicy"].string
            orphansDependents = body["orphanDependents"].bool
            stages += body["dryRun"].strings
        }
        isDryRun = !stages.isEmpty
        try validate(stages)
        if let orphansDependents { propagationPolicy = orphansDependents ? "Orphan" : "Background" }
    }

    private static let type: TypeDefinition? = Catalog.builtIn.type(group: "", version: "v1", kind: "DeleteOptions")

    /// A body whose fields are what they should be: a grace period that can't be read is not none.
    private static func body(_ request: APIRequest) throws(APIError) -> Value {
        guard let type else { throw .internalError("no type for DeleteOptions") }
        let parsed = try RequestBody.parse(request)
        var body = parsed.value
        if body.isNull { return [:] }
        guard body.isObject else { throw .badRequest("decoded object cannot be converted to DeleteOptions") }
        _ = try BodyDecoder(type: type, kind: "DeleteOptions", validation: .ignore).decode(&body, parsed.duplicates)
        return body
    }

    private func validate(_ stages: [String]) throws(APIError) {
        var problems: [FieldError] = []
        if let propagationPolicy {
            if orphansDependents != nil {
                problems.append(
                    .invalid("propagationPolicy", .string(propagationPolicy), "orphanDependents and deletionPropagation cannot be both set"))
            }
            if !["Background", "Foreground", "Orphan"].contains(propagationPolicy) {
                problems.append(
                    .notSupported("propagationPolicy", .string(propagationPolicy), ["Background", "Foreground", "Orphan", "nil"]))
            }
        }
        problems += WriteOptions.problems(ofDryRun: stages)
        if !problems.isEmpty { throw .invalid(kind: "DeleteOptions", group: "meta.k8s.io", name: "", problems) }
    }

    /// What tells of an object that is marked: 202 for those who asked for a cascade by the old flag, for it is not over.
    var statusOfMarked: Int { orphansDependents == false ? 202 : 200 }
}

extension Unicode.Scalar {
    /// As Go has it: letters, marks, numbers, punctuation, symbols and the ASCII space.
    fileprivate var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: self == " "
        default: true
        }
    }
}

import ClusterClient
import ObjectModel

/// `CreateOptions`, `UpdateOptions` and `PatchOptions`, as a request's query gives them.
struct WriteOptions: Sendable {
    /// What to do about unknown and duplicate fields.
    enum FieldValidation: String { case ignore = "Ignore", warn = "Warn", strict = "Strict" }

    var isDryRun: Bool
    var fieldValidation: FieldValidation
    var fieldManager: String

    init(_ request: APIRequest) throws(APIError) {
        isDryRun = try Self.dryRun(request.query.filter { $0.name == "dryRun" }.map(\.value), kind: "CreateOptions")
        let validation = request.queryValue("fieldValidation") ?? ""
        guard let fieldValidation = validation.isEmpty ? .warn : FieldValidation(rawValue: validation) else {
            throw .invalid(
                kind: "CreateOptions", group: "meta.k8s.io", name: "",
                [.notSupported("fieldValidation", .string(validation), ["", "Ignore", "Strict", "Warn"])])
        }
        self.fieldValidation = fieldValidation
        fieldManager = request.queryValue("fieldManager") ?? String(request.userAgent.prefix { $0 != "/" })
    }

    /// `All` is the only stage there is.
    static func dryRun(_ stages: [String], kind: String) throws(APIError) -> Bool {
        for stage in stages where stage != "All" {
            throw .invalid(kind: kind, group: "meta.k8s.io", name: "", [.notSupported("dryRun", .string(stage), ["All"])])
        }
        return !stages.isEmpty
    }
}

/// `DeleteOptions`, from a body, or the query where the body is empty.
struct DeleteOptions: Sendable {
    var gracePeriodSeconds: Int64?
    var uid: String?
    var resourceVersion: String?
    var propagationPolicy: String?
    var isDryRun: Bool

    init(_ request: APIRequest) throws(APIError) {
        let body = request.body.isEmpty ? Value.null : try RequestBody.parse(request).value
        gracePeriodSeconds = body["gracePeriodSeconds"].integer ?? request.queryValue("gracePeriodSeconds").flatMap(Int64.init)
        uid = body["preconditions"]["uid"].string
        resourceVersion = body["preconditions"]["resourceVersion"].string
        propagationPolicy = body["propagationPolicy"].string ?? request.queryValue("propagationPolicy")
        let orphan = body["orphanDependents"].bool ?? request.queryValue("orphanDependents").map { $0 == "true" }
        if let orphan, propagationPolicy == nil { propagationPolicy = orphan ? "Orphan" : "Background" }
        isDryRun = try WriteOptions.dryRun(body["dryRun"].strings + request.query.filter { $0.name == "dryRun" }.map(\.value), kind: "DeleteOptions")
        try validate()
    }

    private func validate() throws(APIError) {
        if let propagationPolicy, !["Background", "Foreground", "Orphan"].contains(propagationPolicy) {
            throw .invalid(
                kind: "DeleteOptions", group: "meta.k8s.io", name: "",
                [.notSupported("propagationPolicy", .string(propagationPolicy), ["Background", "Foreground", "Orphan", "nil"])])
        }
    }
}

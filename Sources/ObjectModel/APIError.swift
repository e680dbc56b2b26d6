/// A failure as the API tells it: what a server throws, a client catches, and a `Status` object carries over the wire.
public struct APIError: Error, Sendable, Equatable {
    public var reason: Reason
    public var message: String
    public var details: Details?

    /// The HTTP status code; the reason's own unless a rule of the API says otherwise.
    public var code: Int

    /// `metadata.continue`: how to go on with a list whose revision is gone.
    public var continueToken: String?

    public init(_ reason: Reason, _ message: String, details: Details? = nil, code: Int? = nil) {
        self.reason = reason
        self.message = message
        self.details = details
        self.code = code ?? reason.code
    }

    /// `metav1.StatusReason`: the machine-readable word for why.
    public struct Reason: RawRepresentable, Hashable, Sendable {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        public static let unknown = Reason(rawValue: "")
        public static let unauthorized = Reason(rawValue: "Unauthorized")
        public static let forbidden = Reason(rawValue: "Forbidden")
        public static let notFound = Reason(rawValue: "NotFound")
        public static let alreadyExists = Reason(rawValue: "AlreadyExists")
        public static let conflict = Reason(rawValue: "Conflict")
        public static let gone = Reason(rawValue: "Gone")
        public static let invalid = Reason(rawValue: "Invalid")
        public static let serverTimeout = Reason(rawValue: "ServerTimeout")
        public static let timeout = Reason(rawValue: "Timeout")
        public static let tooManyRequests = Reason(rawValue: "TooManyRequests")
        public static let badRequest = Reason(rawValue: "BadRequest")
        public static let methodNotAllowed = Reason(rawValue: "MethodNotAllowed")
        public static let notAcceptable = Reason(rawValue: "NotAcceptable")
        public static let requestEntityTooLarge = Reason(rawValue: "RequestEntityTooLarge")
        public static let unsupportedMediaType = Reason(rawValue: "UnsupportedMediaType")
        public static let internalError = Reason(rawValue: "InternalError")
        public static let expired = Reason(rawValue: "Expired")
        public static let serviceUnavailable = Reason(rawValue: "ServiceUnavailable")

        /// The HTTP status code that goes with the reason.
        public var code: Int {
            switch self {
            case .unauthorized: 401
            case .forbidden: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .notAcceptable: 406
            case .alreadyExists, .conflict: 409
            case .gone, .expired: 410
            case .requestEntityTooLarge: 413
            case .unsupportedMediaType: 415
            case .invalid: 422
            case .tooManyRequests: 429
            case .badRequest: 400
            case .serviceUnavailable: 503
            case .serverTimeout, .timeout: 504
            default: 500
            }
        }
    }

    /// `metav1.StatusDetails`.
    public struct Details: Sendable, Equatable {
        public var name: String?
        public var group: String?

        /// The resource (plural) or the kind, as upstream has it for the error at hand.
        public var kind: String?
        public var uid: String?
        public var causes: [Cause]
        public var retryAfter: Duration?

        public init(
            name: String? = nil, group: String? = nil, kind: String? = nil, uid: String? = nil, causes: [Cause] = [], retryAfter: Duration? = nil
        ) {
            self.name = name
            self.group = group
            self.kind = kind
            self.uid = uid
            self.causes = causes
            self.retryAfter = retryAfter
        }
    }

    /// `metav1.StatusCause`: one thing that was wrong, and the field it was wrong in.
    public struct Cause: Sendable, Equatable {
        public var reason: String
        public var message: String
        public var field: String

        public init(reason: String, message: String, field: String) {
            self.reason = reason
            self.message = message
            self.field = field
        }
    }
}

extension APIError {
    /// The `Status` object that tells a client of this failure.
    public var status: Value {
        var status: Value = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message), "code": Value(code),
        ]
        if !reason.rawValue.isEmpty { status["reason"] = .string(reason.rawValue) }
        if let details { status["details"] = details.value }
        if let continueToken { status["metadata"]["continue"] = .string(continueToken) }
        return status
    }

    /// Reads a `Status` object; nil if it is something else or tells of success.
    public init?(status: Value) {
        guard status.kind == "Status", status["status"].string != "Success" else { return nil }
        self.init(
            Reason(rawValue: status["reason"].string ?? ""), status["message"].string ?? "",
            details: status["details"].isObject ? Details(status["details"]) : nil, code: status["code"].int)
        continueToken = status.metadata["continue"].string
    }
}

extension APIError.Details {
    var value: Value {
        var value: Value = [:]
        if let name, !name.isEmpty { value["name"] = .string(name) }
        if let group, !group.isEmpty { value["group"] = .string(group) }
        if let kind { value["kind"] = .string(kind) }
        if let uid { value["uid"] = .string(uid) }
        if !causes.isEmpty {
            value["causes"] = .array(
                causes.map { cause in
                    var value: Value = ["reason": .string(cause.reason), "message": .string(cause.message)]
                    if !cause.field.isEmpty { value["field"] = .string(cause.field) }
                    return value
                })
        }
        if let retryAfter { value["retryAfterSeconds"] = .integer(retryAfter.components.seconds) }
        return value
    }

    init(_ value: Value) {
        self.init(
            name: value["name"].string, group: value["group"].string, kind: value["kind"].string, uid: value["uid"].string,
            causes: value["causes"].array.map {
                APIError.Cause(reason: $0["reason"].string ?? "", message: $0["message"].string ?? "", field: $0["field"].string ?? "")
            },
            retryAfter: value["retryAfterSeconds"].integer.map { .seconds($0) })
    }
}

extension APIError: CustomStringConvertible {
    public var description: String { message }
}

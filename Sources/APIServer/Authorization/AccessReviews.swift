import Identity
import ObjectModel

/// The reviews of `authorization.k8s.io` and `authentication.k8s.io`: questions in the form of objects, answered and never stored.
///
/// Each takes the object as posted and answers it with its status; malformed ones throw what the client sees.
public struct AccessReviews: Sendable {
    private let authorizer: any Authorizer
    private let roles: RoleBasedAuthorizer
    private let tokenAuthenticators: [any TokenAuthenticator]

    public init(authorizer: any Authorizer, roles: RoleBasedAuthorizer, tokenAuthenticators: [any TokenAuthenticator]) {
        self.authorizer = authorizer
        self.roles = roles
        self.tokenAuthenticators = tokenAuthenticators
    }

    // MARK: Authorization

    /// May the user in `spec`?
    public func subjectAccessReview(_ review: Value) throws(APIError) -> Value {
        try refuse(review, "SubjectAccessReview", metadataErrors(review) + attributeErrors(review) + subjectErrors(review))
        return answered(review, by: subject(review))
    }

    /// May the user in `spec`, in the review's namespace?
    public func localSubjectAccessReview(_ review: Value, namespace: String) throws(APIError) -> Value {
        var errors = attributeErrors(review) + subjectErrors(review)
        if review.spec["resourceAttributes"]["namespace"].string ?? "" != namespace {
            errors.append(
                .invalid("spec.resourceAttributes.namespace", review.spec["resourceAttributes"]["namespace"], "must match metadata.namespace"))
        }
        if !review.spec["nonResourceAttributes"].isNull {
            errors.append(.invalid("spec.nonResourceAttributes", review.spec["nonResourceAttributes"], "disallowed on this kind of request"))
        }
        try refuse(review, "LocalSubjectAccessReview", errors)
        return answered(review, by: subject(review))
    }

    /// May I?
    public func selfSubjectAccessReview(_ review: Value, user: UserInfo) throws(APIError) -> Value {
        try refuse(review, "SelfSubjectAccessReview", metadataErrors(review) + attributeErrors(review))
        return answered(review, by: user)
    }

    /// What may I, in `spec.namespace`?
    public func selfSubjectRulesReview(_ review: Value, user: UserInfo) throws(APIError) -> Value {
        guard let namespace = review.spec["namespace"].string, !namespace.isEmpty else { throw .badRequest("no namespace on request") }
        var (rules, errors) = roles.rules(for: user, namespace: namespace)
        if user.groups.contains(PrivilegedGroupAuthorizer.group) {
            rules = [PolicyRule(verbs: ["*"], apiGroups: ["*"], resources: ["*"]), PolicyRule(verbs: ["*"], nonResourceURLs: ["*"])] + rules
        }
        let isNode = NodeAuthorizer.nodeName(user) != nil
        if isNode { errors.append("node authorizer does not support user rule resolution") }
        var review = review
        review.status = [
            "resourceRules": .array(rules.filter { !$0.resources.isEmpty }.map(\.value)),
            "nonResourceRules": .array(rules.filter { !$0.nonResourceURLs.isEmpty }.map(\.value)), "incomplete": .bool(isNode || !errors.isEmpty),
        ]
        if !errors.isEmpty { review.status["evaluationError"] = .string(errors.joined(separator: ", ")) }
        return review
    }

    private func answered(_ review: Value, by user: UserInfo) -> Value {
        var review = review
        switch authorizer.authorize(attributes(review, user)) {
        case .allow(let reason): review.status = Self.status(["allowed": true], reason)
        case .deny(let reason): review.status = Self.status(["allowed": false, "denied": true], reason)
        case .noOpinion(let reason): review.status = Self.status(["allowed": false], reason)
        }
        return review
    }

    private static func status(_ status: Value, _ reason: String) -> Value {
        var status = status
        if !reason.isEmpty { status["reason"] = .string(reason) }
        return status
    }

    private func subject(_ review: Value) -> UserInfo {
        let spec = review.spec
        return UserInfo(
            name: spec["user"].string ?? "", uid: spec["uid"].string ?? "", groups: spec["groups"].strings,
            extra: Dictionary(spec["extra"].fields.map { ($0.key.lowercased(), $0.value.strings) }, uniquingKeysWith: +))
    }

    private func attributes(_ review: Value, _ user: UserInfo) -> RequestAttributes {
        let resource = review.spec["resourceAttributes"]
        guard resource.isObject else {
            let path = review.spec["nonResourceAttributes"]
            return RequestAttributes(user: user, verb: path["verb"].string ?? "", path: path["path"].string ?? "")
        }
        return RequestAttributes(
            user: user, verb: resource["verb"].string ?? "", group: resource["group"].string ?? "", version: resource["version"].string ?? "",
            resource: resource["resource"].string ?? "", subresource: resource["subresource"].string ?? "",
            namespace: resource["namespace"].string ?? "", name: resource["name"].string ?? "",
            fieldSelector: try? FieldSelector(parsing: Self.fieldSelector(resource)))
    }

    /// In the form that a request carries it; requirements other than `In` with one value narrow nothing that an authorizer knows.
    private static func fieldSelector(_ attributes: Value) -> String {
        let selector = attributes["fieldSelector"]
        if let raw = selector["rawSelector"].string { return raw }
        return selector["requirements"].array.compactMap { requirement in
            guard requirement["operator"].string == "In", requirement["values"].array.count == 1, let key = requirement["key"].string,
                let value = requirement["values"][0].string
            else { return nil }
            return "\(key)=\(value)"
        }.joined(separator: ",")
    }

    // MARK: Validation

    private func refuse(_ review: Value, _ kind: String, _ errors: [FieldError]) throws(APIError) {
        if !errors.isEmpty { throw .invalid(kind: kind, group: "authorization.k8s.io", name: review.name, errors) }
    }

    private func metadataErrors(_ review: Value) -> [FieldError] {
        var metadata = review.metadata
        metadata["managedFields"] = nil
        metadata["creationTimestamp"] = nil
        return metadata.isEmpty ? [] : [.invalid("metadata", metadata, "must be empty")]
    }

    private func attributeErrors(_ review: Value) -> [FieldError] {
        let spec = review.spec
        switch (spec["resourceAttributes"].isNull, spec["nonResourceAttributes"].isNull) {
        case (false, false):
            return [
                .invalid("spec.nonResourceAttributes", spec["nonResourceAttributes"], "cannot be specified in combination with resourceAttributes")
            ]
        case (true, true):
            return [
                .invalid("spec.resourceAttributes", .null, "exactly one of nonResourceAttributes or resourceAttributes must be specified")
            ]
        default: return []
        }
    }

    private func subjectErrors(_ review: Value) -> [FieldError] {
        guard review.spec["user"].isEmpty, review.spec["groups"].isEmpty else { return [] }
        return [.invalid("spec.user", "", "at least one of user or group must be specified")]
    }

    // MARK: Authentication

    /// Who am I?
    public func selfSubjectReview(_ review: Value, user: UserInfo) -> Value {
        var review = review
        review.status = ["userInfo": user.value]
        return review
    }

    /// Whose token is this?
    public func tokenReview(_ review: Value) throws(APIError) -> Value {
        guard let token = review.spec["token"].string, !token.isEmpty else {
            throw .badRequest("token is required for TokenReview in authentication")
        }
        let audiences = review.spec["audiences"].strings
        var review = review
        do {
            for authenticator in tokenAuthenticators {
                guard let known = try authenticator.authenticate(token: token, audiences: audiences.isEmpty ? nil : audiences) else { continue }
                review.status = ["authenticated": true, "user": Authenticator.withAuthenticatedGroup(known.user).value]
                if !known.audiences.isEmpty { review.status["audiences"] = Value(known.audiences) }
                return review
            }
            review.status = ["user": [:], "error": "invalid bearer token"]
        } catch {
            review.status = ["user": [:], "error": .string("[invalid bearer token, \(error.message)]")]
        }
        return review
    }
}

extension UserInfo {
    /// `authentication.k8s.io/v1 UserInfo`.
    public var value: Value {
        var value: Value = [:]
        if !name.isEmpty { value["username"] = .string(name) }
        if !uid.isEmpty { value["uid"] = .string(uid) }
        if !groups.isEmpty { value["groups"] = Value(groups) }
        if !extra.isEmpty { value["extra"] = .object(Fields(extra.map { ($0.key, Value($0.value)) })) }
        return value
    }
}

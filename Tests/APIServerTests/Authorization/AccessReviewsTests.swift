import APIServer
import ObjectModel
import Testing

@Suite struct AccessReviewsTests {
    let roles = RoleBasedAuthorizer()
    let world = TokenWorld()

    init() {
        roles.role("reader", [rule(["get"], ["pods"]), ["verbs": ["get"], "nonResourceURLs": ["/version"]]])
        roles.bind("b", "reader", user("alice"))
    }

    var reviews: AccessReviews { AccessReviews(authorizer: roles, roles: roles, tokenAuthenticators: [world.authenticator]) }

    @Test func `may alice`() throws {
        let review: Value = ["spec": ["user": "alice", "resourceAttributes": ["verb": "get", "resource": "pods", "namespace": "team"]]]
        #expect(
            try reviews.subjectAccessReview(review).status == [
                "allowed": true, "reason": "RBAC: allowed by ClusterRoleBinding \"b\" of ClusterRole \"reader\" to User \"alice\"",
            ])
        let denied: Value = ["spec": ["user": "alice", "resourceAttributes": ["verb": "delete", "resource": "pods"]]]
        #expect(try reviews.subjectAccessReview(denied).status == ["allowed": false])
        let path: Value = ["spec": ["user": "alice", "nonResourceAttributes": ["verb": "get", "path": "/version"]]]
        #expect(try reviews.subjectAccessReview(path).status["allowed"] == true)
    }

    @Test func `a malformed question is 422`() {
        let error = #expect(throws: APIError.self) { try reviews.subjectAccessReview(["spec": ["user": "alice"]]) }
        #expect(error?.code == 422)
        #expect(error?.message.contains("exactly one of nonResourceAttributes or resourceAttributes must be specified") == true)
        let local = #expect(throws: APIError.self) {
            try reviews.localSubjectAccessReview(["spec": ["user": "a", "resourceAttributes": ["namespace": "x"]]], namespace: "team")
        }
        #expect(local?.message.contains("spec.resourceAttributes.namespace: Invalid value: \"x\": must match metadata.namespace") == true)
    }

    @Test func `may I, and what may I`() throws {
        let alice = UserInfo(name: "alice")
        let review: Value = ["spec": ["resourceAttributes": ["verb": "get", "resource": "pods"]]]
        #expect(try reviews.selfSubjectAccessReview(review, user: alice).status["allowed"] == true)
        #expect(try reviews.selfSubjectAccessReview(review, user: UserInfo(name: "bob")).status["allowed"] == false)
        #expect(
            try reviews.selfSubjectRulesReview(["spec": ["namespace": "team"]], user: alice).status == [
                "resourceRules": [["verbs": ["get"], "apiGroups": [""], "resources": ["pods"]]],
                "nonResourceRules": [["verbs": ["get"], "nonResourceURLs": ["/version"]]], "incomplete": false,
            ])
    }

    @Test func `who am I, and whose token is this`() throws {
        let user = UserInfo(name: "alice", groups: ["a"], extra: ["k": ["v"]])
        #expect(
            reviews.selfSubjectReview([:], user: user).status["userInfo"] == ["username": "alice", "groups": ["a"], "extra": ["k": ["v"]]])
        let review = try reviews.tokenReview(["spec": ["token": .string(world.token())]])
        #expect(review.status["authenticated"] == true)
        #expect(review.status["user"]["username"] == "system:serviceaccount:team:builder")
        #expect(review.status["audiences"] == ["https://kubernetes.default.svc.cluster.local"])
        let bad = try reviews.tokenReview(["spec": ["token": "x"]])
        #expect(bad.status == ["user": .object([:]), "error": "invalid bearer token"])
    }
}

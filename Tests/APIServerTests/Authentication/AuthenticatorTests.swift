import APIServer
import ClusterClient
import Identity
import NIOHTTP1
import ObjectModel
import Synchronization
import Testing

/// A cluster's tokens, objects and clock, all real but the clock.
final class TokenWorld: Sendable {
    struct State: Sendable {
        var now = Timestamp(seconds: 1_767_323_045)
        var objects: [String: ServiceAccountAuthenticator.BoundObject] = [
            "serviceaccounts/team/builder": .init(uid: "sa-uid"), "pods/team/web-0": .init(uid: "pod-uid"), "nodes//n1": .init(uid: "node-uid"),
        ]
        var lookups = 0
    }

    let state = Mutex(State())
    let tokens = ServiceAccountTokens(keys: ServiceAccountKeys())

    var authenticator: ServiceAccountAuthenticator {
        ServiceAccountAuthenticator(
            tokens: tokens,
            lookup: { [self] resource, namespace, name in
                state.withLock {
                    $0.lookups += 1
                    return $0.objects["\(resource.plural)/\(namespace)/\(name)"]
                }
            },
            clock: { [self] in state.withLock { $0.now } })
    }

    func token(pod: Bool = false, node: Bool = false, audiences: [String] = []) throws -> String {
        let request = ServiceAccountTokens.Request(
            namespace: "team", serviceAccount: .init(name: "builder", uid: "sa-uid"), pod: pod ? .init(name: "web-0", uid: "pod-uid") : nil,
            node: node ? .init(name: "n1", uid: "node-uid") : nil, audiences: audiences)
        return try tokens.issue(request, id: "the-id", now: state.withLock { $0.now }).token
    }

    func pass(_ duration: Duration) { state.withLock { $0.now = $0.now + duration } }
}

func request(_ headers: HTTPHeaders = [:], certificate: CertificateSubject? = nil, inProcess: UserInfo? = nil) -> HTTPRequest {
    HTTPRequest(api: APIRequest(.get, "/api/v1/pods"), headers: headers, clientCertificate: certificate, inProcessUser: inProcess)
}

@Suite struct AuthenticatorTests {
    let world = TokenWorld()

    func authenticate(_ request: HTTPRequest) throws -> UserInfo {
        try Authenticator(tokenAuthenticators: [world.authenticator]).authenticate(request)
    }

    @Test func `a certificate names user and groups`() throws {
        let user = try authenticate(request(certificate: .init(commonName: "kubernetes-admin", organizations: ["system:masters"])))
        #expect(user == UserInfo(name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"]))
    }

    @Test func `an in-process component is who the composition root says`() throws {
        let user = try authenticate(request(inProcess: UserInfo(name: "system:kube-scheduler")))
        #expect(user.groups == ["system:authenticated"])
    }

    @Test func `a request without credentials is anonymous, or refused where that is off`() throws {
        #expect(try authenticate(request()) == .anonymous)
        #expect(try authenticate(request(["authorization": "Basic YTpi"])) == .anonymous)
        let error = #expect(throws: APIError.self) {
            try Authenticator(tokenAuthenticators: [], allowsAnonymous: false).authenticate(request())
        }
        #expect(error?.code == 401)
    }

    @Test func `a service account's token names the account and what it is bound to`() throws {
        let user = try authenticate(request(["authorization": "Bearer \(world.token(pod: true, node: true))"]))
        #expect(
            user
                == UserInfo(
                    name: "system:serviceaccount:team:builder", uid: "sa-uid",
                    groups: ["system:serviceaccounts", "system:serviceaccounts:team", "system:authenticated"],
                    extra: [
                        "authentication.kubernetes.io/credential-id": ["JTI=the-id"], "authentication.kubernetes.io/pod-name": ["web-0"],
                        "authentication.kubernetes.io/pod-uid": ["pod-uid"], "authentication.kubernetes.io/node-name": ["n1"],
                        "authentication.kubernetes.io/node-uid": ["node-uid"],
                    ]))
    }

    @Test(arguments: ["nonsense", "a.b.c", ""])
    func `an invalid token is 401, told in one word`(token: String) throws {
        if token.isEmpty {
            #expect(try authenticate(request(["authorization": "Bearer "])) == .anonymous)
            return
        }
        let error = #expect(throws: APIError.self) { try authenticate(request(["authorization": "Bearer \(token)"])) }
        #expect(error == APIError(.unauthorized, "Unauthorized"))
    }

    @Test func `browsers send the token as a WebSocket subprotocol`() throws {
        let protocolName = "base64url.bearer.authorization.k8s.io.\(Base64URL.encode(try world.token().utf8))"
        let user = try authenticate(request(["sec-websocket-protocol": "v5.channel.k8s.io, \(protocolName)"]))
        #expect(user.name == "system:serviceaccount:team:builder")
    }
}

@Suite struct ServiceAccountAuthenticatorTests {
    let world = TokenWorld()

    @Test func `a token is verified once and its objects are looked at once a second`() throws {
        let authenticator = world.authenticator
        let token = try world.token(pod: true)
        for _ in 0..<1_000 { #expect(try authenticator.authenticate(token: token, audiences: nil) != nil) }
        #expect(world.state.withLock { $0.lookups } == 2)
        world.pass(.seconds(1))
        _ = try authenticator.authenticate(token: token, audiences: nil)
        #expect(world.state.withLock { $0.lookups } == 4)
    }

    @Test func `a token dies with its expiry, though remembered`() throws {
        let authenticator = world.authenticator
        let token = try world.token()
        _ = try authenticator.authenticate(token: token, audiences: nil)
        world.pass(.seconds(3_600))
        #expect(throws: IdentityError.self) { try authenticator.authenticate(token: token, audiences: nil) }
    }

    @Test func `a token dies with its pod, or when another pod has the name`() throws {
        let authenticator = world.authenticator
        let token = try world.token(pod: true)
        _ = try authenticator.authenticate(token: token, audiences: nil)
        world.state.withLock { $0.objects["pods/team/web-0"] = .init(uid: "another") }
        world.pass(.seconds(1))
        let replaced = #expect(throws: IdentityError.self) { try authenticator.authenticate(token: token, audiences: nil) }
        #expect(replaced?.message == "pod UID (another) does not match claim (pod-uid)")
        world.state.withLock { $0.objects["pods/team/web-0"] = nil }
        #expect(throws: IdentityError.self) { try authenticator.authenticate(token: token, audiences: nil) }
    }

    @Test func `a pod that is being deleted keeps its token for a minute`() throws {
        let authenticator = world.authenticator
        let token = try world.token(pod: true)
        world.state.withLock { $0.objects["pods/team/web-0"] = .init(uid: "pod-uid", deletionTimestamp: $0.now) }
        _ = try authenticator.authenticate(token: token, audiences: nil)
        world.pass(.seconds(61))
        #expect(throws: IdentityError.self) { try authenticator.authenticate(token: token, audiences: nil) }
    }

    @Test func `a token bound to a node alone dies with the node, one bound to a pod only tells of it`() throws {
        let authenticator = world.authenticator
        let bound = try world.token(node: true)
        let told = try world.token(pod: true, node: true)
        world.state.withLock { $0.objects["nodes//n1"] = nil }
        #expect(throws: IdentityError.self) { try authenticator.authenticate(token: bound, audiences: nil) }
        #expect(try authenticator.authenticate(token: told, audiences: nil) != nil)
    }

    @Test func `a token for another audience is not for the API server`() throws {
        let authenticator = world.authenticator
        let token = try world.token(audiences: ["vault"])
        #expect(throws: IdentityError.self) { try authenticator.authenticate(token: token, audiences: nil) }
        #expect(try authenticator.authenticate(token: token, audiences: ["vault", "other"])?.audiences == ["vault"])
    }
}

@Suite struct BootstrapTokenTests {
    func secret(_ changes: [String: String] = [:]) -> Value {
        var data = [
            "token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true", "expiration": "2026-01-02T03:04:05Z",
            "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
        ]
        data.merge(changes) { $1 }
        return ["type": "bootstrap.kubernetes.io/token", "data": Value(data.mapValues { Base64.encode($0.utf8) })]
    }

    func authenticate(_ token: String, _ secret: Value?, now: Int64 = 1_767_323_000) throws -> AuthenticatedToken? {
        try BootstrapTokenAuthenticator(secret: { $0 == "bootstrap-token-abcdef" ? secret : nil }, clock: { Timestamp(seconds: now) })
            .authenticate(token: token, audiences: nil)
    }

    @Test func `a join token is a bootstrapper`() throws {
        let user = try #require(try authenticate("abcdef.0123456789abcdef", secret())).user
        #expect(
            user
                == UserInfo(
                    name: "system:bootstrap:abcdef", groups: ["system:bootstrappers", "system:bootstrappers:kubeadm:default-node-token"]))
    }

    @Test func `it expires, and may be for other things than authentication`() {
        #expect(throws: IdentityError.self) { try authenticate("abcdef.0123456789abcdef", secret(), now: 1_767_323_045) }
        #expect(throws: IdentityError.self) { try authenticate("abcdef.0123456789abcdef", secret(["usage-bootstrap-authentication": "false"])) }
        #expect(throws: IdentityError.self) { try authenticate("abcdef.0123456789abcdeX".lowercased(), secret()) }
        #expect(throws: IdentityError.self) { try authenticate("abcdef.0123456789abcdef", nil) }
    }

    @Test func `other tokens are none of its business`() throws {
        #expect(try authenticate("abcdef.0123", secret()) == nil)
        #expect(try authenticate("a.b.c", secret()) == nil)
    }
}

@Suite struct ImpersonationTests {
    let alice = UserInfo(name: "alice", groups: ["system:authenticated"])

    func roles(_ rules: Value) -> RoleBasedAuthorizer {
        let roles = RoleBasedAuthorizer()
        roles.apply("clusterroles", key: "impersonator", ["rules": rules])
        roles.apply(
            "clusterrolebindings", key: "b",
            ["roleRef": ["kind": "ClusterRole", "name": "impersonator"], "subjects": [["kind": "User", "name": "alice"]]])
        return roles
    }

    @Test func `without the headers one is oneself`() throws {
        #expect(try Impersonation.user([:], requester: alice, authorizer: RoleBasedAuthorizer()) == alice)
    }

    @Test func `one needs the permission for every part`() throws {
        let roles = roles([["verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"]]])
        #expect(
            try Impersonation.user(["Impersonate-User": "bob"], requester: alice, authorizer: roles)
                == UserInfo(name: "bob", groups: ["system:authenticated"]))
        let error = #expect(throws: APIError.self) {
            try Impersonation.user(["Impersonate-User": "bob", "Impersonate-Group": "ops"], requester: alice, authorizer: roles)
        }
        #expect(
            error?.message
                == "groups \"ops\" is forbidden: User \"alice\" cannot impersonate resource \"groups\" in API group \"\" at the cluster scope")
    }

    @Test func `groups, uid and extra fields come along, decoded`() throws {
        let roles = roles([
            ["verbs": ["impersonate"], "apiGroups": [""], "resources": ["users", "groups"]],
            [
                "verbs": ["impersonate"], "apiGroups": ["authentication.k8s.io"],
                "resources": ["userextras/*", "uids", "userextras/example.com/team"],
            ],
        ])
        let headers: HTTPHeaders = [
            "Impersonate-User": "bob", "Impersonate-Group": "a", "impersonate-group": "b", "Impersonate-Uid": "1",
            "Impersonate-Extra-example.com%2Fteam": "red",
        ]
        #expect(
            try Impersonation.user(headers, requester: alice, authorizer: roles)
                == UserInfo(name: "bob", uid: "1", groups: ["a", "b", "system:authenticated"], extra: ["example.com/team": ["red"]]))
    }

    @Test func `a service account brings its groups`() throws {
        let roles = roles([["verbs": ["impersonate"], "apiGroups": [""], "resources": ["serviceaccounts"]]])
        #expect(
            try Impersonation.user(["Impersonate-User": "system:serviceaccount:team:builder"], requester: alice, authorizer: roles).groups == [
                "system:serviceaccounts", "system:serviceaccounts:team", "system:authenticated",
            ])
    }

    @Test func `groups without a user make no sense`() {
        let error = #expect(throws: APIError.self) {
            try Impersonation.user(["Impersonate-Group": "ops"], requester: alice, authorizer: RoleBasedAuthorizer())
        }
        #expect(error?.code == 400)
    }
}

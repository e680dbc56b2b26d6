import Identity
import ObjectModel
import Testing

@Suite struct ServiceAccountTokensTests {
    let tokens = ServiceAccountTokens(keys: ServiceAccountKeys())
    let account = ServiceAccountClaims.Reference(name: "default", uid: "sa-uid")

    @Test func `a token says what it was asked for, and verifies`() throws {
        let request = ServiceAccountTokens.Request(
            namespace: "team", serviceAccount: account, pod: .init(name: "web-0", uid: "pod-uid"), node: .init(name: "n1", uid: "node-uid"),
            lifetime: .seconds(3_600))
        let issued = try tokens.issue(request, id: "token-id", now: start)
        let claims = try tokens.verify(issued.token, now: start + .seconds(3_599))
        #expect(claims == issued.claims)
        #expect(claims.userName == "system:serviceaccount:team:default")
        #expect(claims.audiences == [ServiceAccountTokens.defaultIssuer])
        #expect(claims.pod?.uid == "pod-uid")
        #expect(claims.node?.name == "n1")
        #expect(claims.warnAfter == nil)
        #expect(issued.expirationTimestamp == start + .seconds(3_600))
    }

    @Test func `the payload is laid out as upstream's`() throws {
        let issued = try tokens.issue(.init(namespace: "team", serviceAccount: account), id: "token-id", now: start)
        let payload = try #require(decode(issued.token.split(separator: ".")[1]))
        #expect(
            try Value(json: payload) == [
                "aud": ["https://kubernetes.default.svc.cluster.local"], "exp": 1_767_326_645, "iat": 1_767_323_045,
                "iss": "https://kubernetes.default.svc.cluster.local", "jti": "token-id",
                "kubernetes.io": ["namespace": "team", "serviceaccount": ["name": "default", "uid": "sa-uid"]], "nbf": 1_767_323_045,
                "sub": "system:serviceaccount:team:default",
            ])
    }

    @Test func `the pod volume's token lives a year but is announced as short`() throws {
        let request = ServiceAccountTokens.Request(
            namespace: "team", serviceAccount: account, pod: .init(name: "web-0", uid: "pod-uid"), lifetime: ServiceAccountTokens.extendableLifetime)
        let issued = try tokens.issue(request, id: "token-id", now: start)
        #expect(issued.expirationTimestamp == start + .seconds(3_607))
        #expect(issued.claims.warnAfter == start + .seconds(3_607))
        #expect(issued.claims.expires == start + .seconds(365 * 86_400))
    }

    @Test func `an expired, early or foreign token is refused`() throws {
        let issued = try tokens.issue(.init(namespace: "team", serviceAccount: account), id: "token-id", now: start)
        #expect(throws: IdentityError.self) { try tokens.verify(issued.token, now: start + .seconds(3_600)) }
        #expect(throws: IdentityError.self) { try tokens.verify(issued.token, now: start + .seconds(-61)) }
        let other = ServiceAccountTokens(keys: ServiceAccountKeys())
        let error = #expect(throws: IdentityError.self) { try other.verify(issued.token, now: start) }
        #expect(error?.code == .untrusted)
        let audience = #expect(throws: IdentityError.self) { try tokens.verify(issued.token, audiences: ["vault"], now: start) }
        #expect(
            audience?.message
                == "token audiences [https://kubernetes.default.svc.cluster.local] is invalid for the target audiences [vault]")
    }

    @Test func `no part of a token can be changed`() throws {
        let token = try tokens.issue(.init(namespace: "team", serviceAccount: account), id: "token-id", now: start).token
        for index in stride(from: 0, to: token.utf8.count, by: 7) {
            var bytes = Array(token.utf8)
            bytes[index] = bytes[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let changed = String(decoding: bytes, as: UTF8.self)
            #expect(throws: IdentityError.self) { try tokens.verify(changed, now: start) }
        }
    }

    @Test(arguments: ["", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "no-token"])
    func `what is no token is refused`(text: String) {
        #expect(throws: IdentityError.self) { try tokens.verify(text, now: start) }
        #expect(!tokens.isOurs(text))
    }

    @Test func `tokens outlive a restart, and a retired key`() throws {
        try withDirectory { directory in
            let keys = try ServiceAccountKeys.loadOrCreate(in: directory)
            let issued = try ServiceAccountTokens(keys: keys).issue(.init(namespace: "a", serviceAccount: account), id: "1", now: start)
            let again = try ServiceAccountKeys.loadOrCreate(in: directory)
            #expect(try ServiceAccountTokens(keys: again).verify(issued.token, now: start) == issued.claims)
            #expect(mode(of: directory.path(of: "service-account.key")) == 0o600)
        }
    }

    @Test func `the key set lets others verify`() throws {
        let keys = ServiceAccountKeys()
        let key = keys.keySet["keys"][0]
        #expect(key["kid"].string == keys.signingKeyID)
        #expect(key["kty"] == "EC")
        #expect(decode(Substring(key["x"].string ?? ""))?.count == 32)
        #expect(decode(Substring(key["y"].string ?? ""))?.count == 32)
        let document = ServiceAccountKeys.discovery(issuer: "https://a", keySetURL: "https://a/openid/v1/jwks")
        #expect(document["jwks_uri"] == "https://a/openid/v1/jwks")
    }

    private func decode(_ text: Substring) -> [UInt8]? {
        var values: [UInt8] = []
        var bits = 0
        var pending: UInt32 = 0
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        for byte in text.utf8 {
            guard let index = alphabet.firstIndex(of: byte) else { return nil }
            pending = pending << 6 | UInt32(index)
            bits += 6
            if bits >= 8 {
                bits -= 8
                values.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
            }
        }
        return values
    }
}

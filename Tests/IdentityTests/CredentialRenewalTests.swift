import Identity
import Logging
import ObjectModel
import Synchronization
import Testing

/// A clock that stands still until somebody sleeps.
private final class SleepersClock: Sendable {
    private let state: Mutex<(now: Timestamp, end: Timestamp)>

    /// Sleeping beyond `end` is the end of the test.
    init(_ now: Timestamp, until end: Timestamp) { state = Mutex((now, end)) }

    var now: Timestamp { state.withLock { $0.now } }

    func sleep(_ duration: Duration) throws {
        try state.withLock { state in
            guard state.now < state.end else { throw CancellationError() }
            state.now = state.now + duration
        }
    }
}

@Suite struct CredentialRenewalTests {
    private static let start = Timestamp(seconds: 1_790_000_000)
    private static let year: Duration = CertificateAuthority.leafLifetime

    private struct Refusal: Error {}

    private static func run(_ items: [CredentialRenewal.Item], for duration: Duration) async {
        let clock = SleepersClock(start, until: start + duration)
        let renewal = CredentialRenewal(
            items, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), now: { clock.now }, sleep: { try clock.sleep($0) })
        await renewal.run()
    }

    @Test func `a certificate is renewed before it expires, again and again`() async throws {
        let authority = try CertificateAuthority(now: Self.start)
        let used = Mutex<[Credential]>([])
        let first = try authority.issue(.admin, now: Self.start)
        let item = CredentialRenewal.Item(
            "admin", first, renew: { now in try authority.issue(.admin, now: now) }, use: { fresh in used.withLock { $0.append(fresh) } })
        await Self.run([item], for: Self.year * 3)
        let all = [first] + used.withLock { $0 }
        #expect(all.count == 5)
        for (old, new) in zip(all, all.dropFirst()) {
            #expect(new.notBefore < old.notAfter)
            #expect(old.notAfter - new.notBefore > .seconds(100 * 86_400))
        }
    }

    @Test func `one that cannot be renewed is tried again until it works`() async throws {
        let authority = try CertificateAuthority(now: Self.start)
        let attempts = Mutex(0)
        let used = Mutex(0)
        let item = CredentialRenewal.Item(
            "admin", try authority.issue(.admin, now: Self.start),
            renew: { now in
                let attempt = attempts.withLock { attempts in
                    attempts += 1
                    return attempts
                }
                if attempt < 5 { throw Refusal() }
                return try authority.issue(.admin, now: now)
            }, use: { _ in used.withLock { $0 += 1 } })
        await Self.run([item], for: Self.year)
        #expect(attempts.withLock { $0 } == 5)
        #expect(used.withLock { $0 } == 1)
    }

    @Test func `an authority is known by the hash of its public key`() throws {
        let authority = try CertificateAuthority(now: Self.start)
        let hash = try #require(CertificateAuthority.publicKeyHash(pem: authority.certificatePEM))
        #expect(hash.hasPrefix("sha256:"))
        #expect(hash.count == "sha256:".count + 64)
        #expect(CertificateAuthority.publicKeyHash(pem: try CertificateAuthority(now: Self.start).certificatePEM) != hash)
        #expect(CertificateAuthority.publicKeyHash(pem: "nonsense") == nil)
    }
}

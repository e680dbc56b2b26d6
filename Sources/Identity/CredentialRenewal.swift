import Logging
import ObjectModel
import Synchronization

/// Renews credentials before they expire, while the program that uses them runs.
///
/// Each is obtained again once a third of its lifetime is left, and handed to whoever uses it. One that cannot be renewed is tried again, at first after
/// a minute, until it works; what is in use stays in use.
public final class CredentialRenewal: Sendable {
    /// Something that expires, and what to do with its successor.
    public struct Item: Sendable {
        public var name: String

        /// The first expiry and the time to renew before it.
        public var credential: Credential

        /// Obtains the next one: signs it, or asks someone to.
        public var renew: @Sendable (Timestamp) async throws -> Credential

        /// Puts it to use: reloads a listener, writes a file.
        public var use: @Sendable (Credential) async throws -> Void

        public init(
            _ name: String, _ credential: Credential, renew: @escaping @Sendable (Timestamp) async throws -> Credential,
            use: @escaping @Sendable (Credential) async throws -> Void
        ) {
            self.name = name
            self.credential = credential
            self.renew = renew
            self.use = use
        }
    }

    private let items: [Item]
    private let now: @Sendable () -> Timestamp
    private let sleep: @Sendable (Duration) async throws -> Void
    private let logger: Logger

    /// The machine may have slept, or its clock may have been set: the time is looked at this often at least.
    public static let lookInterval: Duration = .seconds(6 * 3600)

    /// Between attempts at what could not be renewed.
    public static let retryInterval: Duration = .seconds(60)

    /// - Parameters:
    ///   - now: the clock that certificates are judged by.
    ///   - sleep: waits; throws when cancelled.
    public init(
        _ items: [Item], logger: Logger, now: @escaping @Sendable () -> Timestamp,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0, tolerance: .seconds(10)) }
    ) {
        self.items = items
        self.logger = logger
        self.now = now
        self.sleep = sleep
    }

    /// Works until cancelled.
    public func run() async {
        guard !items.isEmpty else { return }
        var due = items.map(\.credential.renewalTime)
        while !Task.isCancelled {
            for index in items.indices where due[index] <= now() { due[index] = await renew(items[index]) }
            let next = due.min() ?? now()
            guard (try? await sleep(min(max(next - now(), .seconds(1)), Self.lookInterval))) != nil else { return }
        }
    }

    /// Returns when to look at it again.
    private func renew(_ item: Item) async -> Timestamp {
        do {
            let fresh = try await item.renew(now())
            try await item.use(fresh)
            logger.notice("certificate renewed", metadata: ["name": "\(item.name)", "notAfter": "\(fresh.notAfter.rfc3339)"])
            return max(fresh.renewalTime, now() + Self.retryInterval)
        } catch {
            logger.warning(
                "a certificate could not be renewed; it is tried again",
                metadata: ["name": "\(item.name)", "notAfter": "\(item.credential.notAfter.rfc3339)", "error": "\(error)"])
            return now() + Self.retryInterval
        }
    }
}

extension CredentialDirectory {
    /// A credential of this directory that is signed anew in time.
    public func renewing(
        _ name: String, for leaf: Leaf, now: Timestamp, use: @escaping @Sendable (Credential) async throws -> Void
    ) throws(IdentityError) -> CredentialRenewal.Item {
        CredentialRenewal.Item(
            name, try credential(name, for: leaf, now: now), renew: { now in try credential(name, for: leaf, now: now) }, use: use)
    }
}

import ClusterClient
import ObjectModel

/// A rule about writes that goes beyond an object's own form. Plugins decide from the request and what is stored; they do no I/O.
///
/// `mutate` runs before defaulting, so a field that the client left out may be missing; `validate` sees the object as it will be stored.
public protocol AdmissionPlugin: Sendable {
    /// Upstream's name for it, such as `NamespaceLifecycle`.
    var name: String { get }

    /// Changes `request.object`, or refuses.
    func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError)

    /// Refuses, or does nothing.
    func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError)

    /// Refuses, or answers objects to be written in the same commit as the request's, each on the condition that it is still at the resource
    /// version read (on a conflict the whole is done again). Asked last; a dry run asks too, and writes nothing.
    func companionWrites(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) -> [(resource: Resource, object: Value)]
}

extension AdmissionPlugin {
    public func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {}
    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {}
    public func companionWrites(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) -> [(resource: Resource, object: Value)] {
        []
    }
}

/// The plugins in their order. All that mutate have run before the first one validates; webhooks and policies stand between the two.
public struct AdmissionChain: Sendable {
    public var plugins: [any AdmissionPlugin]

    public init(_ plugins: [any AdmissionPlugin]) { self.plugins = plugins }

    public func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        for plugin in plugins { try plugin.mutate(&request, stored) }
    }

    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        for plugin in plugins { try plugin.validate(request, stored) }
    }

    public func companionWrites(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) -> [(resource: Resource, object: Value)] {
        var writes: [(resource: Resource, object: Value)] = []
        for plugin in plugins { writes += try plugin.companionWrites(request, stored) }
        return writes
    }
}

extension AdmissionChain {
    /// What upstream enables by default and NodeRestriction, in upstream's order, and the escalation check where roles authorize.
    /// - Parameters:
    ///   - authorizer: asked by the plugins about certificates.
    ///   - randomSuffix: five characters for generated names.
    public static func standard(
        authorizer: any Authorizer, clock: @escaping @Sendable () -> Timestamp, randomSuffix: @escaping @Sendable () -> String = NameSuffix.random
    ) -> AdmissionChain {
        let plugins: [any AdmissionPlugin] = [
            NamespaceLifecycle(), LimitRanger(), ServiceAccountAdmission(randomSuffix: randomSuffix), NodeRestriction(), TaintNodesByCondition(),
            PodSecurity(), PriorityAdmission(), DefaultTolerationSeconds(), DefaultStorageClass(), StorageObjectInUseProtection(),
            PersistentVolumeClaimResize(),
            RuntimeClassAdmission(), CertificateApproval(authorizer: authorizer), CertificateSigning(authorizer: authorizer),
            CertificateSubjectRestriction(), DefaultIngressClass(), ResourceQuotaAdmission(clock: clock),
        ]
        let escalation = authorizer.roles.map { RoleEscalationAdmission(RoleEscalation(roles: $0, authorizer: authorizer)) }
        return AdmissionChain([escalation].compactMap(\.self) + plugins)
    }
}

/// The end of a generated name: five characters without vowels, so that no words come about.
public enum NameSuffix {
    private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)

    @Sendable public static func random() -> String {
        String(decoding: (0..<5).map { _ in alphabet[Int.random(in: alphabet.indices)] }, as: UTF8.self)
    }
}

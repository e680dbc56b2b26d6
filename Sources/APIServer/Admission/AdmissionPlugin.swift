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
}

extension AdmissionPlugin {
    public func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {}
    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {}
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
}

extension AdmissionChain {
    /// What upstream enables by default, in upstream's order.
    /// - Parameter randomSuffix: five characters for generated names.
    public static func standard(randomSuffix: @escaping @Sendable () -> String = NameSuffix.random) -> AdmissionChain {
        AdmissionChain([
            NamespaceLifecycle(), ServiceAccountAdmission(randomSuffix: randomSuffix), TaintNodesByCondition(), PriorityAdmission(),
            DefaultTolerationSeconds(),
        ])
    }
}

/// The end of a generated name: five characters without vowels, so that no words come about.
public enum NameSuffix {
    private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)

    @Sendable public static func random() -> String {
        String(decoding: (0..<5).map { _ in alphabet[Int.random(in: alphabet.indices)] }, as: UTF8.self)
    }
}

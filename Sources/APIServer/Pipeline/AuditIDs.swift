import NIOHTTP1
import Synchronization

/// `Audit-Id`: what names one request in the logs of whoever handles it. A client may bring its own; every answer says it.
final class AuditIDs: Sendable {
    static let header = "audit-id"

    /// Makes identifiers that nobody else has had: no secrets, so one look at the system's randomness does for all.
    private let seed: (UInt64, UInt64)
    private let count = Atomic<UInt64>(0)

    init() { seed = (.random(in: .min ... .max), .random(in: .min ... .max)) }

    /// Puts the request's identifier on whatever answers it.
    func mark(_ outcome: Outcome, for request: HTTPRequest) -> Outcome {
        let own = request.headers.first(name: Self.header) ?? ""
        let id = own.isEmpty ? next() : own
        switch outcome {
        case .respond(let response): return .respond(Self.marked(response, id))
        case .wait(let answer): return .wait { Self.marked(await answer(), id) }
        case .stream(var head, let begin):
            head.headers.add(name: Self.header, value: id)
            return .stream(head, begin)
        case .deferred(let later): return .deferred { self.mark(await later(), for: request) }
        case .forward(var forward):
            forward.responseHeaders.add(name: Self.header, value: id)
            return .forward(forward)
        case .tunnel: return outcome
        }
    }

    private static func marked(_ response: HTTPResponse, _ id: String) -> HTTPResponse {
        var response = response
        response.headers.add(name: header, value: id)
        return response
    }

    /// A UUID of version 4.
    func next() -> String {
        let number = count.add(1, ordering: .relaxed).newValue
        let high = Self.mixed(seed.0 &+ number &* 0x9E37_79B9_7F4A_7C15)
        return UUIDText.text(high, Self.mixed(seed.1 ^ high))
    }

    /// Spreads a count over all bits (SplitMix64).
    private static func mixed(_ number: UInt64) -> UInt64 {
        var bits = (number ^ number >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }
}

import ClusterClient
import Glibc
import ObjectModel

/// Which part of a log is wanted, and how.
struct ContainerLogOptions: Sendable, Equatable {
    var follow = false
    var previous = false
    var timestamps = false
    var tailLines: Int?
    var limitBytes: Int?

    /// Entries before this are left out.
    var since: Timestamp?

    /// `stdout` or `stderr`; nil for both.
    var stream: String?

    init() {}

    init(_ request: APIRequest, now: Timestamp? = nil) throws(APIError) {
        func isOn(_ name: String) -> Bool { request.queryValue(name).map { $0 != "false" && $0 != "0" } ?? false }
        follow = isOn("follow")
        previous = isOn("previous")
        timestamps = isOn("timestamps")
        tailLines = try Self.number("tailLines", request)
        limitBytes = try Self.number("limitBytes", request)
        if let seconds = try Self.number("sinceSeconds", request) { since = (now ?? Self.systemNow()) + .seconds(-seconds) }
        if let text = request.queryValue("sinceTime"), !text.isEmpty {
            guard let time = Timestamp(rfc3339: text) else { throw APIError(.badRequest, "unable to parse sinceTime \"\(text)\"") }
            since = time
        }
        switch request.queryValue("stream") {
        case "Stdout": stream = "stdout"
        case "Stderr": stream = "stderr"
        default: break
        }
    }

    private static func systemNow() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    private static func number(_ name: String, _ request: APIRequest) throws(APIError) -> Int? {
        guard let text = request.queryValue(name), !text.isEmpty else { return nil }
        guard let number = Int(text), number >= 0 else { throw APIError(.badRequest, "invalid \(name) \"\(text)\"") }
        return number
    }
}

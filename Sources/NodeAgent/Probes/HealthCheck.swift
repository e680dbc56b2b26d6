import GRPCCore
import GRPCNIOTransportHTTP2

/// `grpc.health.v1.Health/Check`, of which the two messages have one field each.
enum HealthCheck {
    enum Status: Sendable, Equatable {
        case serving
        case other(UInt64)

        /// As the protocol names it.
        var name: String {
            switch self {
            case .serving: "SERVING"
            case .other(0): "UNKNOWN"
            case .other(2): "NOT_SERVING"
            case .other(3): "SERVICE_UNKNOWN"
            case .other(let number): String(number)
            }
        }
    }

    private static let method = MethodDescriptor(fullyQualifiedService: "grpc.health.v1.Health", method: "Check")

    static func check(host: String, port: Int, service: String, timeout: Duration) async throws -> Status {
        let target: any ResolvableTarget = host.contains(":") ? .ipv6(address: host, port: port) : .ipv4(address: host, port: port)
        let transport = try HTTP2ClientTransport.Posix(target: target, transportSecurity: .plaintext)
        var options = CallOptions.defaults
        options.timeout = timeout
        options.waitForReady = true
        return try await withGRPCClient(transport: transport) { [options] client in
            try await client.unary(
                request: ClientRequest(message: encode(service), metadata: ["user-agent": "kube-probe/1.36"]), descriptor: method,
                serializer: Bytes(), deserializer: Bytes(), options: options
            ) { response in decode(try response.message) }
        }
    }

    /// `message HealthCheckRequest { string service = 1; }`
    static func encode(_ service: String) -> [UInt8] {
        guard !service.isEmpty else { return [] }
        let name = Array(service.utf8)
        var length: [UInt8] = []
        var rest = name.count
        while rest >= 0x80 {
            length.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        length.append(UInt8(rest))
        return [0x0A] + length + name
    }

    /// `message HealthCheckResponse { ServingStatus status = 1; }`
    static func decode(_ bytes: [UInt8]) -> Status {
        guard bytes.first == 0x08 else { return .other(0) }
        var number: UInt64 = 0
        for (index, byte) in bytes.dropFirst().prefix(10).enumerated() {
            number |= UInt64(byte & 0x7F) << UInt64(7 * index)
            if byte & 0x80 == 0 { break }
        }
        return number == 1 ? .serving : .other(number)
    }

    /// Messages as they are.
    private struct Bytes: MessageSerializer, MessageDeserializer {
        func serialize<Output: GRPCContiguousBytes>(_ message: [UInt8]) -> Output { Output(message) }
        func deserialize<Input: GRPCContiguousBytes>(_ serialized: Input) -> [UInt8] { serialized.withUnsafeBytes { Array($0) } }
    }
}

/// Why no answer came from a server.
public struct HTTPSError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        /// No connection, or none that both sides trust.
        case cannotConnect

        /// The connection ended before the answer did.
        case connectionLost

        /// No answer within the time-out.
        case timeout

        /// The certificate, key or authority cannot be used, or the address is none.
        case unusable
    }

    public var code: Code
    public var message: String

    /// Whether the server cannot have seen the request: it may be sent again whatever it does.
    var isUnsent: Bool

    init(_ code: Code, _ message: String, isUnsent: Bool = false) {
        self.code = code
        self.message = message
        self.isUnsent = isUnsent
    }

    public var description: String { message }
}

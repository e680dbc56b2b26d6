/// What went wrong with a key, a certificate or a token, for the person who has to put it right.
public struct IdentityError: Error, Sendable, CustomStringConvertible {
    public var code: Code
    public var message: String

    public enum Code: Sendable {
        /// A file could not be read or written.
        case file

        /// A file, request or token is not of the form that it should have.
        case malformed

        /// Two things that belong together don't: a key and its certificate, a leaf and the authority.
        case mismatch

        /// A token's signature is not by one of our keys.
        case untrusted

        /// A token was for another audience, is not valid yet or no longer valid.
        case notValid

        /// The cryptography library refused.
        case cryptography
    }

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

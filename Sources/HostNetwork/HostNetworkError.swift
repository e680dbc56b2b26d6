import Glibc

/// What went wrong with the host's network, and where.
public struct HostNetworkError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable { case notPermitted, notFound, alreadyExists, unsupported, rejected, failed }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// A failed system call: what was tried and the kernel's reason.
    init(_ action: String, errno number: Int32) {
        code =
            switch number {
            case EPERM, EACCES: .notPermitted
            case ENOENT, ENODEV, ESRCH, EADDRNOTAVAIL: .notFound
            case EEXIST: .alreadyExists
            case EOPNOTSUPP, EPROTONOSUPPORT, ENOSYS: .unsupported
            default: .failed
            }
        message = "\(action): \(String(cString: strerror(number)))"
    }

    public var description: String { message }
}

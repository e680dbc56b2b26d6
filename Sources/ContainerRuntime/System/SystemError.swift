import Glibc

extension ContainerRuntimeError {
    /// A system call that failed; `what` says what was attempted, such as `can't write /a/b`.
    static func system(_ what: String, _ number: Int32 = errno) -> ContainerRuntimeError {
        ContainerRuntimeError(number == ENOENT ? .notFound : .system, "\(what): \(String(cString: strerror(number)))")
    }
}

/// A container can't be set up as its spec says. The pod waits with reason `CreateContainerConfigError` and this message; the cause may go away.
struct ContainerConfigError: Error, Sendable, Equatable, CustomStringConvertible {
    let message: String

    init(_ message: String) { self.message = message }

    var description: String { message }
}

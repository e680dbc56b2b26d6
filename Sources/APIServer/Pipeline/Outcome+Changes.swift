import HTTPServer

extension Outcome {
    /// The outcome with its answers changed. What is streamed or led elsewhere stays as it is.
    func changing(_ change: @escaping @Sendable (HTTPResponse) -> HTTPResponse) -> Outcome {
        changing(elsewhere: { _ in false }, change)
    }

    /// The same for a change that takes long with some answers: those are changed off the event loop.
    func changing(
        elsewhere isLong: @escaping @Sendable (HTTPResponse) -> Bool, _ change: @escaping @Sendable (HTTPResponse) -> HTTPResponse
    ) -> Outcome {
        switch self {
        case .respond(let response): isLong(response) ? .wait { await Self.changed(response, change) } : .respond(change(response))
        case .wait(let answer):
            .wait {
                let response = await answer()
                return isLong(response) ? await Self.changed(response, change) : change(response)
            }
        case .deferred(let later): .deferred { await later().changing(elsewhere: isLong, change) }
        case .stream, .tunnel, .forward: self
        }
    }

    /// Not by whoever prefers to carry out requests: that is the event loop.
    private static func changed(_ response: HTTPResponse, _ change: @escaping @Sendable (HTTPResponse) -> HTTPResponse) async -> HTTPResponse {
        await withTaskExecutorPreference(globalConcurrentExecutor) { await apply(change, response) }
    }

    /// An asynchronous function, for only those go where they are told to.
    private static func apply(_ change: @Sendable (HTTPResponse) -> HTTPResponse, _ response: HTTPResponse) async -> HTTPResponse {
        change(response)
    }
}

extension HTTPResponse {
    /// Answers up to this size are changed where they are.
    private static let longMin = 128 * 1024

    /// Whether it is worth going elsewhere to do something with every byte.
    var isLong: Bool { body.reduce(0) { $0 + $1.count } > Self.longMin }
}

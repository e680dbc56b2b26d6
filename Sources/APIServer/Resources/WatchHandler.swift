import ClusterClient
import ObjectModel

/// Answers WATCH: registers a watcher on the collection and lets it go when the client does.
struct WatchHandler: Sendable {
    let resource: ServedResource
    let revision: Int64
    let presenter: Presenter
    let deadlines: Deadlines

    /// How long a watch lasts without `timeoutSeconds`, at least; up to twice that, so that clients do not come back all at once.
    private static let durationMin = Duration.seconds(1800)

    func watch(_ info: RequestInfo, _ request: APIRequest) throws(APIError) -> Outcome {
        let form = try AnswerForm.negotiate(request.accept, resource.endpoint(isStream: true))
        let options = try ListOptions(request, resource, info)
        let encode = try presenter.encoder(form, resource, request)
        let start = start(options)
        let duration = options.timeout ?? Self.durationMin + .seconds(Int64.random(in: 0..<1800))
        let (resource, revision, deadlines) = (resource, revision, deadlines)
        return .stream(StreamHead(contentType: form.encoding.streamType)) { sink in
            let watcher = Watcher(
                options.selection, wantsBookmarks: options.wantsBookmarks, encode: encode, sink: sink, sizes: resource.eventSizes)
            let deadline = deadlines.add(duration) {
                resource.collection.remove(watcher)
                watcher.end()
            }
            do throws(APIError) {
                if options.sendsInitialEvents == true, let least = options.resourceVersion, least > revision {
                    throw ResourceReader.tooLarge(least, revision)
                }
                try resource.collection.add(watcher, start, currentRevision: revision)
            } catch {
                // A revision that is gone or not there yet is told as an event, not as an answer's status: clients look for it there.
                watcher.end(error)
            }
            sink.onClose {
                resource.collection.remove(watcher)
                deadlines.remove(deadline)
            }
        }
    }

    private func start(_ options: ListOptions) -> Collection.Start {
        if options.sendsInitialEvents == true { return .current(endsWithBookmark: options.wantsBookmarks) }
        guard let version = options.resourceVersion, version > 0 else {
            // A watch from nowhere tells what is there, and then that this was all, as one that asks for it.
            return options.sendsInitialEvents == false ? .after(revision) : .current(endsWithBookmark: options.wantsBookmarks)
        }
        return .after(version)
    }
}

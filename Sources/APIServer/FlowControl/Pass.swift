import ClusterClient
import NIOHTTP1
import ObjectModel
import Synchronization

extension FlowControl {
    /// A request's seats at its priority level, and what its answer says of them.
    struct Pass: Sendable {
        let schema: FlowSchema
        let level: PriorityLevel
        let levelUID: String

        /// What the level gives one request, at most.
        let seatsMax: Int
        var work = WorkEstimate()

        /// The level's queue that it is counted in, if the level has any.
        var queue: Int?

        /// What counts it among those that read or write.
        var kind = ReadsAndWrites.Kind.readOnly
        var all: ReadsAndWrites?

        /// When it was let in, and since when it has had its seats: who has waited must first be woken.
        var start = 0
        var seated = 0
        var watch: WatchCounts.Watch?

        mutating func begin(at now: Int, seated: Int, hasWaited: Bool = false) {
            (start, self.seated) = (now, seated)
            schema.counts.began(work)
            all?.change(kind, executing: 1, waiting: hasWaited ? -1 : 0, at: now)
        }

        private func end() {
            let now = MonotonicTime.now
            schema.counts.ended(work, after: now - start, isWatch: watch != nil)
            all?.change(kind, executing: -1, at: now)
            level.leave(work, queue: queue, since: seated, at: now)
        }

        /// Gives the seats back when the answer is there, or the watch has begun.
        func carry(_ outcome: Outcome) -> Outcome {
            switch outcome {
            case .respond(let response):
                end()
                return .respond(marked(response))
            case .wait(let answer):
                let seat = Seat(self)
                return .wait {
                    let response = await answer()
                    seat.leave()
                    return marked(response)
                }
            case .stream(let head, let begin):
                let seat = Seat(self)
                var marked = head
                mark(&marked.headers)
                return .stream(marked) { [watch] sink in
                    begin(sink)
                    seat.leave()
                    guard let watch else { return }
                    watch.begin()
                    sink.onClose { watch.end() }
                }
            case .deferred(let later):
                let seat = Seat(self)
                return .deferred {
                    let outcome = await later()
                    seat.leave()
                    return outcome
                }
            case .tunnel, .forward:
                end()
                return outcome
            }
        }

        /// 429, to be tried again in a second.
        func refuse(_ reason: PriorityLevel.Refusal) -> HTTPResponse {
            schema.counts.count(reason)
            let error = APIError(
                .tooManyRequests, "Too many requests, please try again later.", details: .init(retryAfter: .seconds(1)))
            return marked(Presenter.failure(error))
        }

        private func marked(_ response: HTTPResponse) -> HTTPResponse {
            var response = response
            mark(&response.headers)
            return response
        }

        private func mark(_ headers: inout HTTPHeaders) {
            headers.add(name: "x-kubernetes-pf-flowschema-uid", value: schema.uid)
            headers.add(name: "x-kubernetes-pf-prioritylevel-uid", value: levelUID)
            // Nobody on the way keeps an answer, unless it says how long it is good.
            if !headers.contains(name: "cache-control") { headers.add(name: "cache-control", value: "no-cache, private") }
        }

        /// Is given back once, at the latest when nobody knows of it any more: a watch of `HEAD` never begins.
        private final class Seat: Sendable {
            private let pass: Pass
            private let hasLeft = Atomic(false)

            init(_ pass: Pass) { self.pass = pass }
            deinit { leave() }

            func leave() {
                if !hasLeft.exchange(true, ordering: .acquiringAndReleasing) { pass.end() }
            }
        }
    }
}

import ClusterClient
import NIOHTTP1
import ObjectModel
import Synchronization

extension FlowControl {
    /// A request's seat at its priority level, and what its answer says of it.
    struct Pass: Sendable {
        let schema: FlowSchema
        let level: PriorityLevel
        let levelUID: String

        func begin() {
            schema.dispatched.add(1, ordering: .relaxed)
            schema.executing.add(1, ordering: .relaxed)
        }

        private func end() {
            schema.executing.subtract(1, ordering: .relaxed)
            level.leave()
        }

        /// Gives the seat back when the answer is there, or the watch has begun.
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
                return .stream(marked) { sink in
                    begin(sink)
                    seat.leave()
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
            schema.count(reason)
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

import ClusterClient
import Foundation
import HostNetwork
import ObjectModel
import Testing

@testable import ServiceNetwork

/// Changes while many Services are there. How long packets wait for one is printed, for a reader: a busy machine proves no bound.
@Suite(.enabled(if: canMakeNamespaces, "needs root and the CNI plugins"), .serialized, .timeLimit(.minutes(3)))
struct ManyServicesTests {
    private let count = ProcessInfo.processInfo.environment["APUS_SERVICES"].flatMap { Int($0) } ?? 1000

    private func address(_ index: Int) -> String { "10.97.\(index / 250).\(index % 250 + 1)" }

    private func fill(_ host: TestHost) {
        for index in 0..<count {
            host.api.put(.services, Make.service("s\(index)", clusterIP: address(index)))
            host.api.put(
                .endpointSlices, Make.slice("s\(index)", (1...3).map { Make.endpoint("10.244.\($0).\(index % 250 + 1)", node: "node-\($0)") }))
        }
    }

    @Test func `among a thousand Services a new one answers, at its changed port too, and is refused when it is gone`() async throws {
        let host = try await TestHost()
        let pod = try await host.addPod("a")
        let servers = [
            try await TestSocket.serve("a", on: 8080, in: pod.namespace), try await TestSocket.serve("b", on: 9090, in: pod.namespace),
        ]
        defer { servers.forEach { $0.close() } }
        fill(host)
        let clock = ContinuousClock()
        let begin = clock.now
        try await host.withProxy {
            print("start with \(count) services: \(clock.now - begin)")
            let new = IPAddress.v4(10, 96, 0, 99)
            var created: [Duration] = []
            var changed: [Duration] = []
            var deleted: [Duration] = []
            for _ in 1...10 {
                let start = clock.now
                host.api.put(.services, Make.service("new", clusterIP: "\(new)"))
                host.api.put(.endpointSlices, Make.slice("new", [Make.endpoint("\(pod.address)")]))
                try await eventually { await TestSocket.ask(new, 80, from: host.namespace).server == "a" }
                created.append(clock.now - start)
                let second = clock.now
                host.api.put(.endpointSlices, Make.slice("new", port: 9090, [Make.endpoint("\(pod.address)")]))
                try await eventually { await TestSocket.ask(new, 80, from: host.namespace).server == "b" }
                changed.append(clock.now - second)
                let third = clock.now
                host.api.delete(.services, namespace: "default", name: "new")
                host.api.delete(.endpointSlices, namespace: "default", name: "new-1")
                try await eventually { await TestSocket.ask(new, 80, from: host.namespace) == .refused }
                deleted.append(clock.now - third)
            }
            print("new: \(created.sorted()[5]) port: \(changed.sorted()[5]) gone: \(deleted.sorted()[5]) (medians of 10)")
            let last = clock.now
            for index in 0..<count {
                host.api.delete(.services, namespace: "default", name: "s\(index)")
                host.api.delete(.endpointSlices, namespace: "default", name: "s\(index)-1")
            }
            try await eventually { try await host.nftables.list(table: "apus")?.contains("10.97.") == false }
            print("\(count) deleted: \(clock.now - last)")
        }
    }

    @Test func `restarts and replacements lose no request and cut no connection`() async throws {
        let host = try await TestHost()
        let pod = try await host.addPod("a")
        let server = try await TestSocket.serve("a", on: 8080, in: pod.namespace)
        defer { server.close() }
        fill(host)
        let address = IPAddress.v4(10, 96, 0, 99)
        host.api.put(.services, Make.service("web", clusterIP: "\(address)"))
        host.api.put(.endpointSlices, Make.slice("web", [Make.endpoint("\(pod.address)")]))
        try await host.withProxy { #expect(await TestSocket.ask(address, 80, from: host.namespace).server == "a") }
        // The rules stand though nobody keeps them; a new proxy takes over five times while requests go on.
        let done = Guarded(false)
        let asker = Task { () -> [TestSocket.Answer] in
            var failures: [TestSocket.Answer] = []
            while !done.withLock({ $0 }) {
                let answer = await TestSocket.ask(address, 80, from: host.namespace)
                if answer.server != "a" { failures.append(answer) }
            }
            return failures
        }
        for _ in 1...5 {
            let other = host.anotherProxy()
            try await other.run { try await eventually { try await host.nftables.list(table: "apus")?.contains(other.mark) == true } }
        }
        done.withLock { $0 = true }
        #expect(await asker.value.isEmpty)
    }
}

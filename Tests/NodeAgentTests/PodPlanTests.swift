import ObjectModel
import Testing

@testable import NodeAgent

@Suite struct `A pod's plan` {
    func plan(_ pod: Pod, _ observation: PodObservation, probes: ProbeResults = .init(), backoff: CrashBackoff = .init(), now: Timestamp = testTime)
        -> PodPlan
    {
        PodPlan(.init(pod: pod, observation: observation, probes: probes, backoff: backoff, now: now))
    }

    @Test func `begins with a sandbox`() {
        let plan = plan(testPod(), PodObservation())
        #expect(plan.sandboxAttempt == 0)
        #expect(plan.starts.isEmpty)
    }

    @Test func `starts every main container once the sandbox stands`() {
        let pod = testPod("web", ["containers": [["name": "a"], ["name": "b"]]])
        #expect(plan(pod, PodObservation(sandboxes: [sandbox()])).starts.map(\.container.name) == ["a", "b"])
    }

    @Test func `leaves a pod alone that is as it should be`() {
        #expect(plan(testPod(), PodObservation(sandboxes: [sandbox()], containers: [running("main")])).isEmpty)
    }

    @Test func `makes a new sandbox when the old one died, and counts it`() {
        let plan = plan(testPod(), PodObservation(sandboxes: [sandbox(isReady: false)], containers: [exited("main", code: 137)]))
        #expect(plan.sandboxAttempt == 1)
        #expect(plan.killsPod)
    }

    @Test func `does not revive a pod that is never restarted`() {
        let pod = testPod("once", ["restartPolicy": "Never", "containers": [["name": "main"]]])
        let plan = plan(pod, PodObservation(sandboxes: [sandbox(isReady: false)], containers: [exited("main", code: 137)]))
        #expect(plan.sandboxAttempt == nil)
        #expect(plan.killsPod)
    }

    @Test func `runs init containers one after the other`() {
        let pod = testPod("init", ["initContainers": [["name": "one"], ["name": "two"]], "containers": [["name": "main"]]])
        var seen = PodObservation(sandboxes: [sandbox()])
        #expect(plan(pod, seen).starts.map(\.container.name) == ["one"])
        seen.put(running("one"))
        #expect(plan(pod, seen).isEmpty)
        seen.put(exited("one", code: 0))
        #expect(plan(pod, seen).starts.map(\.container.name) == ["two"])
        seen.put(exited("two", code: 0, at: testTime + .seconds(1)))
        #expect(plan(pod, seen).starts.map(\.container.name) == ["main"])
    }

    @Test func `goes on past a sidecar once its startup probe succeeded`() {
        let sidecar: Value = ["name": "proxy", "restartPolicy": "Always", "startupProbe": ["tcpSocket": ["port": 1]]]
        let pod = testPod("mesh", ["initContainers": [sidecar], "containers": [["name": "main"]]])
        let seen = PodObservation(sandboxes: [sandbox()], containers: [running("proxy")])
        #expect(plan(pod, seen).isEmpty)
        var probes = ProbeResults()
        probes[.startup, "proxy-0"] = true
        #expect(plan(pod, seen, probes: probes).starts.map(\.container.name) == ["main"])
    }

    @Test func `fails a pod whose init container failed and is never restarted`() {
        let pod = testPod("init", ["restartPolicy": "Never", "initContainers": [["name": "one"]], "containers": [["name": "main"]]])
        #expect(plan(pod, PodObservation(sandboxes: [sandbox()], containers: [exited("one", code: 1)])).killsPod)
    }

    @Test func `ends the pod when nothing of it will run again`() {
        let pod = testPod("job", ["restartPolicy": "OnFailure", "containers": [["name": "main"]]])
        #expect(plan(pod, PodObservation(sandboxes: [sandbox()], containers: [exited("main", code: 0)])).killsPod)
        #expect(plan(pod, PodObservation(sandboxes: [sandbox()], containers: [exited("main", code: 2)])).starts.map(\.attempt) == [1])
    }

    @Test func `lets a container that crashes again wait longer and longer`() {
        var backoff = CrashBackoff()
        var now = testTime
        var pauses: [Duration] = []
        for attempt in 0..<8 {
            let seen = PodObservation(sandboxes: [sandbox()], containers: [exited("main", code: 1, attempt: attempt, at: now)])
            let first = plan(testPod(), seen, backoff: backoff, now: now)
            if let waiting = first.backoffs["main"] {
                pauses.append(waiting.pause)
                #expect(first.wakesAt == waiting.until)
                now = waiting.until
            }
            #expect(plan(testPod(), seen, backoff: backoff, now: now).starts.map(\.attempt) == [attempt + 1])
            backoff.restarted("main", finishedAt: now, now: now)
        }
        #expect(pauses == [10, 20, 40, 80, 160, 300, 300].map { .seconds($0) })
    }

    @Test func `forgets crashes after ten quiet minutes`() {
        var backoff = CrashBackoff()
        backoff.restarted("main", finishedAt: testTime, now: testTime)
        let later = testTime + .seconds(601)
        #expect(backoff.verdict("main", finishedAt: later, now: later) == .start)
    }

    @Test func `kills a container whose liveness probe fails`() {
        let pod = testPod("web", ["containers": [["name": "main", "livenessProbe": ["tcpSocket": ["port": 1]]]]])
        var probes = ProbeResults()
        probes[.liveness, "main-0"] = false
        let plan = plan(pod, PodObservation(sandboxes: [sandbox()], containers: [running("main")]), probes: probes)
        #expect(plan.kills.map(\.message) == ["Container main failed liveness probe, will be restarted"])
    }

    @Test func `follows a container's own restart rules`() {
        let rules: Value = [["action": "Restart", "exitCodes": ["operator": "In", "values": [42]]]]
        let pod = testPod(
            "rules", ["restartPolicy": "Never", "containers": [["name": "main", "restartPolicy": "Never", "restartPolicyRules": rules]]])
        #expect(plan(pod, PodObservation(sandboxes: [sandbox()], containers: [exited("main", code: 42)])).starts.count == 1)
        #expect(plan(pod, PodObservation(sandboxes: [sandbox()], containers: [exited("main", code: 1)])).killsPod)
    }
}

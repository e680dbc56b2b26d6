import ObjectModel
import Testing

@testable import NodeAgent

@Suite struct `A pod's status` {
    func input(_ pod: Pod, _ observation: PodObservation = .init(), previous: Value = .null) -> StatusInput {
        StatusInput(pod: pod, previous: previous, observation: observation, hostIPs: ["192.0.2.1"], now: testTime)
    }

    func condition(_ status: Value, _ type: String) -> Value { status["conditions"].array.first { $0["type"].string == type } ?? .null }

    @Test func `is pending while containers are made`() {
        let status = PodStatus(input(testPod())).value
        #expect(status["phase"] == "Pending")
        #expect(status["containerStatuses"][0]["state"]["waiting"]["reason"] == "ContainerCreating")
        #expect(condition(status, "Ready")["message"] == "containers with unready status: [main]")
        #expect(condition(status, "PodReadyToStartContainers")["status"] == "False")
        #expect(condition(status, "Initialized")["status"] == "True")
        #expect(status["startTime"] == .string(testTime.rfc3339))
        #expect(status["qosClass"] == "BestEffort")
    }

    @Test func `is ready with running containers`() {
        let status = PodStatus(input(testPod(), PodObservation(sandboxes: [sandbox()], containers: [running("main")]))).value
        #expect(status["phase"] == "Running")
        #expect(status["podIP"] == "10.0.0.5")
        #expect(status["hostIP"] == "192.0.2.1")
        #expect(condition(status, "Ready")["status"] == "True")
        let container = status["containerStatuses"][0]
        #expect(container["ready"] == true)
        #expect(container["started"] == true)
        #expect(container["containerID"] == "containerd://main-0")
    }

    @Test func `waits for readiness gates`() {
        let pod = testPod("gated", ["readinessGates": [["conditionType": "example.com/lb"]], "containers": [["name": "main"]]])
        let seen = PodObservation(sandboxes: [sandbox()], containers: [running("main")])
        let unmet = PodStatus(input(pod, seen)).value
        #expect(condition(unmet, "Ready")["message"] == "corresponding condition of pod readiness gate \"example.com/lb\" does not exist.")
        let met = PodStatus(input(pod, seen, previous: ["conditions": [["type": "example.com/lb", "status": "True"]]])).value
        #expect(condition(met, "Ready")["status"] == "True")
    }

    @Test func `tells of a crash loop and of the crash before`() {
        var input = input(testPod(), PodObservation(sandboxes: [sandbox()], containers: [exited("main", code: 3, attempt: 2)]))
        input.waiting["main"] = WaitingReason(
            reason: "CrashLoopBackOff", message: "back-off 20s restarting failed container=main pod=web_default(uid-web)")
        let container = PodStatus(input).value["containerStatuses"][0]
        #expect(container["state"]["waiting"]["reason"] == "CrashLoopBackOff")
        #expect(container["lastState"]["terminated"]["exitCode"] == 3)
        #expect(container["restartCount"] == 2)
        #expect(PodStatus(input).phase == .running)
    }

    @Test func `is over when every container ended for good`() {
        let pod = testPod("job", ["restartPolicy": "Never", "containers": [["name": "a"], ["name": "b"]]])
        let good = PodObservation(sandboxes: [sandbox()], containers: [exited("a", code: 0), exited("b", code: 0)])
        let bad = PodObservation(sandboxes: [sandbox()], containers: [exited("a", code: 0), exited("b", code: 1)])
        #expect(PodStatus(input(pod, good)).phase == .succeeded)
        #expect(PodStatus(input(pod, bad)).phase == .failed)
        #expect(condition(PodStatus(input(pod, good)).value, "Ready")["reason"] == "PodCompleted")
    }

    @Test func `does not come back from its end`() {
        let seen = PodObservation(sandboxes: [sandbox()], containers: [running("main")])
        #expect(PodStatus(input(testPod(), seen, previous: ["phase": "Failed"])).phase == .failed)
    }

    @Test func `counts init containers`() {
        let pod = testPod("init", ["initContainers": [["name": "one"]], "containers": [["name": "main"]]])
        let before = PodStatus(input(pod, PodObservation(sandboxes: [sandbox()], containers: [running("one")]))).value
        #expect(before["phase"] == "Pending")
        #expect(before["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing")
        #expect(condition(before, "Initialized")["message"] == "containers with incomplete status: [one]")
        let seen = PodObservation(sandboxes: [sandbox()], containers: [running("main"), exited("one", code: 0)])
        let after = PodStatus(input(pod, seen)).value
        #expect(after["phase"] == "Running")
        #expect(after["initContainerStatuses"][0]["ready"] == true)
    }

    @Test func `keeps transition times while nothing changes, and then patches nothing`() {
        let pod = testPod()
        let first = PodStatus(input(pod)).value
        var later = input(pod, previous: first)
        later.now = testTime + .seconds(60)
        let second = PodStatus(later).value
        #expect(PodStatusPatch.make(uid: pod.uid, from: first, to: second) == nil)
    }

    @Test func `takes away why a condition did not hold, once it does`() {
        let pod = testPod()
        let first = PodStatus(input(pod)).value
        let second = PodStatus(input(pod, PodObservation(sandboxes: [sandbox()], containers: [running("main")]), previous: first)).value
        let ready = PodStatusPatch.make(uid: pod.uid, from: first, to: second)?.status["conditions"].array.first { $0["type"].string == "Ready" }
        #expect(ready?["status"] == "True")
        #expect(ready?.fields["reason"] == .some(.null))
        #expect(ready?.fields["message"] == .some(.null))
    }

    @Test func `patches only what changed`() {
        let pod = testPod()
        let first = PodStatus(input(pod)).value
        let second = PodStatus(input(pod, PodObservation(sandboxes: [sandbox()]), previous: first)).value
        let patch = PodStatusPatch.make(uid: pod.uid, from: first, to: second)
        #expect(patch?["metadata"]["uid"] == "uid-web")
        #expect(patch?.status["podIP"] == "10.0.0.5")
        #expect(patch?.status["phase"].isNull == true)
        #expect(patch?.status["conditions"].array.map { $0["type"].string } == ["PodReadyToStartContainers"])
    }
}

import KubernetesAPI
import ObjectModel
import Schema
import Testing

@Suite struct StrategicMergePatchTests {
    func patch(_ original: Value, _ patch: Value, kind: String = "Pod") throws -> Value {
        let type = try #require(Catalog.builtIn.kind(group: kind == "Deployment" ? "apps" : "", version: "v1", kind: kind)?.type)
        return try StrategicMergePatch.apply(patch, to: original, type: type)
    }

    func failure(_ original: Value, _ patch: Value) -> APIError? {
        do {
            _ = try self.patch(original, patch)
            return nil
        } catch { return error as? APIError }
    }

    let pod: Value = [
        "metadata": ["name": "p", "labels": ["a": "1"], "finalizers": ["x", "y"]],
        "spec": [
            "containers": [["name": "one", "image": "i:1", "args": ["a"]], ["name": "two", "image": "i:2"]],
            "nodeName": "n",
        ],
    ]

    @Test func `objects merge, null removes, lists without a key are replaced`() throws {
        let patched = try patch(
            pod,
            [
                "metadata": ["labels": ["a": "2", "b": "3"]],
                "spec": .object(["nodeName": .null, "containers": [["name": "one", "args": ["b", "c"]]]]),
            ])
        #expect(patched["metadata"]["labels"] == ["a": "2", "b": "3"])
        #expect(patched["spec"]["nodeName"].isNull)
        #expect(patched["spec"]["containers"] == [["name": "one", "image": "i:1", "args": ["b", "c"]], ["name": "two", "image": "i:2"]])
    }

    @Test func `elements merge by key and new ones go to the end`() throws {
        let patched = try patch(pod, ["spec": ["containers": [["name": "two", "image": "i:3"], ["name": "new", "image": "n"]]]])
        #expect(
            patched["spec"]["containers"].array.map(\.fields) == [
                ["name": "one", "image": "i:1", "args": ["a"]], ["name": "two", "image": "i:3"], ["name": "new", "image": "n"],
            ])
    }

    @Test func `elements with a delete directive go, a replace directive replaces the list`() throws {
        let deleted = try patch(pod, ["spec": ["containers": [["$patch": "delete", "name": "one"]]]])
        #expect(deleted["spec"]["containers"].array.map { $0["name"] } == ["two"])
        let replaced = try patch(pod, ["spec": ["containers": [["$patch": "replace"], ["name": "only", "image": "i"]]]])
        #expect(replaced["spec"]["containers"] == [["name": "only", "image": "i"]])
    }

    @Test func `objects can be replaced or emptied`() throws {
        #expect(try patch(pod, ["metadata": ["labels": ["$patch": "replace", "z": "9"]]])["metadata"]["labels"] == ["z": "9"])
        #expect(try patch(pod, ["metadata": ["labels": ["$patch": "delete"]]])["metadata"]["labels"] == [:])
    }

    @Test func `lists of scalars become the union, and elements can be taken out`() throws {
        #expect(try patch(pod, ["metadata": ["finalizers": ["y", "z"]]])["metadata"]["finalizers"] == ["x", "y", "z"])
        #expect(try patch(pod, ["metadata": ["$deleteFromPrimitiveList/finalizers": ["x"]]])["metadata"]["finalizers"] == ["y"])
        let both = try patch(
            pod,
            [
                "metadata": ["$deleteFromPrimitiveList/finalizers": ["x"], "$setElementOrder/finalizers": ["z", "y"], "finalizers": ["z"]]
            ])
        #expect(both["metadata"]["finalizers"] == ["z", "y"])
    }

    @Test func `an element order is obeyed and what only the server has keeps its place`() throws {
        let original: Value = ["spec": ["containers": [["name": "a"], ["name": "b"], ["name": "c"], ["name": "d"]]]]
        let patched = try patch(
            original,
            [
                "spec": [
                    "$setElementOrder/containers": [["name": "c"], ["name": "new"], ["name": "a"]], "containers": [["name": "new", "image": "n"]],
                ]
            ])
        #expect(patched["spec"]["containers"].array.map { $0["name"].string } == ["b", "c", "new", "a", "d"])
        #expect(patched["spec"].fields.keys == ["containers"])
    }

    @Test func `retainKeys clears the rest of a union`() throws {
        let deployment: Value = ["spec": ["strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1]]]]
        let patched = try patch(deployment, ["spec": ["strategy": ["$retainKeys": ["type"], "type": "Recreate"]]], kind: "Deployment")
        #expect(patched == ["spec": ["strategy": ["type": "Recreate"]]])

        let volumes: Value = ["spec": ["volumes": [["name": "v", "emptyDir": [:]]]]]
        let changed = try patch(volumes, ["spec": ["volumes": [["$retainKeys": ["name", "hostPath"], "name": "v", "hostPath": ["path": "/"]]]]])
        #expect(changed == ["spec": ["volumes": [["name": "v", "hostPath": ["path": "/"]]]]])
    }

    @Test func `what is new comes without directives and nulls`() throws {
        let patched = try patch(
            ["spec": [:]],
            [
                "spec": [
                    "containers": [["name": "a", "command": .null], ["$patch": "delete", "name": "b"]],
                    "securityContext": ["$retainKeys": ["runAsUser"], "runAsUser": 1],
                ]
            ])
        #expect(patched == ["spec": ["containers": [["name": "a"]], "securityContext": ["runAsUser": 1]]])
    }

    @Test func `mistakes are told in upstream's words`() {
        let missing = failure(pod, ["spec": ["containers": [["image": "i"]]]])
        #expect(missing?.message == "map: map[image:i] does not contain declared merge key: name")
        #expect(missing?.code == 500)
        #expect(
            failure(pod, ["spec": ["containers": [["$patch": "what", "name": "one"]]]])?.message
                == "unknown patch type: what in map: map[$patch:what name:one]")
        #expect(failure(pod, ["spec": ["$retainKeys": "x"]])?.message == "invalid patch format of retainKeys")
        #expect(failure(pod, ["spec": ["$setElementOrder/containers": "x"]])?.code == 400)
        #expect(failure(pod, ["metadata": ["$deleteFromPrimitiveList/finalizers": "x"]])?.message == "invalid patch format of primitive list")
        #expect(failure(pod, "x")?.message == "invalid JSON document")
    }
}

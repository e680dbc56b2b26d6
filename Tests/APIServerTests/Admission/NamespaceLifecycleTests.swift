import APIServer
import ClusterClient
import ObjectModel
import Testing

@Suite struct NamespaceLifecycleTests {
    let plugin = NamespaceLifecycle()

    @Test func `nothing is created in a namespace that is not there`() {
        let error = #expect(throws: APIError.self) { try plugin.admit(creating(pod([:])), StoredObjects()) }
        #expect(error?.code == 404)
        #expect(error?.message == "namespaces \"default\" not found")
        #expect(error?.details?.kind == "namespaces")
    }

    @Test func `nothing is created in a namespace that is going away, and the cause says so`() {
        let stored = StoredObjects(namespace("default", phase: "Terminating"))
        let error = #expect(throws: APIError.self) { try plugin.admit(creating(pod([:])), stored) }
        #expect(error?.code == 403)
        #expect(
            error?.message
                == "pods \"web\" is forbidden: unable to create new content in namespace default because it is being terminated")
        #expect(
            error?.details?.causes == [
                .init(reason: "NamespaceTerminating", message: "namespace default is being terminated", field: "metadata.namespace")
            ])
    }

    @Test func `objects in a namespace that is going away can still be changed and deleted`() throws {
        let stored = StoredObjects(namespace("default", phase: "Terminating"))
        _ = try plugin.admit(updating(pod([:]), to: pod([:])), stored)
        var deletion = creating(.null)
        deletion.operation = .delete
        _ = try plugin.admit(deletion, StoredObjects())
    }

    @Test(arguments: ["default", "kube-system", "kube-public"])
    func `three namespaces can't be deleted`(name: String) {
        let request = AdmissionRequest(operation: .delete, resource: .namespaces, name: name, user: alice)
        let error = #expect(throws: APIError.self) { try plugin.admit(request, StoredObjects()) }
        #expect(error?.message == "namespaces \"\(name)\" is forbidden: this namespace may not be deleted")
    }

    @Test func `any other namespace can be deleted`() throws {
        _ = try plugin.admit(AdmissionRequest(operation: .delete, resource: .namespaces, name: "team", user: alice), StoredObjects())
    }
}

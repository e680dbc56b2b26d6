import APIServer
import ClusterClient
import Identity
import ObjectModel
import Testing

@Suite struct NodeRestrictionTests {
    let plugin = NodeRestriction()
    let node = UserInfo(name: "system:node:n1", groups: ["system:nodes", "system:authenticated"])

    func message(_ request: AdmissionRequest, _ stored: StoredObjects = StoredObjects()) -> String? {
        do {
            _ = try plugin.admit(request, stored)
            return nil
        } catch {
            return error.message
        }
    }

    func mirror(_ spec: Value = [:], node: String = "n1") -> Value {
        var object = pod(spec)
        object.metadata["annotations"]["kubernetes.io/config.mirror"] = "x"
        object.spec["nodeName"] = .string(node)
        return object
    }

    @Test func `a node creates mirror pods of its own only`() {
        #expect(message(creating(mirror(), user: node)) == nil)
        #expect(
            message(creating(pod([:]), user: node))
                == "pods \"web\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, node \"n1\" can only create mirror pods")
        #expect(
            message(creating(mirror(node: "n2"), user: node))
                == "pods \"web\" is forbidden: node \"n1\" can only create pods with spec.nodeName set to itself")
        #expect(
            message(creating(mirror(["volumes": [["name": "v", "configMap": ["name": "c"]]]]), user: node))
                == "pods \"web\" is forbidden: node \"n1\" can not create pods that reference configmaps")
    }

    @Test func `a node tells of its own pods only`() {
        var request = updating(pod(["nodeName": "n1"]), to: pod(["nodeName": "n1"]), user: node)
        request.subresource = "status"
        #expect(message(request) == nil)
        request.oldObject = pod(["nodeName": "n2"])
        #expect(message(request)?.hasSuffix("node \"n1\" can only update pod status for pods with spec.nodeName set to itself") == true)
        request.oldObject = pod(["nodeName": "n1"])
        request.object.metadata["labels"]["a"] = "b"
        #expect(message(request)?.hasSuffix("node \"n1\" cannot update labels through pod status") == true)
    }

    @Test func `a node changes its own Node, but neither taints nor reserved labels`() {
        let own: Value = ["metadata": ["name": "n1", "labels": ["kubernetes.io/hostname": "n1"]], "spec": [:]]
        #expect(message(creating(own, .nodes, namespace: "", user: node)) == nil)
        var labelled = own
        labelled.metadata["labels"]["node-restriction.kubernetes.io/tier"] = "secret"
        #expect(
            message(creating(labelled, .nodes, namespace: "", user: node))?
                .hasSuffix("node \"n1\" is not allowed to set the following labels: node-restriction.kubernetes.io/tier") == true)
        #expect(
            message(updating(own, to: labelled, .nodes, namespace: "", user: node))?
                .hasSuffix("is not allowed to modify labels: node-restriction.kubernetes.io/tier") == true)
        var tainted = own
        tainted.spec["taints"] = [["key": "a", "effect": "NoSchedule"]]
        #expect(
            message(updating(tainted, to: own, .nodes, namespace: "", user: node))?.hasSuffix("node \"n1\" is not allowed to modify taints") == true)
        let other: Value = ["metadata": ["name": "n2"]]
        #expect(
            message(updating(other, to: other, .nodes, namespace: "", user: node))
                == "nodes \"n2\" is forbidden: node \"n1\" is not allowed to modify node \"n2\"")
        #expect(message(updating(own, to: tainted, .nodes, namespace: "")) == nil)
    }

    @Test func `a node gets tokens for its pods only`() {
        var bound = pod(["nodeName": "n1"])
        bound.metadata["uid"] = "u"
        func token(_ reference: Value) -> AdmissionRequest {
            var request = creating(["spec": ["boundObjectRef": reference]], .serviceAccounts, user: node)
            request.name = "default"
            request.subresource = "token"
            return request
        }
        let good: Value = ["kind": "Pod", "apiVersion": "v1", "name": "web", "uid": "u"]
        #expect(message(token(good), StoredObjects((.pods, bound))) == nil)
        #expect(message(token(.null))?.hasSuffix("node requested token not bound to a pod") == true)
        #expect(message(token(good)) == "pods \"web\" not found")
        bound.spec["nodeName"] = "n2"
        #expect(
            message(token(good), StoredObjects((.pods, bound)))?.hasSuffix("node requested token bound to a pod scheduled on a different node")
                == true)
    }
}

@Suite struct CertificateAdmissionTests {
    let requests = Resource(
        group: "certificates.k8s.io", version: "v1", plural: "certificatesigningrequests", kind: "CertificateSigningRequest", isNamespaced: false)
    let roles = RoleBasedAuthorizer()

    func signingRequest(_ leaf: Leaf) throws -> Value {
        [
            "metadata": ["name": "csr"],
            "spec": [
                "signerName": "kubernetes.io/kube-apiserver-client", "request": .string(Base64.encode(try SigningRequest.make(leaf).requestPEM.utf8)),
            ],
        ]
    }

    @Test func `approval takes the permission for the signer`() throws {
        let object = try signingRequest(.client("bob"))
        var request = updating(object, to: object, requests, namespace: "")
        request.subresource = "approval"
        let error = #expect(throws: APIError.self) { try CertificateApproval(authorizer: roles).admit(request, StoredObjects()) }
        #expect(error?.message.hasSuffix("user not permitted to approve requests with signerName \"kubernetes.io/kube-apiserver-client\"") == true)
        roles.role("approver", [rule(["approve"], ["signers"], groups: ["certificates.k8s.io"], names: ["kubernetes.io/*"])])
        roles.bind("b", "approver", user("alice"))
        _ = try CertificateApproval(authorizer: roles).admit(request, StoredObjects())
    }

    @Test func `nobody asks for a certificate of the masters`() throws {
        _ = try CertificateSubjectRestriction().admit(creating(try signingRequest(.client("bob")), requests, namespace: ""), StoredObjects())
        let error = #expect(throws: APIError.self) {
            try CertificateSubjectRestriction().admit(creating(try signingRequest(.admin), requests, namespace: ""), StoredObjects())
        }
        #expect(error?.message.hasSuffix("use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed") == true)
    }
}

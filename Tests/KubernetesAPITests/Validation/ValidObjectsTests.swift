import KubernetesAPI
import ObjectModel
import Testing

/// Rules that are too strict break real users: what upstream took must pass.
@Suite struct ValidObjectsTests {
    @Test(arguments: DefaultsTests.examples) func `what upstream accepted is right`(_ example: DefaultsTests.Example) throws {
        #expect(try Rule.problems(Self.prepared(example.expected)) == [])
    }

    @Test(arguments: DefaultsTests.examples) func `writing the same again is right`(_ example: DefaultsTests.Example) throws {
        #expect(try Rule.problems(Self.prepared(example.expected), old: Self.prepared(example.expected)) == [])
    }

    /// As the server hands it to validation: in a namespace, a service's address is in the list too, and a job selects its own pods by then.
    private static func prepared(_ object: Value) -> Value {
        var job = object
        if object.kind == "Service", let address = object["spec"]["clusterIP"].string { job["spec"]["clusterIPs"] = [.string(address)] }
        job.metadata["namespace"] = "default"
        guard object.kind == "Job" else { return job }
        job.metadata["uid"] = "u"
        job["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"] = "u"
        for (label, value) in [("controller-uid", "u"), ("job-name", object.name)] {
            for prefix in ["", "batch.kubernetes.io/"] { job["spec"]["template"]["metadata"]["labels"][prefix + label] = .string(value) }
        }
        return job
    }
}

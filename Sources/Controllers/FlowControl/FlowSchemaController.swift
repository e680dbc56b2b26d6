import ClusterClient
import ObjectModel

/// Tells of each FlowSchema whether its priority level exists: the condition `Dangling`. One that dangles classifies nothing.
public struct FlowSchemaController: Controller {
    private let context: ControllerContext
    private let schemas: Informer
    private let levels: Informer
    private let queue = WorkQueue()

    private static let byLevel = "level"

    public init(_ context: ControllerContext) {
        self.context = context
        schemas = context.informers.informer(.flowSchemas)
        levels = context.informers.informer(.priorityLevelConfigurations)
        schemas.addIndex(Self.byLevel) { [Self.level($0)] }
        schemas.onChange { [queue] change in
            if let schema = change.new { queue.enqueue(schema.name) }
        }
        levels.onChange { [queue, schemas] change in
            for schema in schemas.indexed(Self.byLevel, change.object.name) { queue.enqueue(schema.name) }
        }
    }

    public func run() async {
        await context.loop("flow-schema-controller", queue: queue, workers: 1, reconcile: reconcile).run(after: [schemas, levels])
    }

    @Sendable private static func level(_ schema: Value) -> String { schema.spec["priorityLevelConfiguration"]["name"].string ?? "" }

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard let schema = schemas.get(key), !schema.isBeingDeleted else { return nil }
        let level = Self.level(schema)
        let isThere = levels.get(level) != nil
        let reference = "This FlowSchema references the PriorityLevelConfiguration object named \"\(level)\""
        var condition: Value = [
            "type": "Dangling", "status": isThere ? "False" : "True", "reason": isThere ? "Found" : "NotFound",
            "message": .string(isThere ? reference + " and it exists" : reference + " but there is no such object"),
        ]
        var conditions = schema["status"]["conditions"].array
        let index = conditions.firstIndex { $0["type"].string == "Dangling" }
        if let index, conditions[index]["message"] == condition["message"], conditions[index]["status"] == condition["status"] { return nil }
        condition["lastTransitionTime"] = .string(context.now().rfc3339)
        if let index { conditions[index] = condition } else { conditions.append(condition) }
        var changed = schema
        changed["status"]["conditions"] = .array(conditions)
        try await context.client.update(.flowSchemas, changed, subresource: "status")
        return nil
    }
}

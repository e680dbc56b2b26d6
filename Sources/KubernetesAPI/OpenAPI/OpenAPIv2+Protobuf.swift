import ObjectModel
import Schema

/// The document as a protobuf message, `openapi.v2.Document`. Clients in Go ask for nothing else: kubectl up to 1.27 can't read it as JSON.
extension OpenAPIv2 {
    /// What clients ask for.
    public static let protobufMediaType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

    /// What the answer says it is: with a dot, because `@` may not stand in a media type.
    public static let protobufContentType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

    /// `/openapi/v2` as protobuf. Make it once.
    public func protobuf() -> [UInt8] {
        let document = value()
        var message = ProtobufWriter()
        message.add(1, document["swagger"].string)
        message.message(2) {
            $0.add(1, document["info"]["title"].string)
            $0.add(2, document["info"]["version"].string)
        }
        message.message(8) { paths in
            for (path, item) in document["paths"].fields { Self.named(2, path, &paths) { Self.pathItem(item, &$0) } }
        }
        message.message(9) { Self.schemas(document["definitions"], &$0) }
        return message.bytes
    }

    // MARK: Paths

    private static let methods: KeyValuePairs = ["get": 2, "put": 3, "post": 4, "delete": 5, "options": 6, "head": 7, "patch": 8]

    private static func pathItem(_ item: Value, _ message: inout ProtobufWriter) {
        for (method, number) in methods where item[method].isObject { message.message(number) { operation(item[method], &$0) } }
    }

    private static func operation(_ operation: Value, _ message: inout ProtobufWriter) {
        message.add(1, each: operation["tags"].strings)
        message.add(3, operation["description"].string)
        message.add(5, operation["operationId"].string)
        message.add(6, each: operation["produces"].strings)
        message.add(7, each: operation["consumes"].strings)
        for item in operation["parameters"].array { message.message(8) { $0.message(1) { parameter(item, &$0) } } }
        message.message(9) { responses in
            for (code, item) in operation["responses"].fields { named(1, code, &responses) { $0.message(1) { response(item, &$0) } } }
        }
        message.add(10, each: operation["schemes"].strings)
        addExtensions(of: operation, 13, to: &message)
    }

    private static func parameter(_ parameter: Value, _ message: inout ProtobufWriter) {
        guard parameter["in"] != "body" else {
            return message.message(1) { body in
                body.add(1, parameter["description"].string)
                body.add(2, parameter["name"].string)
                body.add(3, "body")
                body.add(4, parameter["required"].bool)
                body.message(5) { schema(parameter["schema"], &$0) }
            }
        }
        // In a path and in a query, parameters are the same but for the numbers behind the fourth.
        let isInPath = parameter["in"] == "path"
        message.message(2) {
            $0.message(isInPath ? 4 : 3) { other in
                other.add(1, parameter["required"].bool)
                other.add(2, parameter["in"].string)
                other.add(3, parameter["description"].string)
                other.add(4, parameter["name"].string)
                other.add(isInPath ? 5 : 6, parameter["type"].string)
                other.add(isInPath ? 19 : 20, parameter["uniqueItems"].bool)
            }
        }
    }

    private static func response(_ response: Value, _ message: inout ProtobufWriter) {
        message.add(1, response["description"].string)
        if response["schema"].isObject { message.message(2) { $0.message(1) { schema(response["schema"], &$0) } } }
    }

    // MARK: Schemas

    /// Both `Definitions` and `Properties`.
    private static func schemas(_ schemas: Value, _ message: inout ProtobufWriter) {
        for (name, item) in schemas.fields { named(1, name, &message) { schema(item, &$0) } }
    }

    private static func schema(_ value: Value, _ message: inout ProtobufWriter) {
        message.add(1, value["$ref"].string)
        message.add(2, value["format"].string)
        message.add(4, value["description"].string)
        if let initial = value.fields["default"] { message.message(5) { any(initial, &$0) } }
        message.add(19, each: value["required"].strings)
        for choice in value["enum"].array { message.message(20) { any(choice, &$0) } }
        if value["additionalProperties"].isObject { message.message(21) { $0.message(1) { schema(value["additionalProperties"], &$0) } } }
        if let type = value["type"].string { message.message(22) { $0.add(1, type) } }
        if value["items"].isObject { message.message(23) { $0.message(1) { schema(value["items"], &$0) } } }
        if value["properties"].isObject { message.message(25) { schemas(value["properties"], &$0) } }
        addExtensions(of: value, 31, to: &message)
    }

    // MARK: Shared

    /// An entry of what is a map in JSON.
    private static func named(_ number: Int, _ name: String, _ message: inout ProtobufWriter, _ value: (inout ProtobufWriter) -> Void) {
        message.message(number) {
            $0.add(1, name)
            $0.message(2, value)
        }
    }

    private static func addExtensions(of value: Value, _ number: Int, to message: inout ProtobufWriter) {
        for (name, item) in value.fields where name.hasPrefix("x-") { named(number, name, &message) { any(item, &$0) } }
    }

    /// Any value travels as YAML, which JSON is a form of.
    private static func any(_ value: Value, _ message: inout ProtobufWriter) { message.add(2, value.description) }
}

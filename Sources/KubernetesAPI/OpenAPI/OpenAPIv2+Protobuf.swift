import ObjectModel

/// The document as a protobuf message, `openapi.v2.Document`. Clients in Go ask for nothing else: kubectl up to 1.27 can't read it as JSON.
extension OpenAPIv2 {
    /// What clients ask for.
    public static let protobufMediaType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

    /// What the answer says it is: with a dot, because `@` may not stand in a media type.
    public static let protobufContentType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

    /// `/openapi/v2` as protobuf. Make it once.
    public func protobuf() -> [UInt8] {
        let document = value()
        return ProtobufMessage { message in
            message.add(1, document["swagger"].string)
            message.add(
                2,
                ProtobufMessage {
                    $0.add(1, document["info"]["title"].string)
                    $0.add(2, document["info"]["version"].string)
                })
            message.add(
                8, ProtobufMessage { paths in for (path, item) in document["paths"].fields { paths.add(2, Self.named(path, Self.pathItem(item))) } })
            message.add(9, Self.schemas(document["definitions"]))
        }.bytes
    }

    // MARK: Paths

    private static let methods: KeyValuePairs = ["get": 2, "put": 3, "post": 4, "delete": 5, "options": 6, "head": 7, "patch": 8]

    private static func pathItem(_ item: Value) -> ProtobufMessage {
        ProtobufMessage { message in
            for (method, number) in methods where item[method].isObject { message.add(number, operation(item[method])) }
        }
    }

    private static func operation(_ operation: Value) -> ProtobufMessage {
        ProtobufMessage { message in
            message.add(1, each: operation["tags"].strings)
            message.add(3, operation["description"].string)
            message.add(5, operation["operationId"].string)
            message.add(6, each: operation["produces"].strings)
            message.add(7, each: operation["consumes"].strings)
            for item in operation["parameters"].array { message.add(8, ProtobufMessage { $0.add(1, parameter(item)) }) }
            message.add(
                9,
                ProtobufMessage { responses in
                    for (code, item) in operation["responses"].fields { responses.add(1, named(code, ProtobufMessage { $0.add(1, response(item)) })) }
                })
            message.add(10, each: operation["schemes"].strings)
            addExtensions(of: operation, 13, to: &message)
        }
    }

    private static func parameter(_ parameter: Value) -> ProtobufMessage {
        guard parameter["in"] != "body" else {
            return ProtobufMessage {
                $0.add(
                    1,
                    ProtobufMessage { body in
                        body.add(1, parameter["description"].string)
                        body.add(2, parameter["name"].string)
                        body.add(3, "body")
                        body.add(4, parameter["required"].bool)
                        body.add(5, schema(parameter["schema"]))
                    })
            }
        }
        // In a path and in a query, parameters are the same but for the numbers behind the fourth.
        let isInPath = parameter["in"] == "path"
        let other = ProtobufMessage { message in
            message.add(1, parameter["required"].bool)
            message.add(2, parameter["in"].string)
            message.add(3, parameter["description"].string)
            message.add(4, parameter["name"].string)
            message.add(isInPath ? 5 : 6, parameter["type"].string)
            message.add(isInPath ? 19 : 20, parameter["uniqueItems"].bool)
        }
        return ProtobufMessage { $0.add(2, ProtobufMessage { $0.add(isInPath ? 4 : 3, other) }) }
    }

    private static func response(_ response: Value) -> ProtobufMessage {
        ProtobufMessage { message in
            message.add(1, response["description"].string)
            if response["schema"].isObject { message.add(2, ProtobufMessage { $0.add(1, schema(response["schema"])) }) }
        }
    }

    // MARK: Schemas

    /// Both `Definitions` and `Properties`.
    private static func schemas(_ schemas: Value) -> ProtobufMessage {
        ProtobufMessage { message in
            for (name, item) in schemas.fields { message.add(1, named(name, schema(item))) }
        }
    }

    private static func schema(_ value: Value) -> ProtobufMessage {
        ProtobufMessage { message in
            message.add(1, value["$ref"].string)
            message.add(2, value["format"].string)
            message.add(4, value["description"].string)
            if let initial = value.fields["default"] { message.add(5, any(initial)) }
            message.add(19, each: value["required"].strings)
            for choice in value["enum"].array { message.add(20, any(choice)) }
            if value["additionalProperties"].isObject { message.add(21, ProtobufMessage { $0.add(1, schema(value["additionalProperties"])) }) }
            if let type = value["type"].string { message.add(22, ProtobufMessage { $0.add(1, type) }) }
            if value["items"].isObject { message.add(23, ProtobufMessage { $0.add(1, schema(value["items"])) }) }
            if value["properties"].isObject { message.add(25, schemas(value["properties"])) }
            addExtensions(of: value, 31, to: &message)
        }
    }

    // MARK: Shared

    /// An entry of what is a map in JSON.
    private static func named(_ name: String, _ value: ProtobufMessage) -> ProtobufMessage {
        ProtobufMessage {
            $0.add(1, name)
            $0.add(2, value)
        }
    }

    private static func addExtensions(of value: Value, _ number: Int, to message: inout ProtobufMessage) {
        for (name, item) in value.fields where name.hasPrefix("x-") { message.add(number, named(name, any(item))) }
    }

    /// Any value travels as YAML, which JSON is a form of.
    private static func any(_ value: Value) -> ProtobufMessage { ProtobufMessage { $0.add(2, value.description) } }
}

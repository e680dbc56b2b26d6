import ObjectModel

/// Writes values as Go's `%v` does, for messages that clients may know.
public enum GoFormat {
    public static func string(_ value: Value) -> String {
        switch value {
        case .null: "<nil>"
        case .string(let text): text
        case .array(let elements): "[" + elements.map(string).joined(separator: " ") + "]"
        case .object(let members): "map[" + members.map { "\($0.key):\(string($0.value))" }.joined(separator: " ") + "]"
        default: value.description
        }
    }
}

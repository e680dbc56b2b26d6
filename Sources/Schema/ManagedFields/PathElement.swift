import ObjectModel

/// One step of a path into an object, in the form in which `FieldsV1` writes it.
///
/// `f:NAME` is a field or a map's key, `k:{…}` the element of a list with those keys, `v:…` the element of a set, `i:N` a place in a list.
public enum PathElement {
    public static func field(_ name: String) -> String { "f:" + name }

    /// An element of a list whose elements are told apart by `keys`; the keys come in the order of their names.
    public static func keys(_ keys: Fields) -> String { "k:" + Value.object(keys).description }

    /// An element of a set.
    public static func value(_ value: Value) -> String { "v:" + value.description }

    /// What stands for the path itself among the steps below it.
    static let itself = "."

    /// The name of a field, if the element is one.
    static func name(of element: String) -> Substring? { element.hasPrefix("f:") ? element.dropFirst(2) : nil }

    /// An element as a client wrote it, in the one form that equal elements share; nil for a kind of element that this version doesn't know.
    static func canonical(_ element: String) throws(FieldSetError) -> String? {
        guard element.utf8.dropFirst().first == UInt8(ascii: ":") else { throw .badElement(element) }
        let text = String(element.dropFirst(2))
        switch element.utf8.first {
        case UInt8(ascii: "f"): return element
        case UInt8(ascii: "k"):
            guard case .object(let keys) = try? Value(json: text), !keys.isEmpty else { throw .badElement(element) }
            return self.keys(keys)
        case UInt8(ascii: "v"):
            guard let value = try? Value(json: text) else { throw .badElement(element) }
            return self.value(value)
        case UInt8(ascii: "i"):
            guard let index = Int(text) else { throw .badElement(element) }
            return "i:\(index)"
        default: return nil
        }
    }

    /// A path for people: `.spec.containers[name="app"].image`.
    public static func describe(_ path: some Sequence<String>) -> String { path.map(describe).joined() }

    static func describe(_ element: String) -> String {
        let text = String(element.dropFirst(2))
        switch element.utf8.first {
        case UInt8(ascii: "f"): return "." + text
        case UInt8(ascii: "k"):
            let keys = ((try? Value(json: text)) ?? .null).fields
            return "[" + keys.map { "\($0.key)=\($0.value)" }.joined(separator: ",") + "]"
        case UInt8(ascii: "v"): return "[=\(text)]"
        default: return "[\(text)]"
        }
    }
}

/// Why a value is no field set.
public enum FieldSetError: Error, Equatable, CustomStringConvertible {
    case notAnObject
    case badElement(String)
    case tooDeep

    public var description: String {
        switch self {
        case .notAnObject: "a field set must be an object"
        case .badElement(let element): "\"\(element)\" is no element of a path"
        case .tooDeep: "the field set is nested too deeply"
        }
    }
}

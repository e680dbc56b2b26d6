/// YAML as the API takes it and gives it: exactly what `sigs.k8s.io/yaml` makes of a text, which is YAML 1.1 seen through JSON.
///
/// So `yes`, `on` and `y` are booleans, `0777` is octal, a date stays text, a key of any scalar type becomes a string, and of two equal keys
/// the last one stays.
public enum YAML {
    /// One document of a text.
    public struct Document: Sendable, Equatable {
        public var value: Value

        /// Keys that came twice within one mapping, each with the line of its repetition.
        public var duplicates: [Duplicate]
    }

    public struct Duplicate: Sendable, Equatable, CustomStringConvertible {
        public var line: Int
        public var key: String

        public var description: String { "line \(line): key \"\(key)\" already set in map" }
    }

    /// Why a text is not YAML, or not such YAML as JSON can say.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        public var description: String

        init(_ description: String) { self.description = description }
    }

    /// The only document of a text; null where there is none. Further documents are ignored, as upstream does with a request's body.
    public static func parse(_ text: some Sequence<UInt8>) throws(Failure) -> Document {
        try reader(text) { (reader: inout YAMLReader) throws(Failure) in try reader.document() ?? Document(value: .null, duplicates: []) }
    }

    public static func parse(_ text: String) throws(Failure) -> Value { try parse(text.utf8).value }

    /// All documents of a text, empty ones included.
    public static func parseAll(_ text: some Sequence<UInt8>) throws(Failure) -> [Document] {
        try reader(text) { (reader: inout YAMLReader) throws(Failure) in
            var documents: [Document] = []
            while let document = try reader.document() { documents.append(document) }
            return documents
        }
    }

    public static func parseAll(_ text: String) throws(Failure) -> [Value] { try parseAll(text.utf8).map(\.value) }

    private static func reader<Result>(
        _ text: some Sequence<UInt8>, _ body: (inout YAMLReader) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var bytes = Array(text)
        // libyaml wants a buffer even for an empty text.
        if bytes.isEmpty { bytes = [0x0A] }
        let result = bytes.withUnsafeBufferPointer { buffer in
            Swift.Result { () throws(Failure) in
                var reader = try YAMLReader(buffer)
                defer { reader.close() }
                return try body(&reader)
            }
        }
        return try result.get()
    }
}

import ClusterClient
import Identity
import KubernetesAPI
import ObjectModel
import Schema

/// Objects in protobuf, read and written by the types that the catalog declares. Only built-in kinds have such a form.
enum ProtobufForm {
    private static let catalog = Catalog.builtIn

    /// The type of a kind, also of those that exist as answers only.
    static func type(apiVersion: String, kind: String) -> TypeDefinition? {
        let parts = apiVersion.split(separator: "/", maxSplits: 1).map(String.init)
        let (group, version) = parts.count == 2 ? (parts[0], parts[1]) : ("", apiVersion)
        if group == "meta.k8s.io" {
            switch kind {
            case "PartialObjectMetadata": return partialMetadata
            case "PartialObjectMetadataList": return version == "v1" ? partialMetadataList : partialMetadataListBeta
            default: break
            }
        }
        return catalog.type(group: group, version: version, kind: kind)
    }

    // MARK: Reading

    /// A body: an envelope and the message of the kind that it names. The object has its `apiVersion` and `kind`.
    static func decode(_ bytes: [UInt8], _ definition: ResourceDefinition?) throws(APIError) -> Value {
        let result = bytes.withUnsafeBytes { bytes in Result { () throws(APIError) in try decode(bytes, definition) } }
        return try result.get()
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer, _ definition: ResourceDefinition?) throws(APIError) -> Value {
        let envelope: ProtobufEnvelope
        do throws(ProtobufError) {
            envelope = try ProtobufEnvelope(bytes)
        } catch {
            let summary = bytes.first == UInt8(ascii: "{") ? String(decoding: bytes.prefix(30), as: UTF8.self) : Hexadecimal.encode(bytes.prefix(30))
            throw .badRequest(
                "the object provided is unrecognized (must be of type \(definition?.kind ?? "object")): \(error.message) (\(summary))")
        }
        let apiVersion = envelope.apiVersion.isEmpty ? definition?.apiVersion ?? "v1" : envelope.apiVersion
        let kind = envelope.kind.isEmpty ? definition?.kind ?? "" : envelope.kind
        let version = apiVersion.split(separator: "/").last ?? ""
        func refusal(_ why: String) -> APIError {
            .badRequest("\(kind) in version \"\(version)\" cannot be handled as a \(definition?.kind ?? kind): \(why)")
        }
        guard let type = type(apiVersion: apiVersion, kind: kind) else {
            throw refusal(ExpectedKind.notRegistered(kind, apiVersion))
        }
        do throws(ProtobufError) {
            var value = try ProtobufDecoder.decode(envelope.message, as: type)
            value["apiVersion"] = .string(apiVersion)
            value["kind"] = .string(kind)
            return value
        } catch {
            throw refusal(error.message)
        }
    }

    // MARK: Writing

    /// An object in its envelope; nil where its kind has no protobuf form.
    static func encode(_ object: Value, _ definition: ResourceDefinition? = nil) -> [UInt8]? {
        let (apiVersion, kind) = (object.apiVersion, object.kind)
        let known = definition.flatMap { $0.kind == kind && $0.apiVersion == apiVersion ? $0.type : nil }
        guard let type = known ?? type(apiVersion: apiVersion, kind: kind), type.content.hasProtobuf else { return nil }
        return ProtobufEnvelope.encode(object, as: type)
    }

    /// A stored object in its envelope, in the resource's version.
    static func encode(_ stored: [UInt8], _ resource: ServedResource) throws(APIError) -> [UInt8] {
        let definition = resource.definition
        var transcoder = ProtobufTranscoder(definition.type, capacity: stored.count)
        try append(stored, resource, number: nil, &transcoder)
        let message = transcoder.take()
        let (head, tail) = ProtobufEnvelope.frame(apiVersion: definition.apiVersion, kind: definition.kind, length: message.count)
        return head + message + tail
    }

    /// Adds a stored object's message: alone, or as the field of a list. What is stored is canonical, so no tree is made of it as a rule.
    static func append(
        _ stored: [UInt8], _ resource: ServedResource, number: Int?, _ transcoder: inout ProtobufTranscoder
    ) throws(APIError) {
        if resource.conversion == nil, transcoder.append(stored, field: number) { return }
        transcoder.append(try Presenter.parse(stored, resource), field: number)
    }

    /// A watch's frame: four bytes of length, then `WatchEvent` without an envelope, which holds the object in one.
    static func frame(_ kind: WatchEvent.Kind, _ object: [UInt8]) -> [UInt8] {
        var out = ProtobufWriter()
        out.raw([0, 0, 0, 0])
        out.string(1, kind.rawValue)
        let start = out.open(2)
        out.data(1, object)
        out.close(start)
        var bytes = out.bytes
        withUnsafeBytes(of: UInt32(bytes.count - 4).bigEndian) { length in
            for (index, byte) in length.enumerated() { bytes[index] = byte }
        }
        return bytes
    }

    // MARK: Types of answers only

    private static func meta(_ name: String, _ number: Int) -> FieldDefinition? {
        catalog.registry.type(named: "io.k8s.apimachinery.pkg.apis.meta.v1.\(name)").map {
            FieldDefinition(name: "metadata", type: .object($0), protobufPath: [number])
        }
    }

    static let partialMetadata = TypeDefinition(
        name: "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata",
        content: TypeContent(fields: [meta("ObjectMeta", 1)].compactMap { $0 }, kindScope: .groupVersion))

    private static let partialMetadataList = list(metadata: 1, items: 2)

    /// The beta had the numbers the other way round.
    private static let partialMetadataListBeta = list(metadata: 2, items: 1)

    private static func list(metadata: Int, items: Int) -> TypeDefinition {
        let items = FieldDefinition(name: "items", type: .list(.object(partialMetadata)), protobufPath: [items])
        return TypeDefinition(
            name: "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadataList",
            content: TypeContent(fields: [meta("ListMeta", metadata), items].compactMap { $0 }, kindScope: .groupVersion))
    }
}

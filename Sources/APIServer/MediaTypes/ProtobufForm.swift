import ClusterClient
import Dispatch
import Identity
import KubernetesAPI
import ObjectModel
import Schema
import Synchronization

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

    /// A list, from its objects one by one: a piece for each.
    static func list(_ objects: [StoredObject], _ metadata: Value, _ resource: ServedResource) throws(APIError) -> [[UInt8]] {
        let (apiVersion, kind) = (resource.apiVersion, resource.definition.listKind)
        guard let list = type(apiVersion: apiVersion, kind: kind), let number = list.field("items")?.protobufPath.first else {
            throw .notAcceptable(AnswerForm.Endpoint(hasProtobuf: false).mediaTypes)
        }
        var pieces: [[UInt8]] = [[], ProtobufEncoder.encode(["metadata": metadata], as: list)]
        pieces.reserveCapacity(objects.count + 3)
        var length = pieces[1].count
        for piece in try messages(objects, resource, number: number) {
            length += piece.count
            pieces.append(piece)
        }
        let (head, tail) = ProtobufEnvelope.frame(apiVersion: apiVersion, kind: kind, length: length)
        pieces[0] = head
        pieces.append(tail)
        return pieces
    }

    /// The objects' messages, as fields of a list. Many are made on all cores, for the client waits for the last of them before it gets the first.
    private static func messages(_ objects: [StoredObject], _ resource: ServedResource, number: Int) throws(APIError) -> [[UInt8]] {
        let made = Mutex<[Int: Result<[[UInt8]], APIError>]>([:])
        let starts = Array(stride(from: 0, to: objects.count, by: shareOfCore))
        DispatchQueue.concurrentPerform(iterations: starts.count) { index in
            let share = objects[starts[index]..<min(starts[index] + shareOfCore, objects.count)]
            let result = Result { () throws(APIError) in try Self.pieces(share, resource, number: number) }
            made.withLock { $0[index] = result }
        }
        let results = made.withLock { $0 }
        var pieces: [[UInt8]] = []
        for index in starts.indices { pieces += try results[index]?.get() ?? [] }
        return pieces
    }

    private static func pieces(_ objects: ArraySlice<StoredObject>, _ resource: ServedResource, number: Int) throws(APIError) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var transcoder = ProtobufTranscoder(resource.definition.type, capacity: 2 * pieceSize)
        for object in objects {
            try append(object.bytes, resource, number: number, &transcoder)
            if transcoder.count >= pieceSize { pieces.append(transcoder.take()) }
        }
        pieces.append(transcoder.take())
        return pieces
    }

    /// Objects that are worth another core.
    private static let shareOfCore = 512

    /// Bytes that are handed on together. They are copied once, out of a buffer that the next ones are written into while the processor still holds it.
    private static let pieceSize = 128 * 1024

    /// Adds a stored object's message: alone, or as the field of a list. What is stored is canonical, so no tree is made of it as a rule.
    private static func append(
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

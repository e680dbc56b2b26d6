import Dispatch
import ObjectModel
import Schema
import Synchronization

/// A list in protobuf. Its envelope tells how long it is before the first object comes, so it is made as a whole. Made in turns with its client, after
/// measuring every object, it took two and a half times as long.
struct ProtobufList: Sendable {
    private let objects: [StoredObject]
    private let resource: ServedResource

    /// The number of `items`, and the field before it, as it is written.
    private let number: Int
    private let metadata: [UInt8]

    init(_ objects: [StoredObject], _ metadata: Value, _ resource: ServedResource) throws(APIError) {
        guard let list = ProtobufForm.type(apiVersion: resource.apiVersion, kind: resource.definition.listKind),
            let number = list.field("items")?.protobufPath.first
        else { throw .notAcceptable(AnswerForm.Endpoint(hasProtobuf: false).mediaTypes) }
        self.objects = objects
        self.resource = resource
        self.number = number
        self.metadata = ProtobufEncoder.encode(["metadata": metadata], as: list)
    }

    func pieces() throws(APIError) -> [[UInt8]] {
        let made = try Self.onAllCores(objects) { share throws(APIError) in
            var transcoder = ProtobufTranscoder(resource.definition.type, capacity: 2 * Self.pieceSize)
            var pieces: [[UInt8]] = []
            for object in share {
                try ProtobufForm.append(object.bytes, resource, number: number, &transcoder)
                if transcoder.count >= Self.pieceSize { pieces.append(transcoder.take()) }
            }
            pieces.append(transcoder.take())
            return pieces
        }.flatMap { $0 }
        let (head, tail) = ProtobufEnvelope.frame(
            apiVersion: resource.apiVersion, kind: resource.definition.listKind, length: metadata.count + made.reduce(0) { $0 + $1.count })
        return [head, metadata] + made + [tail]
    }

    /// Does something with shares of the objects. The client waits for the last of them before it gets the first.
    private static func onAllCores<Result: Sendable>(
        _ objects: [StoredObject], _ work: @Sendable (ArraySlice<StoredObject>) throws(APIError) -> Result
    ) throws(APIError) -> [Result] {
        let done = Mutex<[Int: Swift.Result<Result, APIError>]>([:])
        let starts = Array(stride(from: 0, to: objects.count, by: shareOfCore))
        DispatchQueue.concurrentPerform(iterations: starts.count) { index in
            let share = objects[starts[index]..<min(starts[index] + shareOfCore, objects.count)]
            let result = Swift.Result { () throws(APIError) in try work(share) }
            done.withLock { $0[index] = result }
        }
        let results = done.withLock { $0 }
        var all: [Result] = []
        for index in starts.indices { if let result = try results[index]?.get() { all.append(result) } }
        return all
    }

    /// Objects that are worth another core.
    private static let shareOfCore = 512

    /// Bytes that are handed on together. They are copied once, out of a buffer that the next ones are written into while the processor still holds it.
    private static let pieceSize = 128 * 1024
}

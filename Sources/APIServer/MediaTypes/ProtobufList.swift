import Dispatch
import ObjectModel
import Schema
import Synchronization

/// A list in protobuf. Its envelope tells how long it is before the first object comes: a short list is made as a whole; of a long one each object's length
/// is looked up or measured, then it is made while it is sent.
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

    private func frame(length: Int) -> (head: [UInt8], tail: [UInt8]) {
        let (head, tail) = ProtobufEnvelope.frame(
            apiVersion: resource.apiVersion, kind: resource.definition.listKind, length: metadata.count + length)
        return (head + metadata, tail)
    }

    // MARK: Whole

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
        let (head, tail) = frame(length: made.reduce(0) { $0 + $1.count })
        return [head] + made + [tail]
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

    // MARK: A piece at a time

    /// Only for what is served as it is stored: of other versions no lengths are noted.
    func source() -> some AnswerSource { Source(list: self) }

    /// What all objects take, as fields of the list.
    private func length() throws(APIError) -> Int {
        let type = resource.definition.type
        let unknown = objects.filter { $0.messageLength(as: type) == nil }
        _ = try Self.onAllCores(unknown) { share throws(APIError) in
            var transcoder = ProtobufTranscoder(type, capacity: 2 * Self.pieceSize)
            for object in share {
                try ProtobufForm.append(object.bytes, resource, number: nil, &transcoder)
                object.note(messageLength: transcoder.messageLength, as: type)
                transcoder.drop()
            }
        }
        return objects.reduce(0) { $0 + ProtobufWriter.size(number, length: $1.messageLength(as: type) ?? 0) }
    }

    private struct Source: AnswerSource {
        let list: ProtobufList
        private var position = 0
        private var tail: [UInt8]?

        init(list: ProtobufList) { self.list = list }

        mutating func next() throws(APIError) -> [UInt8]? {
            guard let tail else {
                let (head, tail) = list.frame(length: try list.length())
                self.tail = tail
                return head
            }
            if position > list.objects.count { return nil }
            if position == list.objects.count {
                position += 1
                return tail
            }
            return try objects()
        }

        private mutating func objects() throws(APIError) -> [UInt8] {
            let type = list.resource.definition.type
            var transcoder = ProtobufTranscoder(type, capacity: 2 * ProtobufList.pieceSize)
            while position < list.objects.count, transcoder.count < ProtobufList.pieceSize {
                let object = list.objects[position]
                try ProtobufForm.append(object.bytes, list.resource, number: list.number, &transcoder)
                // The envelope is on its way: an answer that is cut off is better than one that reads as something else.
                guard transcoder.messageLength == object.messageLength(as: type) else {
                    throw .internalError("the message of \(object.key) is not as long as it was")
                }
                position += 1
            }
            return transcoder.take()
        }
    }
}

import KubernetesAPI
import ObjectModel
import Schema
import TestSupport
import Testing

@Suite struct ProtobufTests {
    private static let catalog = Catalog.builtIn

    /// Every kind that is declared, resources' and others'.
    private static let types: [TypeDefinition] = catalog.registry.typeNames.compactMap { catalog.registry.type(named: $0) }.filter {
        $0.content.kindScope != .none
    }

    private static func type(_ group: String, _ version: String, _ kind: String) throws -> TypeDefinition {
        try #require(catalog.type(group: group, version: version, kind: kind))
    }

    private static func decode(_ bytes: [UInt8], _ type: TypeDefinition) -> Result<Value, ProtobufError> {
        bytes.withUnsafeBytes { bytes in Result { () throws(ProtobufError) in try ProtobufDecoder.decode(bytes, as: type) } }
    }

    /// `"0a 02 61"`
    private static func bytes(_ hex: String) -> [UInt8] { hex.split(separator: " ").compactMap { UInt8($0, radix: 16) } }

    /// Where two trees begin to differ.
    private static func difference(_ left: Value, _ right: Value) -> String {
        switch (left, right) {
        case (.object(let one), .object(let other)):
            for key in Set(one.keys + other.keys).sorted() where one[key] != other[key] {
                return ".\(key)" + difference(one[key] ?? .null, other[key] ?? .null)
            }
        case (.array(let one), .array(let other)) where one.count == other.count:
            for index in one.indices where one[index] != other[index] { return "[\(index)]" + difference(one[index], other[index]) }
        default: break
        }
        return ": \(left) instead of \(right)"
    }

    // MARK: Round trips

    @Test func everyKindComesBackAsItWent() throws {
        #expect(Self.types.count > 130)
        for (number, type) in Self.types.enumerated() {
            var dice = Dice(seed: UInt64(number))
            for depth in [3, 5, 7] {
                let object = dice.object(of: type, depth: depth)
                let bytes = ProtobufEncoder.encode(object, as: type)
                let back = try Self.decode(bytes, type).get()
                #expect(back == object, "\(type.name) \(Self.difference(back, object))")
            }
        }
    }

    @Test func textComesOverWithoutATree() throws {
        for (number, type) in Self.types.enumerated() {
            var dice = Dice(seed: UInt64(number) + 1000)
            for depth in [3, 5, 7] {
                let object = dice.object(of: type, depth: depth)
                let bytes = try #require(ProtobufTranscoder.transcode(object.canonicalJSON(), as: type), "\(type.name)")
                let back = try Self.decode(bytes, type).get()
                #expect(back == object, "\(type.name) \(Self.difference(back, object))")
            }
        }
    }

    /// A transcoder guesses by what came before: wrong guesses must not show.
    @Test func whatCameBeforeChangesNothing() throws {
        for (number, type) in Self.types.enumerated() {
            var dice = Dice(seed: UInt64(number) + 3000)
            var transcoder = ProtobufTranscoder(type)
            var expected = ProtobufWriter()
            for depth in [6, 2, 5, 3, 6] {
                let json = dice.object(of: type, depth: depth).canonicalJSON()
                expected.data(2, try #require(ProtobufTranscoder.transcode(json, as: type), "\(type.name)"))
                let isWritten = transcoder.append(json, field: 2)
                // What is cut short leaves no trace.
                let before = transcoder.count
                let isCutWritten = transcoder.append(Array(json.dropLast()), field: 2)
                #expect(isWritten && !isCutWritten && transcoder.count == before)
            }
            let (written, rest) = (transcoder.take(), transcoder.take())
            #expect(written == expected.bytes && rest.isEmpty, "\(type.name)")
        }
    }

    @Test(arguments: [127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
    func lengthsTakeAsManyBytesAsTheyNeed(length: Int) {
        for width in 1...5 {
            var out = ProtobufWriter()
            let start = out.open(1, width: width)
            out.raw(Array(repeating: 7, count: length))
            let size = out.close(start, width: width)
            #expect(size == ProtobufWriter.varintSize(UInt64(length)))
            var expected = ProtobufWriter()
            expected.data(1, Array(repeating: 7, count: length))
            #expect(out.bytes == expected.bytes, "guessed \(width)")
        }
    }

    @Test func textThatIsNotCanonicalIsLeftAlone() throws {
        let type = try Self.type("", "v1", "Pod")
        var dice = Dice(seed: 12)
        for _ in 0..<4_000 {
            var bytes = dice.object(of: type, depth: 5).canonicalJSON()
            for _ in 0...dice.roll(3) where !bytes.isEmpty {
                let place = dice.roll(bytes.count)
                if dice.roll(2) == 0 { bytes[place] = UInt8(dice.roll(256)) } else { bytes.remove(at: place) }
            }
            // Whatever comes out is a message.
            guard let message = ProtobufTranscoder.transcode(bytes, as: type) else { continue }
            if let value = try? Value(json: bytes) { _ = (value, Self.decode(message, type)) }
        }
        for text in ["", "{", "[]", "{}x", #"{"spec":{"containers":{"a":1}}}"#, #"{"spec":1}"#, #"{"metadata":{"name":"\"#] {
            #expect(ProtobufTranscoder.transcode(Array(text.utf8), as: type) == nil, "\(text)")
        }
    }

    @Test func everyResourceHasProtobuf() {
        for resource in Self.catalog.resources { #expect(resource.type.content.hasProtobuf, "\(resource.plural)") }
    }

    // MARK: The wire

    @Test func aNamespaceFromKubectlIsRead() throws {
        // metadata {name "x"} with the zeros that upstream's encoder writes, spec {}, status {phase ""}
        let message = "0a 11 0a 01 78 12 00 1a 00 22 00 2a 00 32 00 38 00 42 00 12 00 1a 02 0a 00"
        let value = try Self.decode(Self.bytes(message), Self.type("", "v1", "Namespace")).get()
        #expect(value == ["metadata": ["name": "x"], "spec": [:], "status": [:]])
    }

    @Test func fieldsStandAtTheirNumbers() throws {
        let pod: Value = [
            "metadata": ["name": "p", "labels": ["a": "b"], "creationTimestamp": "1970-01-01T00:00:00Z"],
            "spec": ["containers": [["name": "c", "ports": [["containerPort": 80]]]], "volumes": [["name": "v", "configMap": ["name": "m"]]]],
        ]
        let bytes = ProtobufEncoder.encode(pod, as: try Self.type("", "v1", "Pod"))
        #expect(
            bytes
                == Self.bytes(
                    "0a 0f 0a 01 70 42 02 08 00 5a 06 0a 01 61 12 01 62 12 18 0a 0d 0a 01 76 12 08 9a 01 05 0a 03 0a 01 6d 12 07 0a 01 63 32 02 18 50"
                ))
    }

    @Test func longMessagesHaveLongLengths() throws {
        for size in [100, 118, 119, 120, 127, 128, 16_370, 16_384, 2_097_152] {
            let map: Value = ["data": ["k": .string(String(repeating: "x", count: size))]]
            let type = try Self.type("", "v1", "ConfigMap")
            #expect(try Self.decode(ProtobufEncoder.encode(map, as: type), type).get() == map, "\(size)")
        }
    }

    @Test func listsOfNumbersMayBePacked() throws {
        let type = try Self.type("", "v1", "Pod")
        // spec.securityContext.supplementalGroups [1, 300], one by one and packed
        for groups in ["20 01 20 ac 02", "22 03 01 ac 02"] {
            let inner = Self.bytes(groups)
            let context = [0x72, UInt8(inner.count)] + inner
            let value = try Self.decode([0x12, UInt8(context.count)] + context, type).get()
            #expect(value["spec"]["securityContext"]["supplementalGroups"] == [1, 300])
        }
    }

    @Test func extraOfAUserIsAListWithinAMessage() throws {
        let type = try Self.type("authentication.k8s.io", "v1", "TokenReview")
        let review: Value = ["status": ["user": ["extra": ["k": ["a", "b"]]]]]
        let bytes = ProtobufEncoder.encode(review, as: type)
        #expect(bytes == Self.bytes("1a 0f 12 0d 22 0b 0a 01 6b 12 06 0a 01 61 0a 01 62"))
        #expect(try Self.decode(bytes, type).get() == review)
    }

    @Test func numbersThatNobodyKnowsArePassedOver() throws {
        let type = try Self.type("", "v1", "ConfigMap")
        let known = ProtobufEncoder.encode(["data": ["a": "b"]], as: type)
        let unknown = "f8 07 05 f9 07 01 02 03 04 05 06 07 08 fa 07 01 78 fb 07 08 01 fc 07 fd 07 01 02 03 04"
        #expect(try Self.decode(Self.bytes(unknown) + known, type).get() == ["data": ["a": "b"]])
    }

    @Test func whatIsWrongIsToldAsUpstreamTellsIt() throws {
        let type = try Self.type("", "v1", "ConfigMap")
        let cases: KeyValuePairs = [
            "0a": "unexpected EOF", "0a 05 00": "unexpected EOF", "08 01": "proto: wrong wireType = 0 for field Metadata",
            "00": "proto: ConfigMap: illegal tag 0 (wire type 0)", "0c": "proto: ConfigMap: wiretype end group for non-group",
            "ff ff ff ff ff ff ff ff ff ff ff": "proto: integer overflow", "7f": "proto: illegal wireType 7",
            "0a ff ff ff ff ff ff ff ff ff 01": "proto: negative length found during unmarshaling",
        ]
        for (hex, message) in cases {
            guard case .failure(let error) = Self.decode(Self.bytes(hex), type) else {
                Issue.record("\(hex) was read")
                continue
            }
            #expect(error.message == message)
        }
    }

    // MARK: Envelopes

    @Test func anEnvelopeTellsTheKind() throws {
        let bytes = ProtobufEnvelope.encode(
            ["apiVersion": "v1", "kind": "ConfigMap", "data": ["a": "b"]], as: try Self.type("", "v1", "ConfigMap"))
        #expect(bytes == Self.bytes("6b 38 73 00 0a 0f 0a 02 76 31 12 09 43 6f 6e 66 69 67 4d 61 70 12 08 12 06 0a 01 61 12 01 62 1a 00 22 00"))
        try bytes.withUnsafeBytes { bytes in
            let envelope = try ProtobufEnvelope(bytes)
            #expect(envelope.apiVersion == "v1" && envelope.kind == "ConfigMap")
            #expect(try ProtobufDecoder.decode(envelope.message, as: Self.type("", "v1", "ConfigMap")) == ["data": ["a": "b"]])
        }
    }

    @Test(
        arguments: [
            ("", "empty data"), ("6b 38 73 00", "empty body"),
            ("7b 7d", "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"),
            ("6b 38 73 00 08 01", "proto: wrong wireType = 0 for field TypeMeta"),
        ] as [(String, String)])
    func whatIsNoEnvelopeIsRefused(hex: String, message: String) {
        Self.bytes(hex).withUnsafeBytes { bytes in
            _ = #expect(throws: ProtobufError(message)) { try ProtobufEnvelope(bytes) }
        }
    }

    // MARK: Hostile bytes

    @Test func noBytesUpsetTheDecoder() throws {
        let types = Self.types
        var dice = Dice(seed: 4711)
        for round in 0..<6_000 {
            let type = types[round % types.count]
            var bytes =
                round % 3 == 0
                ? (0..<dice.roll(60)).map { _ in UInt8(dice.roll(256)) } : ProtobufEncoder.encode(dice.object(of: type, depth: 5), as: type)
            for _ in 0...dice.roll(4) where !bytes.isEmpty {
                let place = dice.roll(bytes.count)
                switch dice.roll(4) {
                case 0: bytes[place] = UInt8(dice.roll(256))
                case 1: bytes[place] ^= 1 << UInt8(dice.roll(8))
                case 2: bytes.removeSubrange(place..<min(bytes.count, place + dice.roll(6)))
                default: bytes.insert(UInt8(dice.roll(256)), at: place)
                }
            }
            guard case .success(let value) = Self.decode(bytes, type) else { continue }
            // What was read can be written, and is then stable.
            let again = ProtobufEncoder.encode(value, as: type)
            let second = try Self.decode(again, type).get()
            #expect(ProtobufEncoder.encode(second, as: type) == again, "\(type.name)")
        }
    }

    @Test func messagesWithoutEndAreRefused() throws {
        // A schema within a schema, and so on: `not` is field 28.
        var bytes: [UInt8] = []
        for _ in 0..<4_000 {
            var out = ProtobufWriter()
            out.data(28, bytes)
            bytes = out.bytes
        }
        let type = try #require(Self.catalog.registry.type(named: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"))
        guard case .failure(let error) = Self.decode(bytes, type) else {
            Issue.record("read")
            return
        }
        #expect(error.message == "proto: exceeded max depth")
    }

    @Test func timesFarAwayAreNoTrap() throws {
        for text in ["9999-12-31T23:59:59.5+00:00", "0000-01-01T00:00:00.5Z"] {
            let time = try #require(Timestamp(rfc3339: text))
            _ = (time.rfc3339, time.rfc3339Micro, time + .seconds(Int64.max), time - Timestamp(seconds: .min), time.seconds, time.fraction)
        }
    }
}

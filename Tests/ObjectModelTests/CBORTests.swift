import ObjectModel
import TestSupport
import Testing

@Suite struct CBORTests {
    private static func bytes(_ hex: String) -> [UInt8] { hex.split(separator: " ").compactMap { UInt8($0, radix: 16) } }

    private static func encoded(_ value: Value) -> [UInt8] { Array(CBOR.encode(value).dropFirst(CBOR.selfDescription.count)) }

    @Test(
        arguments: [
            (0, "00"), (23, "17"), (24, "18 18"), (256, "19 01 00"), (1_000_000, "1a 00 0f 42 40"), (-1, "20"), (-500, "39 01 f3"),
            (.integer(.max), "1b 7f ff ff ff ff ff ff ff"), (.integer(.min), "3b 7f ff ff ff ff ff ff ff"), (true, "f5"), (false, "f4"),
            (.null, "f6"),
            (1.5, "f9 3e 00"), (0.0, "f9 00 00"), (65504.0, "f9 7b ff"), (5.960464477539063e-8, "f9 00 01"), (100000.0, "fa 47 c3 50 00"),
            (1.1, "fb 3f f1 99 99 99 99 99 9a"), ("", "40"), ("é", "42 c3 a9"), ([1, "a"], "82 01 41 61"), ([:], "a0"),
            (["bb": 1, "a": 2, "c": 3], "a3 41 61 02 41 63 03 42 62 62 01"),
        ] as [(Value, String)])
    func valuesAreWrittenInTheirShortestForm(value: Value, hex: String) throws {
        #expect(Self.encoded(value) == Self.bytes(hex))
        #expect(try CBOR.parse(Self.bytes(hex)) == value)
        #expect(try CBOR.parse(CBOR.encode(value)) == value)
    }

    @Test(
        arguments: [
            ("62 c3 a9 ", "text strings", "é"), ("9f 01 02 ff", "open arrays", [1, 2]), ("bf 41 61 01 ff", "open maps", ["a": 1]),
            ("5f 41 61 41 62 ff", "open strings", "ab"), ("d6 43 01 02 03", "bytes for base64", "AQID"), ("d5 42 fb ff", "for base64url", "-_8"),
            ("d7 42 0a ff", "for base16", "0aff"), ("c0 41 78", "a time", "x"), ("d9 d9 f7 01", "described", 1), ("f9 3c 00", "halves", 1.0),
        ] as [(String, String, Value)])
    func otherFormsAreRead(hex: String, what: String, value: Value) throws { #expect(try CBOR.parse(Self.bytes(hex)) == value, "\(what)") }

    @Test(
        arguments: [
            ("", "unexpected EOF"), ("a2 41 61 01 41 61 02", "found duplicate map key \"a\""),
            ("f9 7e 00", "floating-point infinity and NaN are not supported"),
            ("f9 7c 00", "floating-point infinity and NaN are not supported"), ("1b 80 00 00 00 00 00 00 00", "integer overflows int64"),
            ("f7", "simple value 23 is not supported"), ("41 ff", "invalid UTF-8 string"),
            ("01 02", "1 bytes of extraneous data starting at index 1"),
            ("a1 01 02", "a map's key is neither a byte string nor a text string"), ("9b ff ff ff ff ff ff ff ff", "unexpected EOF"),
            ("c1 00", "tag 1 is not supported"), ("1c", "invalid additional information 28"),
        ] as [(String, String)])
    func whatTheAPIDoesNotTakeIsRefused(hex: String, message: String) {
        #expect(throws: CBORError(message)) { try CBOR.parse(Self.bytes(hex)) }
    }

    @Test func depthIsLimited() {
        #expect(throws: CBORError("exceeded max nested level 64")) { try CBOR.parse(Array(repeating: 0x81, count: 100_000)) }
        #expect(throws: CBORError("exceeded max nested level 64")) {
            try CBOR.parse(Array(repeatElement([0xD9, 0xD9, 0xF7], count: 100_000).joined()))
        }
    }

    @Test func objectsComeBackAsTheyWent() throws {
        var dice = Dice(seed: 8)
        for _ in 0..<400 {
            let object = dice.object(depth: 5)
            #expect(try CBOR.parse(CBOR.encode(object)) == object)
        }
    }

    @Test func noBytesUpsetTheReader() throws {
        var dice = Dice(seed: 9)
        for round in 0..<6_000 {
            var bytes = round % 3 == 0 ? (0..<dice.roll(60)).map { _ in UInt8(dice.roll(256)) } : CBOR.encode(dice.object(depth: 4))
            for _ in 0...dice.roll(4) where !bytes.isEmpty {
                let place = dice.roll(bytes.count)
                switch dice.roll(3) {
                case 0: bytes[place] = UInt8(dice.roll(256))
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + dice.roll(6)))
                default: bytes.insert(UInt8(dice.roll(256)), at: place)
                }
            }
            guard let value = try? CBOR.parse(bytes) else { continue }
            #expect(try CBOR.parse(CBOR.encode(value)) == value)
        }
    }
}

import ObjectModel
import TestSupport
import Testing

/// One entry point for each parser: whatever the bytes, it returns. What it accepts must come back the same after it was written.
enum Fuzz {
    static let targets: [(name: String, run: @Sendable ([UInt8]) -> Void)] = [
        ("json", json), ("yaml", yaml), ("quantity", quantity), ("labels", labels), ("fields", fields), ("patch", patch), ("time", time),
        ("address", address),
    ]

    @Sendable static func json(_ bytes: [UInt8]) {
        guard let value = try? Value(json: bytes) else { return }
        // `1.0` is written as `1`: what was written must be stable.
        #expect((try? Value(json: value.json()))?.description == value.description)
        #expect((try? bytes.withUnsafeBytes { try JSONParser.parseReportingDuplicates($0).value }) == value)
    }

    @Sendable static func yaml(_ bytes: [UInt8]) {
        guard let documents = try? YAML.parseAll(bytes) else { return }
        for document in documents { #expect((try? YAML.parse(YAML.write(document.value)))?.description == document.value.description) }
    }

    @Sendable static func quantity(_ bytes: [UInt8]) {
        guard let quantity = try? Quantity(String(decoding: bytes, as: UTF8.self)) else { return }
        _ = (quantity.value, quantity.milliValue, quantity + quantity, quantity - quantity)
        if quantity < Quantity(.max), -quantity < Quantity(.max) { #expect((try? Quantity(quantity.description)) == quantity) }
    }

    @Sendable static func labels(_ bytes: [UInt8]) {
        guard let selector = try? LabelSelector(parsing: String(decoding: bytes, as: UTF8.self)) else { return }
        #expect((try? LabelSelector(parsing: selector.description)) == selector)
        _ = selector.matches(["a": "b", "app": "web"])
    }

    @Sendable static func fields(_ bytes: [UInt8]) {
        guard let selector = try? FieldSelector(parsing: String(decoding: bytes, as: UTF8.self)) else { return }
        _ = selector.matches(["metadata": ["name": "x"]] as Value)
    }

    @Sendable static func patch(_ bytes: [UInt8]) {
        guard let value = try? Value(json: bytes) else { return }
        let document: Value = ["a": [1, 2, ["b": nil]], "c": ["d": "e"]]
        _ = try? JSONPatch(value).applied(to: document)
        _ = document.applying(mergePatch: value)
    }

    @Sendable static func time(_ bytes: [UInt8]) {
        guard let time = Timestamp(rfc3339: String(decoding: bytes, as: UTF8.self)) else { return }
        #expect(Timestamp(rfc3339: time.rfc3339)?.seconds == time.seconds)
    }

    @Sendable static func address(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let address = IPAddress(text) { #expect(IPAddress(address.description) == address) }
        if let cidr = CIDR(text) { #expect(cidr.contains(cidr.network) && cidr.contains(cidr.last)) }
    }
}

@Suite struct FuzzTests {
    private static let seeds = [
        #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","labels":{"a":"b"}},"n":[1,-2.5e3,true,null,"\u00e9\n"]}"#,
        "a: &x [1, 'two', \"three\"]\nb: *x\n---\nc: |\n  text\nd: {e: f, <<: {g: 0x1F}}\n", "1.5Gi", "-100m", "12e-3", "a=b,c in (d,e),!f,g!=h,i>3",
        #"metadata.name=x\,y,spec.a!=b"#,
        #"[{"op":"add","path":"/a/-","value":1},{"op":"move","from":"/c/d","path":"/a/0"},{"op":"test","path":"/a/2/b"}]"#,
        "2026-01-02T03:04:05.678+01:00",
        "fe80::1:0:0:2/64", "10.0.0.1/8", "::ffff:1.2.3.4",
    ]

    @Test(arguments: 0..<8)
    func `no bytes upset a parser`(index: Int) {
        let target = Fuzz.targets[index]
        var dice = Dice(seed: UInt64(index) + 100)
        for _ in 0..<4_000 {
            var bytes = Array(dice.pick(Self.seeds).utf8)
            for _ in 0...dice.roll(6) { dice.mutate(&bytes, Self.seeds) }
            target.run(bytes)
        }
    }
}

extension Dice {
    fileprivate mutating func mutate(_ bytes: inout [UInt8], _ seeds: [String]) {
        guard !bytes.isEmpty else { return bytes = Array(pick(seeds).utf8) }
        let place = roll(bytes.count)
        switch roll(6) {
        case 0: bytes[place] = UInt8(roll(256))
        case 1: bytes[place] = pick(Array("{}[]\",:\\/-+.0129eE&*!|>'#%@ \n\t=<()~".utf8))
        case 2: bytes.remove(at: place)
        case 3: bytes.insert(pick(Array("{}[]\",:\\&*- \n".utf8)), at: place)
        case 4: bytes.removeSubrange(place..<min(bytes.count, place + roll(8)))
        default:
            let other = Array(pick(seeds).utf8)
            let start = roll(other.count)
            bytes.insert(contentsOf: other[start..<min(other.count, start + roll(20))], at: place)
        }
    }
}

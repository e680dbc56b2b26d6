import KubernetesAPI
import ObjectModel
import Schema
import TestSupport

@testable import APIServer

/// The forms of an object, and what the server makes of one.
extension FuzzTarget {
    static let objects: [FuzzTarget] = [json, leanJSON, yaml, cbor, protobuf, object, quantity, time, address]

    private static let objectWords = [
        "apiVersion", "kind", "metadata", "spec", "status", "null", "true", "false", "\"\\u0000\"", "\\ud800", "{}", "[]", "1e999",
        "{\"a\":1,\"a\":2}",
    ]

    private static let json = FuzzTarget(name: "json", words: objectWords) { bytes throws(BrokenPromise) in
        guard let value = try? Value(json: bytes) else { return false }
        let written = value.json()
        // `1.0` is written as `1`, so what is compared is what was written.
        try keep((try? Value(json: written))?.json() == written, "written JSON is read as it was")
        let canonical = value.canonicalJSON()
        try keep((try? Value(json: canonical))?.canonicalJSON() == canonical, "canonical JSON is its own canonical form")
        let other = try? bytes.withUnsafeBytes { bytes throws(JSONError) in try JSONParser.parseReportingDuplicates(bytes).value }
        try keep(other == value, "both ways of reading JSON agree")
        return true
    }

    private static let leanJSON = FuzzTarget(name: "lean-json", words: objectWords + ["\"managedFields\":", "\"metadata\":"]) {
        bytes throws(BrokenPromise) in
        let lean = try? Value(leanJSON: bytes)
        guard var value = try? Value(json: bytes) else { return false }
        if value["metadata"].isObject { value.metadata["managedFields"] = .null }
        try keep(lean == value, "a lean object is the object without its managed fields")
        return true
    }

    private static let yaml = FuzzTarget(
        name: "yaml",
        words: objectWords + ["&a ", "*a", "<<: *a", "!!binary ", "|-\n", ">+2\n", "---\n", "...\n", "? ", ".inf", ".nan", "%YAML 1.1\n"]
    ) { bytes throws(BrokenPromise) in
        guard let documents = try? YAML.parseAll(bytes) else { return false }
        for document in documents {
            let written = YAML.write(document.value)
            try keep((try? YAML.parse(written))?.json() == document.value.json(), "written YAML is read as it was")
        }
        return true
    }

    private static let cbor = FuzzTarget(
        name: "cbor", words: ["\u{d9}\u{d9}\u{f7}"], seeds: { everyObject(50).map(CBOR.encode) }
    ) { bytes throws(BrokenPromise) in
        guard let value = try? CBOR.parse(bytes) else { return false }
        let written = CBOR.encode(value)
        try keep((try? CBOR.parse(written)).map(CBOR.encode) == written, "written CBOR is read as it was")
        _ = value.json()
        return true
    }

    private static let protobuf = FuzzTarget(
        name: "protobuf", words: ["k8s\u{0}", "v1", "Pod"],
        seeds: {
            everyObject(1).compactMap { ProtobufForm.encode($0) }
        }
    ) { bytes throws(BrokenPromise) in
        let types = catalog.resources.map(\.type)
        // Whatever its envelope says, it is read as one other kind too.
        let sum = bytes.reduce(0) { $0 &* 31 &+ Int($1) }
        let message = bytes.withUnsafeBytes { bytes in Result { () throws(ProtobufError) in try ProtobufEnvelope(bytes) }.map { Array($0.message) } }
        let other = types[abs(sum % types.count)]
        try checkMessage((try? message.get()) ?? bytes, other)
        guard let object = try? ProtobufForm.decode(bytes, nil), let type = definition(of: object)?.type else { return false }
        let written = ProtobufEncoder.encode(object, as: type)
        try checkMessage(written, type)
        return true
    }

    private static func checkMessage(_ bytes: [UInt8], _ type: TypeDefinition) throws(BrokenPromise) {
        guard let object = read(bytes, type) else { return }
        let written = ProtobufEncoder.encode(object, as: type)
        guard let again = read(written, type) else { throw BrokenPromise("a written \(type.name) is read again") }
        try keep(ProtobufEncoder.encode(again, as: type) == written, "\(type.name) is written as it was read")
        try checkText(object.canonicalJSON(), again, type)
    }

    private static func checkText(_ stored: [UInt8], _ object: Value, _ type: TypeDefinition) throws(BrokenPromise) {
        guard let transcoded = ProtobufTranscoder.transcode(stored, as: type) else { return }
        try keep(read(transcoded, type) == object, "\(type.name) is written from text as from a tree")
    }

    private static func read(_ bytes: [UInt8], _ type: TypeDefinition) -> Value? {
        try? bytes.withUnsafeBytes { bytes throws(ProtobufError) in try ProtobufDecoder.decode(bytes, as: type) }
    }

    /// The write path as plain functions: decode, default, validate, warn, show, and every form of the result.
    private static let object = FuzzTarget(
        name: "object", words: objectWords + objectFieldWords, seeds: { everyObject(3).map { $0.json() } }
    ) { bytes throws(BrokenPromise) in
        guard var object = try? Value(json: bytes), object.isObject, let definition = definition(of: object) else { return false }
        guard (try? SchemaDecoder.decode(&object, as: definition.type)) != nil else { return false }
        var again = object
        try keep((try? SchemaDecoder.decode(&again, as: definition.type)) == [], "what was decoded has nothing unknown")
        try keep(again == object, "what was decoded stays")
        Defaulter.apply(to: &object, type: definition.type)
        again = object
        Defaulter.apply(to: &again, type: definition.type)
        try keep(again == object, "defaults are applied once")
        let created = KindValidation.validate(object, old: nil, definition: definition, subresource: "")
        for subresource in [""] + definition.subresources.map(\.name) {
            _ = KindValidation.validate(object, old: object, definition: definition, subresource: subresource)
        }
        _ = KindWarnings.warnings(object, old: nil, definition: definition)
        let table = TableForm.table(
            [object], version: "v1", definition: definition, metadata: [:], includeObject: "Object", now: Timestamp(seconds: 1_800_000_000))
        try keep((try? Value(json: table.json())) != nil, "a table is JSON")
        let stored = object.canonicalJSON()
        try keep((try? Value(json: stored))?.canonicalJSON() == stored, "what is stored is read as it was")
        try keep((try? YAML.parse(YAML.write(object)))?.canonicalJSON() == stored, "YAML says the same")
        try keep((try? CBOR.parse(CBOR.encode(object)))?.canonicalJSON() == stored, "CBOR says the same")
        if let message = read(ProtobufEncoder.encode(object, as: definition.type), definition.type) {
            try checkText(stored, message, definition.type)
        }
        return created.isEmpty
    }

    private static let objectFieldWords = [
        #""name":"x""#, #""labels":{"a":"b"}"#, #""finalizers":["a/b"]"#, #""ownerReferences":[{}]"#, #""managedFields":[{}]"#, #""value":"1e99999""#,
        #""port":70000"#, #""protocol":"SCTP""#, #""50%""#, #""replicas":-1"#, #""selector":{"matchLabels":{"a":"b"}}"#, #""schedule":"@every 1h""#,
        "\"\"", "\"-\"", "\"a/b/c\"", "\"10.0.0.0/33\"", "\"2026-01-01T00:00:00Z\"",
    ]

    private static let quantity = FuzzTarget(name: "quantity", words: ["n", "u", "m", "k", "Ki", "Mi", "E", "Ei", "e", "+", "-", "."]) {
        bytes throws(BrokenPromise) in
        guard let quantity = try? Quantity(bytes.text) else { return false }
        _ = (quantity.value, quantity.milliValue, quantity + quantity, quantity - quantity, -quantity)
        // Beyond 64 bits a quantity is kept as its limit.
        if quantity < Quantity(.max), -quantity < Quantity(.max) {
            try keep((try? Quantity(quantity.description)) == quantity, "\(quantity) is read as it was written")
        }
        return true
    }

    private static let time = FuzzTarget(name: "time", words: ["Z", "+23:59", "T", ".999999999", "0000", "9999", "-02-29", ":60"]) {
        bytes throws(BrokenPromise) in
        guard let time = Timestamp(rfc3339: bytes.text) else { return false }
        try keep(Timestamp(rfc3339: time.rfc3339)?.seconds == time.seconds, "\(time.rfc3339) is read as it was written")
        _ = (time.rfc3339Micro, time + .seconds(Int64.max / 4), time - Timestamp(nanoseconds: .min))
        return true
    }

    private static let address = FuzzTarget(name: "address", words: ["::", "/128", "/0", "ffff:", "1.2.3.4", "%eth0"]) {
        bytes throws(BrokenPromise) in
        let address = IPAddress(bytes.text)
        if let address { try keep(IPAddress(address.description) == address, "\(address) is read as it was written") }
        let block = CIDR(bytes.text)
        if let block { try keep(block.contains(block.network) && block.contains(block.last), "\(block) has its first and last address") }
        return address != nil || block != nil
    }

    // MARK: Objects to begin with

    static let catalog = Catalog.builtIn

    static func definition(of object: Value) -> ResourceDefinition? {
        let parts = object.apiVersion.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let version = parts.last else { return nil }
        return catalog.kind(group: parts.count == 2 ? parts[0] : "", version: version, kind: object.kind)
    }

    /// Of every kind that is served, some fields filled at random: each `stride`-th.
    static func everyObject(_ stride: Int) -> [Value] {
        catalog.resources.enumerated().filter { $0.offset % stride == 0 }.map { number, definition in
            var dice = Dice(seed: UInt64(number))
            var object = dice.object(of: definition.type, depth: 4)
            object["apiVersion"] = .string(definition.apiVersion)
            object["kind"] = .string(definition.kind)
            return object
        }
    }
}

/// Writes a `Value` as CBOR: the shortest form of every number, definite lengths, keys in the order of their encoding.
enum CBORWriter {
    static func write(_ value: Value, _ sink: inout ByteSink) {
        switch value {
        case .null: sink.append(0xF6)
        case .bool(let flag): sink.append(flag ? 0xF5 : 0xF4)
        case .integer(let integer):
            if integer >= 0 { head(.unsigned, UInt64(integer), &sink) } else { head(.negative, UInt64(-1 - integer), &sink) }
        case .number(let number): write(number, &sink)
        case .string(let text): write(text, &sink)
        case .array(let elements):
            head(.array, UInt64(elements.count), &sink)
            for element in elements { write(element, &sink) }
        case .object(let fields):
            head(.map, UInt64(fields.count), &sink)
            // A key's encoding begins with its length, so shorter ones come first. The members of one length are in order already.
            let order = fields.members.indices.sorted { left, right in
                let (one, other) = (fields.members[left].key.utf8.count, fields.members[right].key.utf8.count)
                return one == other ? left < right : one < other
            }
            for index in order {
                write(fields.members[index].key, &sink)
                write(fields.members[index].value, &sink)
            }
        }
    }

    private static func write(_ text: String, _ sink: inout ByteSink) {
        head(.bytes, UInt64(text.utf8.count), &sink)
        sink.append(text)
    }

    /// The type and a number, in as few bytes as hold it.
    private static func head(_ type: CBORType, _ number: UInt64, _ sink: inout ByteSink) {
        let first = type.rawValue << 5
        switch number {
        case 0..<24: sink.append(first | UInt8(number))
        case 24..<0x100: write(first | 24, UInt8(number), &sink)
        case 0x100..<0x1_0000: write(first | 25, UInt16(number), &sink)
        case 0x1_0000..<0x1_0000_0000: write(first | 26, UInt32(number), &sink)
        default: write(first | 27, number, &sink)
        }
    }

    private static func write(_ first: UInt8, _ number: some FixedWidthInteger, _ sink: inout ByteSink) {
        sink.append(first)
        withUnsafeBytes(of: number.bigEndian) { sink.append($0) }
    }

    // MARK: Fractions

    private static func write(_ number: Double, _ sink: inout ByteSink) {
        guard number.isFinite else { return sink.append(0xF6) }
        let single = Float(number)
        guard Double(single) == number else { return write(0xFB, number.bitPattern, &sink) }
        if let half = half(single) { write(0xF9, half, &sink) } else { write(0xFA, single.bitPattern, &sink) }
    }

    /// The number in 16 bits, if it loses nothing by it.
    private static func half(_ number: Float) -> UInt16? {
        let sign: UInt16 = number.sign == .minus ? 0x8000 : 0
        if number == 0 { return sign }
        let exponent = number.exponent
        if exponent >= -14, exponent <= 15 {
            let mantissa = number.significandBitPattern
            return mantissa & 0x1FFF == 0 ? sign | UInt16(exponent + 15) << 10 | UInt16(mantissa >> 13) : nil
        }
        // Below 2⁻¹⁴ there are only multiples of 2⁻²⁴.
        let scaled = number.magnitude * 16_777_216
        return exponent < -14 && scaled == scaled.rounded() ? sign | UInt16(scaled) : nil
    }
}

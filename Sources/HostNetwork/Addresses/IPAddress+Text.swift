extension IPAddress: CustomStringConvertible, LosslessStringConvertible {
    /// Reads `192.0.2.1` (no leading zeros, as the API demands) or any form of RFC 4291, without a zone.
    public init?(_ text: String) {
        var text = text
        let parsed = text.withUTF8 { utf8 -> IPAddress? in
            if utf8.contains(UInt8(ascii: ":")) { return Self.parse6(utf8) }
            return Self.parse4(utf8[...]).map { IPAddress(family: .v4, bits: UInt128($0)) }
        }
        guard let parsed else { return nil }
        self = parsed
    }

    /// The canonical text: RFC 5952 for IPv6.
    public var description: String {
        switch family {
        case .v4:
            let n = UInt32(truncatingIfNeeded: bits)
            return "\(n >> 24).\(n >> 16 & 0xff).\(n >> 8 & 0xff).\(n & 0xff)"
        case .v6: return text6
        }
    }

    private var text6: String {
        let groups = stride(from: 112, through: 0, by: -16).map { UInt16(truncatingIfNeeded: bits >> UInt128($0)) }
        if groups[0..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xffff {
            return "::ffff:" + IPAddress(family: .v4, bits: bits).description
        }
        // The longest run of two or more zero groups is written as "::", the first of equally long ones.
        var longest = 0..<0
        var index = 0
        while index < 8 {
            var end = index
            while end < 8, groups[end] == 0 { end += 1 }
            if end - index > longest.count, end - index > 1 { longest = index..<end }
            index = max(end, index + 1)
        }
        let head = groups[..<longest.lowerBound].map { String($0, radix: 16) }.joined(separator: ":")
        guard !longest.isEmpty else { return groups.map { String($0, radix: 16) }.joined(separator: ":") }
        return head + "::" + groups[longest.upperBound...].map { String($0, radix: 16) }.joined(separator: ":")
    }

    private static func parse4(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> UInt32? {
        var result: UInt32 = 0
        var parts = 0
        for part in text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            var number: UInt32 = 0
            for byte in part {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                number = number * 10 + UInt32(byte - UInt8(ascii: "0"))
            }
            guard number <= 255 else { return nil }
            parts += 1
            guard parts <= 4 else { return nil }
            result = result << 8 | number
        }
        return parts == 4 ? result : nil
    }

    private static func parse6(_ text: UnsafeBufferPointer<UInt8>) -> IPAddress? {
        guard text.count <= 45 else { return nil }
        if text.elementsEqual("::".utf8) { return IPAddress(family: .v6, bits: 0) }
        var head: [UInt16] = []
        var tail: [UInt16]?
        var parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        // "::" at an end leaves two empty parts there: fold them into one.
        if parts.count > 2, parts[0].isEmpty, parts[1].isEmpty { parts.removeFirst() }
        if parts.count > 2, parts[parts.count - 1].isEmpty, parts[parts.count - 2].isEmpty { parts.removeLast() }
        for (index, part) in parts.enumerated() {
            if part.isEmpty {
                // A lone colon at an end is not a gap.
                if index == 0, !(text.count >= 2 && text[1] == UInt8(ascii: ":")) { return nil }
                if index == parts.count - 1, !(text.count >= 2 && text[text.count - 2] == UInt8(ascii: ":")) { return nil }
                guard tail == nil else { return nil }
                tail = []
                continue
            }
            var groups: [UInt16]
            if part.contains(UInt8(ascii: ".")) {
                guard index == parts.count - 1, let low = parse4(part) else { return nil }
                groups = [UInt16(low >> 16), UInt16(low & 0xffff)]
            } else {
                guard part.count <= 4, let group = hex(part) else { return nil }
                groups = [group]
            }
            if tail != nil { tail?.append(contentsOf: groups) } else { head.append(contentsOf: groups) }
        }
        let count = head.count + (tail?.count ?? 0)
        guard tail == nil ? count == 8 : count < 8 else { return nil }
        let groups = head + Array(repeating: 0, count: 8 - count) + (tail ?? [])
        return IPAddress(family: .v6, bits: groups.reduce(UInt128(0)) { $0 << 16 | UInt128($1) })
    }

    private static func hex(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> UInt16? {
        var result: UInt16 = 0
        for byte in text {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            result = result << 4 | UInt16(digit)
        }
        return result
    }
}

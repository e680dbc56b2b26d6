/// Names in order, against which the members of objects are matched: the fields of a type.
public struct FieldNames: Sendable {
    public let names: [String]

    /// The names must be ordered by their bytes.
    public init(_ names: [String]) {
        assert(zip(names, names.dropFirst()).allSatisfy { Bytewise.precedes($0, $1) })
        self.names = names
    }

    /// The place of a name, looking from a place on.
    @inline(__always) func index(of name: String, from start: Int) -> Int? {
        var index = start
        while index < names.count {
            if Self.equal(names[index], name) { return index }
            index += 1
        }
        return nil
    }

    /// Two strings that are held inline are equal when their two words are; most names are held so. The bit that tells is bit 61 of the second word,
    /// part of the layout that Swift's strings have had since version 5. Were it to change, only speed would be lost as long as it is never set on a
    /// string that is held elsewhere.
    @inline(__always) static func equal(_ left: String, _ right: String) -> Bool {
        let one = unsafeBitCast(left, to: (UInt64, UInt64).self)
        let other = unsafeBitCast(right, to: (UInt64, UInt64).self)
        if one.0 == other.0, one.1 == other.1 { return true }
        let isInline: UInt64 = 1 << 61
        return one.1 & other.1 & isInline == 0 && Bytewise.equal(left, right)
    }
}

extension Fields {
    /// Walks the members and a list of names side by side. `change` gets the place of the member's name in the list (nil if it isn't in it), the
    /// name, and the value to change in place.
    public mutating func match(_ names: FieldNames, _ change: (Int?, String, inout Value) -> Void) {
        var next = 0
        members.withUnsafeMutableBufferPointer { members in
            for index in members.indices {
                let place = names.index(of: members[index].key, from: next)
                if let place { next = place + 1 }
                change(place, members[index].key, &members[index].value)
            }
        }
    }

    /// Tells for each name of a list where the member of that name stands; -1 where there is none. `places` has room for all of them.
    public func findPlaces(of names: FieldNames, into places: UnsafeMutableBufferPointer<Int32>) {
        places.update(repeating: -1)
        var next = 0
        for index in members.indices {
            guard let place = names.index(of: members[index].key, from: next) else { continue }
            places[place] = Int32(index)
            next = place + 1
        }
    }

    /// The value of the member at a place.
    public func value(at place: Int32) -> Value { members[Int(place)].value }

    /// Takes values in the order of names, without those that are null.
    public init(_ names: FieldNames, _ values: [Value]) {
        var members: [Member] = []
        members.reserveCapacity(values.count)
        for (name, value) in zip(names.names, values) where !value.isNull { members.append(Member(key: name, value: value)) }
        self.init(sorted: members)
    }

    /// Adds those members of another object that aren't there yet.
    public mutating func addMissing(_ others: Fields) {
        var missing: [Int] = []
        for index in others.members.indices {
            let key = others.members[index].key
            if !members.contains(where: { FieldNames.equal($0.key, key) }) { missing.append(index) }
        }
        guard !missing.isEmpty else { return }
        var old = members.count - 1
        members.append(contentsOf: repeatElement(Member(key: "", value: .null), count: missing.count))
        // From the back, so that every member moves once.
        members.withUnsafeMutableBufferPointer { members in
            var free = members.count - 1
            while let new = missing.last {
                if old >= 0, Bytewise.precedes(others.members[new].key, members[old].key) {
                    members.swapAt(free, old)
                    old -= 1
                } else {
                    members[free] = others.members[new]
                    missing.removeLast()
                }
                free -= 1
            }
        }
    }

    /// Takes away the members that are null.
    public mutating func removeNulls() { members.removeAll { $0.value.isNull } }
}

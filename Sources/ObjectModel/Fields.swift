/// The members of an object, ordered by key.
///
/// The order makes equality a walk, the encoding deterministic, and a look-up a short search without hashing: objects of the
/// API have few members, most of which fit into a `String` without an allocation.
public struct Fields: Sendable, Hashable {
    @usableFromInline var members: [Member]

    @usableFromInline struct Member: Sendable, Hashable {
        @usableFromInline var key: String
        @usableFromInline var value: Value
        @usableFromInline init(key: String, value: Value) {
            self.key = key
            self.value = value
        }

        @usableFromInline static func == (left: Member, right: Member) -> Bool { Bytewise.equal(left.key, right.key) && left.value == right.value }
    }

    public init() { members = [] }

    /// Of members with the same key, the last one stays.
    public init(_ pairs: some Sequence<(String, Value)>) {
        members = pairs.map { Member(key: $0.0, value: $0.1) }
        sortAndDeduplicate { _ in }
    }

    /// Takes `count` members in the order of their keys, each key once.
    public init(inOrder count: Int, _ gather: ((_ key: String, _ value: Value) -> Void) -> Void) {
        var members: [Member] = []
        members.reserveCapacity(count)
        gather { members.append(Member(key: $0, value: $1)) }
        self.members = members
    }

    /// Takes members that are in order, each key once.
    init(sorted: [Member]) { members = sorted }

    /// Takes members in any order. Of those with the same key the last one stays, as in Go's decoder; `duplicate` hears of each.
    init(unsorted: [Member], duplicate: (String) -> Void) {
        members = unsorted
        sortAndDeduplicate(duplicate)
    }

    private mutating func sortAndDeduplicate(_ duplicate: (String) -> Void) {
        guard members.count > 1 else { return }
        var sorted = true
        for index in 1..<members.count where !Bytewise.precedes(members[index - 1].key, members[index].key) {
            sorted = false
            break
        }
        if sorted { return }
        // `sort` is stable, so the last of equal keys is the last one written.
        members.sort { Bytewise.precedes($0.key, $1.key) }
        var kept: [Member] = []
        kept.reserveCapacity(members.count)
        for member in members {
            if let last = kept.last, Bytewise.equal(last.key, member.key) {
                duplicate(member.key)
                kept[kept.count - 1] = member
            } else {
                kept.append(member)
            }
        }
        members = kept
    }

    public static func == (left: Fields, right: Fields) -> Bool { left.members == right.members }

    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }
    public var keys: [String] { members.map(\.key) }
    public var values: [Value] { members.map(\.value) }

    /// The index of the first member whose key is not before `key`.
    @usableFromInline func lowerBound(_ key: String) -> Int {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if Bytewise.precedes(members[middle].key, key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    @usableFromInline func index(of key: String) -> Int? {
        if members.count <= 8 {
            for index in members.indices where Bytewise.equal(members[index].key, key) { return index }
            return nil
        }
        let index = lowerBound(key)
        return index < members.count && Bytewise.equal(members[index].key, key) ? index : nil
    }

    public func contains(_ key: String) -> Bool { index(of: key) != nil }

    /// The member named `key`. Setting `nil` removes it; setting `.null` keeps a JSON `null`.
    public subscript(key: String) -> Value? {
        get { index(of: key).map { members[$0].value } }
        set {
            let position = lowerBound(key)
            let found = position < members.count && Bytewise.equal(members[position].key, key)
            switch (found, newValue) {
            case (true, let value?): members[position].value = value
            case (true, nil): members.remove(at: position)
            case (false, let value?): members.insert(Member(key: key, value: value), at: position)
            case (false, nil): break
            }
        }
    }

    /// Moves a member's value out, leaving `.null` in its place, or removes the member if it was already null. Whoever takes puts back.
    mutating func take(_ key: String) -> Value {
        guard let position = index(of: key) else { return .null }
        let value = members[position].value
        members.remove(at: position)
        return value
    }

    /// Moves the value of `key` out for a change in place, leaving `.null`; `position` is the key's lower bound.
    mutating func vacate(_ key: String, at position: Int) -> Value {
        guard position < members.count, Bytewise.equal(members[position].key, key) else { return .null }
        var value = Value.null
        swap(&value, &members[position].value)
        return value
    }

    /// Ends what `vacate` began: puts the changed value, or takes the member away where the value is null.
    mutating func occupy(_ key: String, at position: Int, with value: Value) {
        if position < members.count, Bytewise.equal(members[position].key, key) {
            if value.isNull { members.remove(at: position) } else { members[position].value = value }
        } else if !value.isNull {
            members.insert(Member(key: key, value: value), at: position)
        }
    }

    public mutating func removeAll(where shouldRemove: (String, Value) -> Bool) {
        members.removeAll { shouldRemove($0.key, $0.value) }
    }

    /// Changes every value in place; a key stays where it is.
    public mutating func mapInPlace(_ change: (String, inout Value) throws -> Void) rethrows {
        for index in members.indices {
            var value = members[index].value
            members[index].value = .null
            defer { members[index].value = value }
            try change(members[index].key, &value)
        }
    }
}

extension Fields: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { members.count }
    public subscript(position: Int) -> (key: String, value: Value) { (members[position].key, members[position].value) }
}

extension Fields: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, Value)...) { self.init(elements) }
}

/// Changes to one table of family `inet` that the kernel takes as a whole or not at all.
///
/// Order matters as in an nft script: what is named must exist by then, what is deleted must not be in use any more.
public struct NFTransaction: Sendable, CustomStringConvertible {
    public let table: NFName

    /// The script so far, one command a line.
    public private(set) var description = ""

    /// Commands in the script.
    public private(set) var count = 0

    public init(table: NFName) { self.table = table }

    public var isEmpty: Bool { count == 0 }

    private mutating func command(_ text: NFText) {
        description += text.description
        description += "\n"
        count += 1
    }

    // MARK: Tables

    /// Creates the table where it is not there yet.
    public mutating func addTable() { command("add table inet \(table)") }

    /// Removes the table and all in it; one that is not there is no error.
    public mutating func deleteTable() {
        addTable()
        command("delete table inet \(table)")
    }

    // MARK: Chains and rules

    /// Where a base chain hangs in the kernel.
    public struct Hook: Sendable {
        public enum Kind: String, Sendable { case filter, nat, route }
        public enum Point: String, Sendable { case prerouting, input, forward, output, postrouting }

        public var kind: Kind
        public var point: Point

        /// Lower runs sooner: -300 raw, -200 connection tracking, -100 destination NAT, 0 filter, 100 source NAT.
        public var priority: Int

        public init(_ kind: Kind, _ point: Point, priority: Int) {
            self.kind = kind
            self.point = point
            self.priority = priority
        }
    }

    public mutating func addChain(_ chain: NFName, hook: Hook? = nil) {
        guard let hook else { return command("add chain inet \(table) \(chain)") }
        description +=
            "add chain inet \(table) \(chain) { type \(hook.kind.rawValue) hook \(hook.point.rawValue) priority \(hook.priority) ; policy accept ; }\n"
        count += 1
    }

    public mutating func flushChain(_ chain: NFName) { command("flush chain inet \(table) \(chain)") }

    public mutating func deleteChain(_ chain: NFName) { command("delete chain inet \(table) \(chain)") }

    public mutating func addRule(_ chain: NFName, _ rule: NFText) { command("add rule inet \(table) \(chain) \(rule)") }

    // MARK: Sets and maps

    /// Creates a set: `addSet("hairpin", "typeof ip saddr . ip daddr ;")`.
    public mutating func addSet(_ set: NFName, _ definition: NFText) { command("add set inet \(table) \(set) { \(definition) }") }

    public mutating func addMap(_ map: NFName, _ definition: NFText) { command("add map inet \(table) \(map) { \(definition) }") }

    public mutating func deleteSet(_ set: NFName) { command("delete set inet \(table) \(set)") }

    public mutating func flushSet(_ set: NFName) { command("flush set inet \(table) \(set)") }

    public mutating func addElements(_ set: NFName, _ elements: [NFText]) { command(elements, verb: "add element", set) }

    public mutating func deleteElements(_ set: NFName, _ elements: [NFText]) { command(elements, verb: "delete element", set) }

    /// Elements of one set share a command: nftables looks the set up once.
    private mutating func command(_ elements: [NFText], verb: StaticString, _ set: NFName) {
        guard !elements.isEmpty else { return }
        description += "\(verb) inet \(table) \(set) { "
        var isFirst = true
        for element in elements {
            if !isFirst { description += ", " }
            isFirst = false
            description += element.description
        }
        description += " }\n"
        count += 1
    }
}

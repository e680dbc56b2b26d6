/// Has the links of another server's answers lead through the path that it is reached by: `location` headers, and attributes of HTML that hold
/// addresses.
///
/// Only paths from the root are changed. Relative ones lead the right way already, and those with another host are none of ours.
public struct LinkRewriting: Sendable, Equatable {
    /// The path that stands for the server's root, without a slash at its end.
    public var prefix: String

    public init(prefix: String) { self.prefix = prefix }

    /// An address as the client must see it. `host` is the server's own name and port.
    func rewrite(_ address: String, host: String) -> String {
        var path = Substring(address)
        for scheme in ["http:", "https:"] where path.hasPrefix("\(scheme)//\(host)") {
            let rest = path.dropFirst(scheme.count + 2 + host.count)
            guard rest.isEmpty || rest.hasPrefix("/") || rest.hasPrefix("?") else { return address }
            path = rest.hasPrefix("/") ? rest : "/" + rest
        }
        guard path.hasPrefix("/"), !path.hasPrefix("//"), !path.hasPrefix(prefix) else { return address }
        return prefix + path
    }

    /// Attributes that hold one address, whatever the element.
    private static let attributes: Set<String> = [
        "action", "background", "cite", "classid", "codebase", "data", "formaction", "href", "icon", "longdesc", "manifest", "poster", "profile",
        "src",
        "usemap",
    ]

    /// A page with its links changed; everything else byte for byte.
    func rewrite(html: [UInt8], host: String) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(html.count + html.count / 16)
        var scanner = HTMLScanner(html)
        while let value = scanner.nextAttributeValue() {
            guard Self.attributes.contains(value.name) else { continue }
            // What is no UTF-8 would not be what it was when it is written again.
            guard let text = String(validating: html[value.range], as: UTF8.self) else { continue }
            let rewritten = rewrite(text, host: host)
            guard rewritten != text else { continue }
            out += html[scanner.copied..<value.range.lowerBound] + Array(rewritten.utf8)
            scanner.copied = value.range.upperBound
        }
        return out + html[scanner.copied...]
    }
}

/// Walks over the attributes of a page's tags.
private struct HTMLScanner {
    private let bytes: [UInt8]
    private var index = 0
    private var isInTag = false

    /// How much of the page was passed on.
    var copied = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func nextAttributeValue() -> (name: String, range: Range<Int>)? {
        while index < bytes.count {
            if isInTag {
                if let value = attribute() { return value }
            } else {
                findTag()
            }
        }
        return nil
    }

    /// To behind the name of the next opening tag. Comments are skipped.
    private mutating func findTag() {
        guard let start = bytes[index...].firstIndex(of: UInt8(ascii: "<")) else { return index = bytes.count }
        index = start + 1
        if bytes[index...].starts(with: "!--".utf8) { return skip(past: "-->") }
        guard index < bytes.count, Self.isLetter(bytes[index]) else { return }
        isInTag = true
        while index < bytes.count, !Self.isSpace(bytes[index]), bytes[index] != UInt8(ascii: ">") { index += 1 }
    }

    private mutating func attribute() -> (name: String, range: Range<Int>)? {
        while index < bytes.count, Self.isSpace(bytes[index]) || bytes[index] == UInt8(ascii: "/") { index += 1 }
        guard index < bytes.count else { return nil }
        if bytes[index] == UInt8(ascii: ">") {
            isInTag = false
            index += 1
            return nil
        }
        let nameStart = index
        while index < bytes.count, !Self.isSpace(bytes[index]), !"=>/".utf8.contains(bytes[index]) { index += 1 }
        let name = String(decoding: bytes[nameStart..<index], as: UTF8.self).lowercased()
        if index == nameStart { index += 1 }
        while index < bytes.count, Self.isSpace(bytes[index]) { index += 1 }
        guard index < bytes.count, bytes[index] == UInt8(ascii: "=") else { return nil }
        index += 1
        while index < bytes.count, Self.isSpace(bytes[index]) { index += 1 }
        guard index < bytes.count else { return nil }
        let quote = bytes[index]
        if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            let start = index + 1
            let end = bytes[start...].firstIndex(of: quote) ?? bytes.count
            index = min(end + 1, bytes.count)
            return (name, start..<end)
        }
        let start = index
        while index < bytes.count, !Self.isSpace(bytes[index]), bytes[index] != UInt8(ascii: ">") { index += 1 }
        return (name, start..<index)
    }

    private mutating func skip(past text: StaticString) {
        let wanted = Array("\(text)".utf8)
        while index < bytes.count, !bytes[index...].starts(with: wanted) { index += 1 }
        index = min(index + wanted.count, bytes.count)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
}

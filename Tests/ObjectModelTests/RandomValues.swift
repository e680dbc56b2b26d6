import TestSupport
import ObjectModel

extension Dice {
    private static let words = [
        "", "a", "app", "yes", "no", "null", "~", "1", "0x1F", "1.5", "-3", "2026-01-02", "12:30", "a b", " lead", "trail ", "a: b", "a #b", "- x",
        "multi\nline",
        "ends\n", "two\n\n", "\ttab", "é", "日本", "😀", "\"quoted\"", "it's", "{brace}", "[x]", "*star", "&and", "!bang", "%pct", "@at", "back\\slash",
        "\u{1}ctl",
        "on", "<<", ".inf", "---", "|", ">", "line\n  indented\n", "\u{2028}", "#", "a\n\nb", " \n", "\n", "x\n ", "?", "? a", ":", "a:", "0o7",
        "1_000", "\u{FEFF}", "=",
    ]

    /// A string that YAML, JSON or both find hard.
    mutating func word() -> String { pick(Self.words) }

    /// An object without nulls.
    mutating func object(depth: Int) -> Value {
        var fields = Fields()
        for _ in 0..<roll(5) { fields[word()] = value(depth: depth - 1) }
        return .object(fields)
    }

    mutating func value(depth: Int) -> Value {
        switch roll(depth > 0 ? 8 : 5) {
        case 0: return .bool(chance(2))
        case 1: return .integer(Int64(bitPattern: next()) >> Int64(roll(63)))
        case 2: return .number(Double(roll(1_000_000)) / 8 + 0.0625)
        case 3, 4: return .string(word())
        case 5: return .array((0..<roll(4)).map { _ in value(depth: depth - 1) })
        default: return object(depth: depth)
        }
    }
}

/// `$(NAME)` in commands, arguments and values of environment variables.
enum VariableExpansion {
    /// Replaces each `$(NAME)` that `lookup` knows. What it does not know stays as it is; `$$` is a `$`, so `$$(NAME)` is never replaced.
    static func expand(_ text: String, _ lookup: (String) -> String?) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
            result += rest[..<dollar]
            rest = rest[(dollar + 1)...]
            guard let next = rest.first else {
                result.append(UInt8(ascii: "$"))
                break
            }
            rest = rest.dropFirst()
            switch next {
            case UInt8(ascii: "$"): result.append(next)
            case UInt8(ascii: "("):
                guard let end = rest.firstIndex(of: UInt8(ascii: ")")) else {
                    result += [UInt8(ascii: "$"), next]
                    continue
                }
                let name = String(decoding: rest[..<end], as: UTF8.self)
                result += Array((lookup(name) ?? "$(\(name))").utf8)
                rest = rest[(end + 1)...]
            default: result += [UInt8(ascii: "$"), next]
            }
        }
        result += rest
        return String(decoding: result, as: UTF8.self)
    }
}

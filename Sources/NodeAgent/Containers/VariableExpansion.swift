/// `$(NAME)` in commands, arguments and values of environment variables.
enum VariableExpansion {
    /// What one text may become. Linux takes 128 KiB for an argument or a variable; without a bound, forty variables that each hold the one before
    /// twice would take all memory there is.
    static let lengthMax = 1 << 20

    /// Replaces each `$(NAME)` that `lookup` knows. What it does not know stays as it is; `$$` is a `$`, so `$$(NAME)` is never replaced.
    static func expand(_ text: String, _ lookup: (String) -> String?) throws(ContainerConfigError) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        // Behind the last of them nothing needs to be looked for.
        let lastEnd = bytes.lastIndex(of: UInt8(ascii: ")")) ?? -1
        var rest = bytes[...]
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
                guard rest.startIndex <= lastEnd, let end = rest.firstIndex(of: UInt8(ascii: ")")) else {
                    result += [UInt8(ascii: "$"), next]
                    continue
                }
                let name = String(decoding: rest[..<end], as: UTF8.self)
                result += Array((lookup(name) ?? "$(\(name))").utf8)
                guard result.count <= lengthMax else { throw ContainerConfigError("the variables in \(text.prefix(64)) expand to more than 1 MiB") }
                rest = rest[(end + 1)...]
            default: result += [UInt8(ascii: "$"), next]
            }
        }
        result += rest
        return String(decoding: result, as: UTF8.self)
    }
}

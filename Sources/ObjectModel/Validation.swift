/// The rules that names, labels and the like keep throughout the API, each returning what is wrong in upstream's words, or nothing.
public enum Validation {
    // MARK: Names

    /// A DNS label (RFC 1123): at most 63 of `a-z0-9-`, beginning and ending with a letter or digit.
    public static func dns1123Label(_ value: String) -> [String] {
        var problems = tooLong(value, 63)
        if !isDNS1123Label(value) {
            problems.append(
                isDNS1123Subdomain(value)
                    ? "must not contain dots"
                    : shape(
                        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
                        dns1123LabelPattern, "my-name", "123-abc"))
        }
        return problems
    }

    /// DNS labels joined by dots, at most 253 in all: the name of most objects.
    public static func dns1123Subdomain(_ value: String) -> [String] {
        var problems = tooLong(value, 253)
        if !isDNS1123Subdomain(value) {
            problems.append(
                shape(
                    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
                    dns1123SubdomainPattern, "example.com"))
        }
        return problems
    }

    /// `*.` and a subdomain, as the host of an Ingress.
    public static func wildcardDNS1123Subdomain(_ value: String) -> [String] {
        guard !value.utf8.starts(with: "*.".utf8) || !isDNS1123Subdomain(String(value.dropFirst(2))) else { return tooLong(value, 253) }
        return tooLong(value, 253) + [
            shape(
                "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
                #"\*\."# + dns1123SubdomainPattern, "*.example.com")
        ]
    }

    /// A DNS label that begins with a letter (RFC 1035): the name of a Service.
    public static func dns1035Label(_ value: String) -> [String] {
        var problems = tooLong(value, 63)
        if !isDNS1123Label(value) || !(value.utf8.first.map(isLower) ?? false) {
            problems.append(
                shape(
                    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
                    "[a-z]([-a-z0-9]*[a-z0-9])?", "my-name", "abc-123"))
        }
        return problems
    }

    /// A name that may stand as one segment of a URL's path, such as that of a ClusterRole.
    public static func pathSegmentName(_ value: String) -> [String] {
        if value == "." || value == ".." { return ["may not be '\(value)'"] }
        return ["/", "%"].filter { value.contains($0) }.map { "may not contain '\($0)'" }
    }

    /// `name` or `prefix/name`: the key of a label, annotation or taint, and the name of a resource.
    public static func qualifiedName(_ value: String) -> [String] {
        // Most are right; the words are only put together for those that aren't.
        isQualifiedName(value) ? [] : qualifiedNameProblems(value)
    }

    private static func isQualifiedName(_ value: String) -> Bool {
        guard let slash = value.utf8.firstIndex(of: UInt8(ascii: "/")) else { return value.utf8.count <= 63 && isQualified(value[...]) }
        let (prefix, name) = (value.utf8[..<slash], value[value.utf8.index(after: slash)...])
        return prefix.count <= 253 && isDNS1123Subdomain(bytes: prefix) && name.utf8.count <= 63 && isQualified(name)
    }

    private static func qualifiedNameProblems(_ value: String) -> [String] {
        let complaint = shape(
            "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", qualifiedNamePattern,
            "MyName", "my.name", "123-abc")
        let parts = value.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else {
            return ["a qualified name \(complaint) with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
        }
        var problems: [String] = []
        if parts.count == 2 {
            problems += parts[0].isEmpty ? ["prefix part must be non-empty"] : dns1123Subdomain(String(parts[0])).map { "prefix part \($0)" }
        }
        let name = parts.last ?? ""
        if name.isEmpty { problems.append("name part must be non-empty") }
        problems += tooLong(name, 63).map { "name part \($0)" }
        if !isQualified(name) { problems.append("name part \(complaint)") }
        return problems
    }

    public static func labelValue(_ value: String) -> [String] {
        var problems = tooLong(value, 63)
        if !value.isEmpty, !isQualified(value[...]) {
            problems.append(
                shape(
                    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
                    "(\(qualifiedNamePattern))?", "MyValue", "my_value", "12345"))
        }
        return problems
    }

    // MARK: Parts of a pod

    /// The strict rule for environment variables, as upstream had it before 1.34, and still has for `envFrom` prefixes.
    public static func envVarName(_ value: String) -> [String] {
        let isValid = value.utf8.first.map { !isDigit($0) } ?? false && value.utf8.allSatisfy { isAlphanumeric($0) || isDashDotUnderscore($0) }
        guard isValid else {
            return [
                shape(
                    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
                    "[-._a-zA-Z][-._a-zA-Z0-9]*", "my.env-name", "MY_ENV.NAME", "MyEnvName1")
            ]
        }
        return parentDirectory(value)
    }

    /// The rule of 1.34 and later: any printable ASCII but `=`.
    public static func relaxedEnvVarName(_ value: String) -> [String] {
        if value.isEmpty { return ["environment variable name must be non-empty"] }
        let isValid = value.utf8.allSatisfy { (0x20..<0x7F).contains($0) && $0 != UInt8(ascii: "=") }
        return isValid ? [] : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
    }

    public static func cIdentifier(_ value: String) -> [String] {
        let isValid =
            value.utf8.first.map { !isDigit($0) } ?? false && value.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
        return isValid
            ? []
            : [
                shape(
                    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
                    "[A-Za-z_][A-Za-z0-9_]*", "my_name", "MY_NAME", "MyName")
            ]
    }

    /// A key of a ConfigMap or Secret, which becomes a file's name.
    public static func configMapKey(_ value: String) -> [String] {
        let problems = tooLong(value, 253)
        guard !value.isEmpty, value.utf8.allSatisfy({ isAlphanumeric($0) || isDashDotUnderscore($0) }) else {
            return problems + [
                shape(
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'", "[-._a-zA-Z0-9]+", "key.name", "KEY_NAME",
                    "key-name")
            ]
        }
        return problems + parentDirectory(value)
    }

    public static func portNumber(_ value: Int64) -> [String] { inRange(value, 1...65535) }

    public static func inRange(_ value: Int64, _ range: ClosedRange<Int64>) -> [String] {
        range.contains(value) ? [] : ["must be between \(range.lowerBound) and \(range.upperBound), inclusive"]
    }

    /// An IANA service name: at most 15 of `a-z0-9-`, at least one letter.
    public static func portName(_ value: String) -> [String] {
        var problems = tooLong(value, 15)
        if value.isEmpty || !value.utf8.allSatisfy({ isLower($0) || isDigit($0) || $0 == dash }) {
            problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
        }
        if !value.utf8.contains(where: isLower) { problems.append("must contain at least one letter (a-z)") }
        if value.contains("--") { problems.append("must not contain consecutive hyphens") }
        if value.utf8.first == dash || value.utf8.last == dash { problems.append("must not begin or end with a hyphen") }
        return problems
    }

    public static func percentage(_ value: String) -> [String] {
        let isValid = value.utf8.count > 1 && value.utf8.last == UInt8(ascii: "%") && value.utf8.dropLast().allSatisfy(isDigit)
        return isValid ? [] : [shape("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", "1%", "93%")]
    }

    public static func httpHeaderName(_ value: String) -> [String] {
        !value.isEmpty && value.utf8.allSatisfy { isAlphanumeric($0) || $0 == dash }
            ? [] : [shape("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", "X-Header-Name")]
    }

    // MARK: Addresses

    public static func ip(_ value: String) -> [String] {
        IPAddress(value) == nil ? ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"] : []
    }

    public static func cidr(_ value: String) -> [String] {
        CIDR(value) == nil ? ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"] : []
    }

    // MARK: Shapes

    static let dns1123LabelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    static let dns1123SubdomainPattern = #"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"#
    static let qualifiedNamePattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

    /// Upstream's way to say what a text should look like.
    static func shape(_ rule: String, _ pattern: String, _ examples: String...) -> String {
        "\(rule) (e.g. \(examples.map { "'\($0)', " }.joined(separator: " or "))regex used for validation is '\(pattern)')"
    }

    static func tooLong(_ value: some StringProtocol, _ max: Int) -> [String] {
        value.utf8.count > max ? ["must be no more than \(max) bytes"] : []
    }

    private static func parentDirectory(_ value: String) -> [String] {
        if value == "." || value == ".." { return ["must not be '\(value)'"] }
        return value.utf8.starts(with: "..".utf8) ? ["must not start with '..'"] : []
    }

    private static func isDNS1123Subdomain(_ value: String) -> Bool { isDNS1123Subdomain(bytes: value.utf8) }

    /// Labels joined by dots: at the beginning and end of each stands a letter or digit.
    private static func isDNS1123Subdomain(bytes: some Collection<UInt8>) -> Bool {
        var previous = UInt8(ascii: ".")
        for byte in bytes {
            if byte == UInt8(ascii: ".") {
                if previous == byte || previous == dash { return false }
            } else if byte == dash {
                if previous == UInt8(ascii: ".") { return false }
            } else if !isLower(byte), !isDigit(byte) {
                return false
            }
            previous = byte
        }
        return previous != UInt8(ascii: ".") && previous != dash
    }

    private static func isDNS1123Label(_ value: String) -> Bool { isDNS1123Label(bytes: value.utf8) }

    private static func isDNS1123Label(bytes: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = bytes.first, first != dash, bytes.last != dash else { return false }
        return bytes.allSatisfy { isLower($0) || isDigit($0) || $0 == dash }
    }

    private static func isQualified(_ value: Substring) -> Bool {
        guard let first = value.utf8.first, let last = value.utf8.last, isAlphanumeric(first), isAlphanumeric(last) else { return false }
        return value.utf8.allSatisfy { isAlphanumeric($0) || isDashDotUnderscore($0) }
    }

    private static let dash = UInt8(ascii: "-")
    private static func isLower(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLower(byte) || isDigit(byte) || byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
    }
    private static func isDashDotUnderscore(_ byte: UInt8) -> Bool { byte == dash || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") }
}

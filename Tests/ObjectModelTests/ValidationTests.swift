import ObjectModel
import Testing

@Suite struct ValidationTests {
    private let label =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    private let subdomain =
        #"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"#

    @Test func `labels of DNS`() {
        #expect(Validation.dns1123Label("my-name1") == [])
        #expect(Validation.dns1123Label("My") == [label])
        #expect(Validation.dns1123Label("-a") == [label])
        #expect(Validation.dns1123Label("") == [label])
        #expect(Validation.dns1123Label("a.b") == ["must not contain dots"])
        #expect(Validation.dns1123Label(String(repeating: "a", count: 64)) == ["must be no more than 63 bytes"])
    }

    @Test func `subdomains`() {
        #expect(Validation.dns1123Subdomain("a.b-c.d1") == [])
        for bad in ["a..b", "A", "a_b", ".a", "a.", ""] { #expect(Validation.dns1123Subdomain(bad) == [subdomain]) }
        #expect(Validation.wildcardDNS1123Subdomain("*.foo.com") == [])
        #expect(Validation.wildcardDNS1123Subdomain("*foo.com").count == 1)
    }

    @Test func `labels that begin with a letter`() {
        #expect(Validation.dns1035Label("web-1") == [])
        #expect(
            Validation.dns1035Label("1web") == [
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
            ])
    }

    @Test func `qualified names`() {
        for good in ["a", "example.com/a_b.c", "A-b"] { #expect(Validation.qualifiedName(good) == []) }
        #expect(Validation.qualifiedName("/a") == ["prefix part must be non-empty"])
        #expect(Validation.qualifiedName("a/").first == "name part must be non-empty")
        #expect(Validation.qualifiedName("A/b") == ["prefix part \(subdomain)"])
        #expect(
            Validation.qualifiedName("a/b/c") == [
                "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ])
    }

    @Test func `names of ports, variables and keys`() {
        #expect(Validation.portName("http-1") == [])
        #expect(Validation.portName("80") == ["must contain at least one letter (a-z)"])
        #expect(Validation.portName("a--b-") == ["must not contain consecutive hyphens", "must not begin or end with a hyphen"])
        #expect(Validation.envVarName("MY_VAR.x-1") == [])
        #expect(Validation.envVarName("1x").count == 1)
        #expect(Validation.envVarName("..x") == ["must not start with '..'"])
        #expect(Validation.relaxedEnvVarName("1 x") == [])
        #expect(Validation.relaxedEnvVarName("a=b").count == 1)
        #expect(Validation.configMapKey("a.b_c-D") == [])
        #expect(Validation.configMapKey("..") == ["must not be '..'"])
        #expect(Validation.portNumber(0) == ["must be between 1 and 65535, inclusive"])
        #expect(Validation.pathSegmentName("a/b%") == ["may not contain '/'", "may not contain '%'"])
    }

    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1"), ("::1", "::1"), ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("::ffff:10.0.0.1", "10.0.0.1"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("::", "::"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("fe80::", "fe80::"), ("0:0:1::", "0:0:1::"),
    ])
    func `addresses are written in their canonical form`(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "10.0.0", "10.0.0.256", "010.0.0.1", "1.2.3.4.5", ":::", "1::2::3", "12345::", "g::", "1:2:3:4:5:6:7:8:9", "fe80::1%eth0",
        "1:2:3:4:5:6:7::8:9", " 1.2.3.4",
    ])
    func `what is no address is refused`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `ranges of addresses`() throws {
        let range = try #require(CIDR("10.1.2.3/22"))
        #expect(range.network.description == "10.1.0.0")
        #expect(range.last.description == "10.1.3.255")
        #expect(range.count == 1024)
        #expect(IPAddress("10.1.3.7").map(range.contains) == true)
        #expect(IPAddress("10.1.4.0").map(range.contains) == false)
        #expect(range.address(at: 10)?.description == "10.1.0.10")
        #expect(range.address(at: 1024) == nil)
        #expect(CIDR("fd00::/8")?.contains(try #require(IPAddress("fdff::1"))) == true)
        for bad in ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0/08", "/8"] { #expect(CIDR(bad) == nil) }
    }

    @Test func `bytes in base64`() {
        for text in ["", "f", "fo", "foo", "foob", "fooba", "foobar"] { #expect(Base64.decode(Base64.encode(Array(text.utf8))) == Array(text.utf8)) }
        #expect(Base64.encode(Array("hello".utf8)) == "aGVsbG8=")
        for bad in ["a", "aGVsbG8", "a===", "aGVsb=8=", "aG V"] { #expect(Base64.decode(bad) == nil) }
    }
}

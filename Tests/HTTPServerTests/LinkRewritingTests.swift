import Testing

@testable import HTTPServer

@Suite struct LinkRewritingTests {
    private let links = LinkRewriting(prefix: "/api/v1/namespaces/a/pods/b/proxy")

    @Test(
        arguments: [
            ("/x?y", "/api/v1/namespaces/a/pods/b/proxy/x?y"), ("x/y", "x/y"), ("http://10.0.0.5:80/x", "/api/v1/namespaces/a/pods/b/proxy/x"),
            ("http://10.0.0.5:8080/x", "http://10.0.0.5:8080/x"), ("//elsewhere.example/x", "//elsewhere.example/x"), ("#top", "#top"),
            ("/api/v1/namespaces/a/pods/b/proxy/x", "/api/v1/namespaces/a/pods/b/proxy/x"),
        ] as [(String, String)])
    func `paths from the root lead through the proxy`(address: String, expected: String) {
        #expect(links.rewrite(address, host: "10.0.0.5:80") == expected)
    }

    @Test func `links of a page are changed and nothing else`() {
        let page = "<p class=/a>x</p><!-- <a href=\"/no\"> --><A HREF=\"/yes\" title='/t'>1 < 2</a><img src=/i alt>\n<a href='/q'"
        let prefix = links.prefix
        let expected =
            "<p class=/a>x</p><!-- <a href=\"/no\"> --><A HREF=\"\(prefix)/yes\" title='/t'>1 < 2</a><img src=\(prefix)/i alt>\n<a href='\(prefix)/q'"
        #expect(String(decoding: links.rewrite(html: Array(page.utf8), host: "h"), as: UTF8.self) == expected)
    }

    @Test func `a page that is not UTF-8 stays as it is but for its links`() {
        let page = Array("<p title='caf".utf8) + [0xE9] + Array("'><a href='/x'><a href='/".utf8) + [0xE9] + Array("'>".utf8)
        let expected = Array("<p title='caf".utf8) + [0xE9] + Array("'><a href='\(links.prefix)/x'><a href='/".utf8) + [0xE9] + Array("'>".utf8)
        #expect(links.rewrite(html: page, host: "h") == expected)
    }
}

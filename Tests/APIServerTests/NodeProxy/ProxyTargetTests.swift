import Testing

@testable import APIServer

@Suite struct ProxyTargetTests {
    @Test func `names what it leads to, and by which port and scheme`() throws {
        #expect(ProxyTarget("web").map { [$0.scheme, $0.name, $0.port] } == ["", "web", ""])
        #expect(ProxyTarget("web:http").map { [$0.scheme, $0.name, $0.port] } == ["", "web", "http"])
        #expect(ProxyTarget("https:web:443").map { [$0.scheme, $0.name, $0.port] } == ["https", "web", "443"])
        #expect(ProxyTarget("https:web:").map { [$0.scheme, $0.name, $0.port] } == ["https", "web", ""])
        for text in ["", ":80", "ftp:web:21", "a:b:c:d"] { #expect(ProxyTarget(text) == nil) }
    }

    @Test func `passes the path on as it came`() {
        let pod = ProxyPath(uri: "/api/v1/namespaces/a/pods/b:80/proxy/x%2Fy/?q=%20/z", isNamespaced: true)
        #expect([pod.prefix, pod.path, pod.query] == ["/api/v1/namespaces/a/pods/b:80/proxy", "/x%2Fy/", "?q=%20/z"])
        let node = ProxyPath(uri: "/api/v1/nodes/n/proxy/healthz", isNamespaced: false)
        #expect([node.prefix, node.path, node.query] == ["/api/v1/nodes/n/proxy", "/healthz", ""])
        let bare = ProxyPath(uri: "/api/v1/nodes/n/proxy?a=/b", isNamespaced: false)
        #expect([bare.prefix, bare.path, bare.query] == ["/api/v1/nodes/n/proxy", "", "?a=/b"])
    }
}

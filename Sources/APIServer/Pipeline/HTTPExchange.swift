import ClusterClient
import HTTPServer
import NIOHTTP1

// The listener and its exchange types live in `HTTPServer`, which the node's streaming server uses too. Here they are by their names.

public typealias CertificateSubject = HTTPServer.CertificateSubject
public typealias Forward = HTTPServer.Forward
public typealias HTTPRequest = HTTPServer.HTTPRequest
public typealias HTTPResponse = HTTPServer.HTTPResponse
public typealias Outcome = HTTPServer.Outcome
public typealias RequestHandler = HTTPServer.RequestHandler
public typealias StreamHead = HTTPServer.StreamHead
public typealias StreamSink = HTTPServer.StreamSink
public typealias TLSCredentials = ClusterClient.TLSCredentials
public typealias Tunnel = HTTPServer.Tunnel

extension HTTPServer.HTTPRequest {
    /// The in-process transport's identity: set by the composition root only, never by a listener.
    public var inProcessUser: UserInfo? {
        get { local as? UserInfo }
        set { local = newValue }
    }

    public init(
        api: APIRequest, headers: HTTPHeaders = [:], uri: String? = nil, remoteAddress: String = "", clientCertificate: CertificateSubject? = nil,
        inProcessUser: UserInfo?
    ) {
        self.init(
            api: api, headers: headers, uri: uri, remoteAddress: remoteAddress, clientCertificate: clientCertificate, local: inProcessUser)
    }
}

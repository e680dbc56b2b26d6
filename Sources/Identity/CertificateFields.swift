import Crypto
import FoundationEssentials
import Glibc
import ObjectModel
import SwiftASN1
import X509

/// Between the API's words and those of X.509.
enum CertificateFields {
    static func date(_ time: Timestamp) -> Date { Date(timeIntervalSince1970: Double(time.seconds)) }

    static func timestamp(_ date: Date) -> Timestamp { Timestamp(seconds: Int64(date.timeIntervalSince1970.rounded())) }

    static func subject(commonName: String, organizations: [String]) throws -> DistinguishedName {
        try DistinguishedName {
            for organization in organizations { OrganizationName(organization) }
            CommonName(commonName)
        }
    }

    static func alternativeNames(dnsNames: [String], ipAddresses: [String]) throws(IdentityError) -> [GeneralName] {
        var names = dnsNames.map { GeneralName.dnsName($0) }
        for address in ipAddresses {
            guard let bytes = addressBytes(address) else { throw IdentityError(.malformed, "\(address) is not an IP address") }
            names.append(.ipAddress(ASN1OctetString(contentBytes: bytes[...])))
        }
        return names
    }

    /// The 4 or 16 bytes of an address in text form.
    static func addressBytes(_ text: String) -> [UInt8]? {
        for (family, length) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: length)
            if inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }

    static func addressText(_ bytes: [UInt8]) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// The part of a certificate's or a request's subject that the API reads: user and groups.
public struct CertificateName: Sendable, Hashable {
    public var commonName: String
    public var organizations: [String]

    public init(commonName: String, organizations: [String]) {
        self.commonName = commonName
        self.organizations = organizations
    }

    /// Of the certificate in DER that a TLS handshake verified.
    public init(der: [UInt8]) throws(IdentityError) {
        do {
            self.init(try Certificate(derEncoded: der).subject)
        } catch {
            throw IdentityError(.malformed, "not a certificate: \(error)")
        }
    }

    init(_ name: DistinguishedName) {
        var commonName = ""
        var organizations: [String] = []
        for attribute in name.lazy.flatMap({ $0 }) {
            let text = String(attribute.value) ?? ""
            if attribute.type == .RDNAttributeType.commonName { commonName = text }
            if attribute.type == .RDNAttributeType.organizationName { organizations.append(text) }
        }
        self.init(commonName: commonName, organizations: organizations)
    }
}

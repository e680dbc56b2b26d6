import ObjectModel

enum SigningRequestValidation {
    private static let usages: [String] = [
        "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only",
        "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement",
        "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping",
    ]

    @Sendable static func check(_ object: Field, _ old: Field?) {
        let spec = object["spec"]
        let request = spec["request"]
        let text = String(decoding: Base64.decode(request.text) ?? [], as: UTF8.self)
        if !text.contains("-----BEGIN CERTIFICATE REQUEST-----"), !text.contains("-----BEGIN NEW CERTIFICATE REQUEST-----") {
            request.refuse("PEM block type must be CERTIFICATE REQUEST")
        }
        spec["usages"].require("usages must be specified")
        var seen = Names()
        for usage in spec.elements("usages") {
            if !usages.contains(usage.text) { usage.unsupported(usages) }
            seen.insertUnique(usage)
        }
        let signer = spec["signerName"]
        if signer.require() {
            let parts = signer.text.split(separator: "/", omittingEmptySubsequences: false)
            if parts.count != 2 || !parts[0].contains(".") || parts[1].isEmpty {
                signer.refuse("must be a fully qualified domain and path of the form 'example.com/signer-name'")
            }
        }
        if let lifetime = spec.present("expirationSeconds"), lifetime.number < 600 {
            lifetime.refuse("may not specify a duration less than 600 seconds (10 minutes)")
        }
    }
}

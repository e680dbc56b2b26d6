import ObjectModel

/// The rules of certificate signing requests. Who asked for what can't change; approving and signing are each a write of its own.
enum SigningRequestValidation {
    /// What a write may set beside the metadata: nothing, the approval, or the certificate.
    enum Concern { case object, approval, status }

    @Sendable static func check(_ object: Field, _ old: Field?) { check(object, old, .object) }

    static func check(_ object: Field, _ old: Field?, _ concern: Concern) {
        let spec = object["spec"]
        if old == nil { request(spec["request"]) }
        usages(spec, old?.value["spec"]["usages"])
        signer(spec["signerName"], old?.value["spec"]["signerName"].string)
        if let lifetime = spec.present("expirationSeconds"), lifetime.number < 600 {
            lifetime.refuse("may not specify a duration less than 600 seconds (10 minutes)")
        }
        conditions(object["status"], old?.value["status"])
        let certificate = object["status"]["certificate"]
        if certificate.value != old?.value["status"]["certificate"] ?? .null, let problem = problem(ofCertificate: certificate.text) {
            certificate.refuse("<certificate data>", problem)
        }
        if let old { update(object["status"], old.value["status"], concern) }
    }

    // MARK: What is asked for

    /// Whether it can be read, and is signed by the key that it asks for, is for the server to see.
    private static func request(_ request: Field) {
        let text = String(decoding: Base64.decode(request.text) ?? [], as: UTF8.self)
        if !text.contains("-----BEGIN CERTIFICATE REQUEST-----"), !text.contains("-----BEGIN NEW CERTIFICATE REQUEST-----") {
            request.refuse("PEM block type must be CERTIFICATE REQUEST")
        }
    }

    private static let known: [String] = [
        "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only",
        "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement",
        "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping",
    ]

    private static func usages(_ spec: Field, _ old: Value?) {
        spec["usages"].require("usages must be provided")
        if let old, old == spec.value["usages"] { return }
        for usage in spec.elements("usages") where !known.contains(usage.text) { usage.unsupported(known) }
        var seen = Names()
        for usage in spec.elements("usages") { seen.insertUnique(usage) }
    }

    private static let legacy = "kubernetes.io/legacy-unknown"
    private static let domainMax = 253
    private static let signerMax = 571

    /// `example.com/signer`.
    private static func signer(_ signer: Field, _ old: String?) {
        if signer.text == legacy, old != legacy { return signer.refuse("the legacy signerName is not allowed via this API version") }
        guard signer.require("signerName must be provided") else { return }
        let parts = signer.text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            return signer.refuse("must be a fully qualified domain and path of the form 'example.com/signer-name'")
        }
        if parts[0].utf8.count > domainMax { signer.tooLong(max: domainMax) }
        labels(of: parts[0], signer, Validation.dns1123Label)
        if !parts[0].contains(".") { signer.refuse(.string(parts[0]), "should be a domain with at least two segments separated by dots") }
        labels(of: parts[1], signer, Validation.dns1123Subdomain)
        if signer.text.utf8.count > signerMax { signer.tooLong(max: signerMax) }
    }

    /// What is wrong with the first label of which something is.
    private static func labels(of part: String, _ signer: Field, _ rule: (String) -> [String]) {
        for label in part.split(separator: ".", omittingEmptySubsequences: false) {
            let problems = rule(String(label))
            for problem in problems { signer.refuse(.string(part), "validating label \"\(label)\": \(problem)") }
            if !problems.isEmpty { return }
        }
    }

    // MARK: What became of it

    private static let onlyTrue: Set<String> = ["Approved", "Denied", "Failed"]

    private static func conditions(_ status: Field, _ old: Value?) {
        let before = old?["conditions"].array.compactMap { $0["type"].string ?? "" } ?? []
        let wasBoth = before.contains("Approved") && before.contains("Denied")
        let wasRepeated = Set(before).count < before.count
        var seen: Set<String> = []
        for condition in status.elements("conditions") {
            let (type, state) = (condition["type"], condition["status"])
            if type.isEmpty, !before.contains("") { type.missing() }
            state.requireOneOf(onlyTrue.contains(type.text) ? ["True"] : ["False", "True", "Unknown"])
            let isContrary = type.text == "Approved" && seen.contains("Denied") || type.text == "Denied" && seen.contains("Approved")
            if isContrary, !wasBoth { type.refuse("Approved and Denied conditions are mutually exclusive") }
            if !seen.insert(type.text).inserted, !wasRepeated { type.duplicate() }
        }
    }

    private static func update(_ status: Field, _ old: Value, _ concern: Concern) {
        func conditions(_ status: Value, _ type: String) -> [Value] { status["conditions"].array.filter { $0["type"].string == type } }
        let list = status["conditions"]
        for type in ["Approved", "Denied", "Failed"] where conditions(status.value, type).count < conditions(old, type).count {
            list.forbid("updates may not remove a condition of type \"\(type)\"")
        }
        if concern != .approval {
            for type in ["Approved", "Denied"] {
                let (now, before) = (conditions(status.value, type), conditions(old, type))
                if now.count > before.count {
                    list.forbid("updates may not add a condition of type \"\(type)\"")
                } else if now.count == before.count, now != before {
                    list.forbid("updates may not modify a condition of type \"\(type)\"\n- \(Value.array(before))\n+ \(Value.array(now))")
                }
            }
        }
        guard status.value["certificate"] != old["certificate"] else { return }
        if concern != .status {
            status["certificate"].forbid("updates may not set certificate content")
        } else if !old["certificate"].isEmpty {
            status["certificate"].forbid("updates may not modify existing certificate content")
        }
    }

    // MARK: Certificates

    /// One or more certificates in PEM, without headers.
    private static func problem(ofCertificate base64: String) -> String? {
        if base64.isEmpty { return nil }
        let lines = String(decoding: Base64.decode(base64) ?? [], as: UTF8.self).split(whereSeparator: \.isNewline).map { $0.trimmingSpaces }
        var (blocks, block, body) = (0, String?.none, "")
        for line in lines {
            if let type = line.between("-----BEGIN ", "-----") {
                (block, body) = (type, "")
            } else if let type = block, line == "-----END \(type)-----" {
                if type != "CERTIFICATE" { return "only CERTIFICATE PEM blocks are allowed, found \"\(type)\"" }
                if body.contains(":") { return "no PEM block headers are permitted" }
                // A certificate is one ASN.1 sequence.
                guard let bytes = Base64.decode(body), !bytes.isEmpty else { return "found CERTIFICATE PEM block containing 0 certificates" }
                if bytes[0] != 0x30 { return "x509: malformed certificate" }
                blocks += 1
                block = nil
            } else if block != nil {
                body += line
            }
        }
        return blocks == 0 ? "must contain at least one CERTIFICATE PEM block" : nil
    }
}

extension String {
    fileprivate func between(_ start: String, _ end: String) -> String? {
        guard hasPrefix(start), hasSuffix(end), utf8.count > start.utf8.count + end.utf8.count else { return nil }
        return String(dropFirst(start.count).dropLast(end.count))
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        var rest = self.drop { $0 == " " || $0 == "\t" }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return String(rest)
    }
}

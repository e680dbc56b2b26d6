import ObjectModel

/// The rules of a pod's `dnsConfig`.
enum DNSConfigValidation {
    private static let nameserversMax = 3
    private static let searchesMax = 32
    private static let searchBytesMax = 2048

    static func check(_ spec: Field) {
        let isNone = spec.text("dnsPolicy") == "None"
        guard let config = spec.present("dnsConfig") else {
            if isNone { spec["dnsConfig"].missing("must provide `dnsConfig` when `dnsPolicy` is None") }
            return
        }
        let servers = config["nameservers"]
        if isNone, !servers.require("must provide at least one DNS nameserver when `dnsPolicy` is None") { return }
        if servers.value.array.count > nameserversMax { servers.refuse("must not have more than \(nameserversMax) nameservers") }
        for server in config.elements("nameservers") { for problem in Validation.ip(server.text) { server.refuse(problem) } }
        searches(config)
        for option in config.elements("options") where option.text("name").isEmpty { option.missing("must not be empty") }
    }

    private static func searches(_ config: Field) {
        let searches = config["searches"]
        if searches.value.array.count > searchesMax { searches.refuse("must not have more than \(searchesMax) search paths") }
        if searches.value.strings.joined(separator: " ").utf8.count > searchBytesMax {
            searches.refuse("must not have more than \(searchBytesMax) characters (including spaces) in the search list")
        }
        for search in config.elements("searches") where search.text != "." {
            let domain = search.text.hasSuffix(".") ? String(search.text.dropLast()) : search.text
            // Underscores are let through, for service records have them.
            for problem in Validation.dns1123Subdomain(String(domain.map { $0 == "_" ? "a" : $0 })) { search.refuse(problem) }
        }
    }
}

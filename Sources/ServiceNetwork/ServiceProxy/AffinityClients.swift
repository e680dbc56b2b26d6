import HostNetwork
import ObjectModel

/// The clients that the kernel remembers for endpoints of Services with session affinity, so that a replacement of the table does not forget them.
struct AffinityClients: Sendable, Equatable {
    struct Client: Sendable, Equatable {
        var address: IPAddress
        var timeoutSeconds: Int
        var expiresInSeconds: Int
    }

    /// By the set's name.
    var sets: [NFName: [Client]] = [:]

    /// Reads nft's JSON of one set.
    static func clients(_ json: [UInt8]) -> [Client] {
        guard let value = try? Value(json: json) else { return [] }
        return value["nftables"].array.flatMap { $0["set"]["elem"].array }.compactMap { element in
            let element = element["elem"]
            guard let address = element["val"].string.flatMap({ IPAddress($0) }), let timeout = element["timeout"].int,
                let expires = element["expires"].int,
                expires > 0
            else { return nil }
            return Client(address: address, timeoutSeconds: timeout, expiresInSeconds: min(expires, timeout))
        }
    }

    func add(to transaction: inout NFTransaction, set: NFName) {
        transaction.addElements(
            set, (sets[set] ?? []).map { "\($0.address) timeout \($0.timeoutSeconds)s expires \($0.expiresInSeconds)s" })
    }
}

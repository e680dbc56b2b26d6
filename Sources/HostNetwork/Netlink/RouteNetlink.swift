import Glibc
import ObjectModel

// The numbers of rtnetlink (linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h) that are used here.

enum RTM {
    static let newLink: UInt16 = 16
    static let deleteLink: UInt16 = 17
    static let getLink: UInt16 = 18
    static let newAddress: UInt16 = 20
    static let getAddress: UInt16 = 22
    static let newRoute: UInt16 = 24
    static let deleteRoute: UInt16 = 25
    static let getRoute: UInt16 = 26
}

enum IFLA {
    static let address: UInt16 = 1
    static let name: UInt16 = 3
    static let mtu: UInt16 = 4
    static let master: UInt16 = 10
    static let linkInfo: UInt16 = 18
    static let infoKind: UInt16 = 1
}

enum IFF {
    static let up: UInt32 = 1
}

enum IFA {
    static let address: UInt16 = 1
    static let local: UInt16 = 2
    static let broadcast: UInt16 = 4
    static let noDuplicateDetection: UInt8 = 0x02
}

enum RTA {
    static let destination: UInt16 = 1
    static let link: UInt16 = 4
    static let gateway: UInt16 = 5
    static let table: UInt16 = 15
}

extension IPAddress.Family {
    /// AF_INET or AF_INET6.
    var number: UInt8 { UInt8(self == .v4 ? AF_INET : AF_INET6) }
}

extension NetworkLink {
    init?(_ payload: NetlinkReader) {
        let attributes = payload.attributes(after: 16)
        guard let index: UInt32 = payload.integer(at: 4), let flags: UInt32 = payload.integer(at: 8), let name = attributes[IFLA.name]?.text else {
            return nil
        }
        self.init(
            index: index, name: name, mtu: Int(attributes[IFLA.mtu]?.uint32 ?? 0), isUp: flags & IFF.up != 0,
            masterIndex: attributes[IFLA.master]?.uint32,
            kind: attributes[IFLA.linkInfo]?.attributes()[IFLA.infoKind]?.text ?? "")
    }
}

extension NetworkRoute {
    /// Routes of other tables than main are not told of.
    init?(_ payload: NetlinkReader, _ family: IPAddress.Family) {
        let attributes = payload.attributes(after: 12)
        guard let length: UInt8 = payload.integer(at: 1), let table: UInt8 = payload.integer(at: 4),
            attributes[RTA.table]?.uint32 ?? UInt32(table) == 254
        else { return nil }
        let destination = attributes[RTA.destination]?.address ?? IPAddress(family: family, bits: 0)
        self.init(
            destination: CIDR(destination, prefixLength: Int(length)), gateway: attributes[RTA.gateway]?.address,
            linkIndex: attributes[RTA.link]?.uint32, maker: payload.integer(at: 5) ?? 0)
    }
}

import ObjectModel

/// The kernel's connection tracking table over netlink (`ctnetlink`).
enum ConnectionTracking {
    private static let get: UInt16 = 1 << 8 | 1
    private static let delete: UInt16 = 1 << 8 | 2

    private enum Attribute {
        static let original: UInt16 = 1
        static let reply: UInt16 = 2
        static let id: UInt16 = 12
        static let tupleIP: UInt16 = 1
        static let tupleProtocol: UInt16 = 2
    }

    /// A connection and what names it to the kernel.
    private struct Entry {
        var family: UInt8
        var original: [UInt8]
        var id: [UInt8]
    }

    static func forget(transport: TransportProtocol, _ isStale: (TrackedConnection) -> Bool) throws -> Int {
        var socket = try NetlinkSocket(.netfilter)
        var stale: [Entry] = []
        var message = NetlinkMessage(type: get, flags: NetlinkSocket.Flags.request | NetlinkSocket.Flags.dump)
        message.append(bytes: [0, 0, 0, 0])
        do {
            try socket.send(message, "listing tracked connections") { _, payload in
                guard let entry = Self.entry(payload), entry.connection.transport == transport.rawValue, isStale(entry.connection) else { return }
                stale.append(entry.entry)
            }
        } catch let error as HostNetworkError where error.code == .unsupported {
            return 0  // a kernel without connection tracking has nothing to forget
        }
        for entry in stale {
            var message = NetlinkMessage(type: delete, flags: NetlinkSocket.Flags.request | NetlinkSocket.Flags.acknowledge)
            message.append(bytes: [entry.family, 0, 0, 0])
            message.attribute(Attribute.original | 0x8000, entry.original)
            if !entry.id.isEmpty { message.attribute(Attribute.id, entry.id) }
            do {
                try socket.send(message, "forgetting a tracked connection")
            } catch let error as HostNetworkError where error.code == .notFound {}
        }
        return stale.count
    }

    private static func entry(_ payload: NetlinkReader) -> (connection: TrackedConnection, entry: Entry)? {
        let attributes = payload.attributes(after: 4)
        guard let family: UInt8 = payload.integer(at: 0), let originalTuple = attributes[Attribute.original],
            let original = Tuple(originalTuple), let reply = attributes[Attribute.reply].flatMap(Tuple.init)
        else { return nil }
        let connection = TrackedConnection(
            transport: original.transport, source: original.source, destination: original.destination, destinationPort: original.destinationPort,
            replySource: reply.source, replySourcePort: reply.sourcePort)
        return (connection, Entry(family: family, original: Array(originalTuple.bytes), id: Array(attributes[Attribute.id]?.bytes ?? [])))
    }

    /// One direction of a connection.
    private struct Tuple {
        var source: IPAddress
        var destination: IPAddress
        var transport: UInt8
        var sourcePort: UInt16
        var destinationPort: UInt16

        init?(_ reader: NetlinkReader) {
            let parts = reader.attributes()
            guard let ip = parts[Attribute.tupleIP]?.attributes(), let ports = parts[Attribute.tupleProtocol]?.attributes(),
                let source = (ip[1] ?? ip[3])?.address, let destination = (ip[2] ?? ip[4])?.address,
                let transport = ports[1]?.integer(at: 0, as: UInt8.self)
            else { return nil }
            self.source = source
            self.destination = destination
            self.transport = transport
            sourcePort = ports[2]?.port ?? 0
            destinationPort = ports[3]?.port ?? 0
        }
    }
}

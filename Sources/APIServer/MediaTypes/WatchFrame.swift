import ClusterClient
import ObjectModel

/// One event as a watch in some encoding sends it.
enum WatchFrame {
    static func encode(_ kind: WatchEvent.Kind, _ object: Value, _ encoding: Encoding, _ resource: ServedResource) -> [UInt8] {
        switch encoding {
        case .json, .yaml: WatchLine.json(kind, object.canonicalJSON())
        case .protobuf: ProtobufForm.frame(kind, ProtobufForm.encode(object, resource.definition) ?? [])
        case .cbor: CBOR.encode(["type": .string(kind.rawValue), "object": object])
        }
    }
}

import ObjectModel

extension Base64 {
    /// The URL alphabet without padding, as continue tokens use it.
    static func encodeURL(_ bytes: [UInt8]) -> String {
        encode(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    static func decodeURL(_ text: String) -> [UInt8]? {
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        return decode(standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4))
    }
}

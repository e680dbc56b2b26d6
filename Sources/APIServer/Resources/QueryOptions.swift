import ClusterClient
import ObjectModel

/// Options in a request's query, read as upstream reads them.
extension APIRequest {
    /// A flag: anything but `0` and `false` sets it, nothing at all included. Nil where it is not there.
    func flag(_ name: String) -> Bool? { queryValue(name).map { $0 != "0" && $0.lowercased() != "false" } }

    /// A number; 400 for what is none.
    func number(_ name: String) throws(APIError) -> Int64? {
        guard let text = queryValue(name) else { return nil }
        if let number = Int64(text) { return number }
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        throw .badRequest("strconv.ParseInt: parsing \"\(text)\": \(isNumber ? "value out of range" : "invalid syntax")")
    }
}

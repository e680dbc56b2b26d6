import ObjectModel

/// Turns the lines of a log file in CRI's format into what the client gets. A line is `2024-01-01T00:00:00.000000000Z stdout F text`: time, stream,
/// tag and text. The tag `P` marks a part of a longer line, whose other parts follow; `F` the whole or the last part.
struct ContainerLogFormatter {
    private let options: ContainerLogOptions
    private var room: Int
    private var continuesLine = false

    /// What a line has beyond this is not kept until its end comes: no runtime writes such lines.
    private static let lineBytesMax = 4 << 20

    /// Bytes of a line whose end has not been read.
    private var unfinished: [UInt8] = []

    init(_ options: ContainerLogOptions) {
        self.options = options
        room = options.limitBytes ?? .max
    }

    /// The limit on bytes has been reached: nothing else comes.
    var isFull: Bool { room == 0 }

    /// What a chunk of the file adds to the answer.
    mutating func format(_ chunk: some Collection<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(chunk.count)
        var rest = Array(chunk)[...]
        while !isFull, let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            if unfinished.isEmpty {
                append(rest[..<end], to: &out)
            } else {
                unfinished += rest[..<end]
                append(unfinished[...], to: &out)
                unfinished.removeAll(keepingCapacity: true)
            }
            rest = rest[(end + 1)...]
        }
        unfinished += rest.prefix(max(0, Self.lineBytesMax - unfinished.count))
        return out
    }

    private mutating func append(_ line: ArraySlice<UInt8>, to out: inout [UInt8]) {
        guard let entry = Entry(line), options.stream.map({ entry.stream.elementsEqual($0.utf8) }) ?? true else { return }
        if let since = options.since, let time = Timestamp(rfc3339: String(decoding: entry.time, as: UTF8.self)), time < since { return }
        var text: [UInt8] = []
        if options.timestamps, !continuesLine {
            text.append(contentsOf: entry.time)
            text.append(UInt8(ascii: " "))
        }
        text.append(contentsOf: entry.text)
        if !entry.isPartial { text.append(UInt8(ascii: "\n")) }
        continuesLine = entry.isPartial
        let length = min(room, text.count)
        out.append(contentsOf: text[..<length])
        room -= length
    }

    private struct Entry {
        var time: ArraySlice<UInt8>
        var stream: ArraySlice<UInt8>
        var isPartial: Bool
        var text: ArraySlice<UInt8>

        init?(_ line: ArraySlice<UInt8>) {
            let space = UInt8(ascii: " ")
            guard let first = line.firstIndex(of: space), let second = line[(first + 1)...].firstIndex(of: space) else { return nil }
            time = line[..<first]
            stream = line[(first + 1)..<second]
            let third = line[(second + 1)...].firstIndex(of: space) ?? line.endIndex
            // More tags may follow the first, after colons.
            isPartial = line[(second + 1)..<third].first == UInt8(ascii: "P")
            text = third == line.endIndex ? [] : line[(third + 1)...]
        }
    }
}

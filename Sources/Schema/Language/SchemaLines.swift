/// Goes through the lines of a schema file: splits each into words, skips blank lines and comments.
struct SchemaLines {
    private let text: [UInt8]
    private let end: Int
    private var position: Int

    init(text: [UInt8], range: Range<Int>) {
        self.text = text
        position = range.lowerBound
        end = range.upperBound
    }

    struct Line {
        var start: Int
        var indentation: Int

        /// Up to `=` or the end. A word with spaces is written in quotes, which are not part of it.
        var words: [String] = []

        /// What follows a lone `=`: a JSON value, and maybe a condition.
        var assigned: String?

        /// What follows `>`: a description.
        var prose: String?

        func word(_ index: Int) -> String { index < words.count ? words[index] : "" }
    }

    mutating func next() -> Line? {
        while position < end {
            let start = position
            var stop = start
            while stop < end, text[stop] != UInt8(ascii: "\n") { stop += 1 }
            position = stop + 1
            var cursor = start
            while cursor < stop, text[cursor] == UInt8(ascii: " ") { cursor += 1 }
            if cursor == stop || text[cursor] == UInt8(ascii: "#") { continue }
            return line(start: start, from: cursor, to: stop)
        }
        return nil
    }

    private func line(start: Int, from first: Int, to stop: Int) -> Line {
        var line = Line(start: start, indentation: first - start)
        if text[first] == UInt8(ascii: ">") {
            line.prose = string(min(first + 2, stop), stop)
            return line
        }
        var cursor = first
        while cursor < stop {
            if text[cursor] == UInt8(ascii: " ") {
                cursor += 1
            } else if text[cursor] == UInt8(ascii: "="), cursor + 1 < stop, text[cursor + 1] == UInt8(ascii: " ") {
                line.assigned = string(cursor + 2, stop)
                return line
            } else if text[cursor] == UInt8(ascii: "\"") {
                let close = text[(cursor + 1)..<stop].firstIndex(of: UInt8(ascii: "\"")) ?? stop
                line.words.append(string(cursor + 1, close))
                cursor = close + 1
            } else {
                let wordEnd = text[cursor..<stop].firstIndex(of: UInt8(ascii: " ")) ?? stop
                line.words.append(string(cursor, wordEnd))
                cursor = wordEnd
            }
        }
        return line
    }

    private func string(_ start: Int, _ stop: Int) -> String { String(decoding: text[start..<stop], as: UTF8.self) }
}

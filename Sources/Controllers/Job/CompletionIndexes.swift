/// The completion indexes of an Indexed Job, and their text form: `1,3-5,7`, where three or more in a row are shortened to their ends.
struct CompletionIndexes: Equatable {
    private(set) var indexes: Set<Int> = []

    init(_ indexes: some Sequence<Int> = []) { self.indexes = Set(indexes) }

    /// Reads the text form; what is not below `completions` or can't be read is left out.
    init(_ text: String, completions: Int) {
        for part in text.split(separator: ",") {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first >= 0, first <= last else { continue }
            for index in first..<max(first, min(last + 1, completions)) { indexes.insert(index) }
        }
    }

    var count: Int { indexes.count }

    func contains(_ index: Int) -> Bool { indexes.contains(index) }

    mutating func insert(_ index: Int) -> Bool { indexes.insert(index).inserted }

    func union(_ other: some Sequence<Int>) -> CompletionIndexes { CompletionIndexes(indexes.union(other)) }

    func intersection(_ other: CompletionIndexes) -> CompletionIndexes { CompletionIndexes(indexes.intersection(other.indexes)) }

    var text: String {
        var parts: [String] = []
        var run: (first: Int, last: Int)?
        func close() {
            guard let run else { return }
            switch run.last - run.first {
            case 0: parts.append("\(run.first)")
            case 1: parts += ["\(run.first)", "\(run.last)"]
            default: parts.append("\(run.first)-\(run.last)")
            }
        }
        for index in indexes.sorted() {
            if let open = run, open.last + 1 == index {
                run = (open.first, index)
            } else {
                close()
                run = (index, index)
            }
        }
        close()
        return parts.joined(separator: ",")
    }
}

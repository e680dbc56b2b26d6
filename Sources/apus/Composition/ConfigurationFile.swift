import ArgumentParser
import Foundation
import ObjectModel

/// `--config FILE`: YAML whose members are options of the command under their own names.
enum ConfigurationFile {
    /// The arguments with the file's members as options in place of `--config FILE`, right after the command's name, so that options on the command line
    /// win.
    static func expand(_ arguments: [String]) throws -> [String] {
        var rest: [String] = []
        var path: String?
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            if argument == "--config" {
                guard index + 1 < arguments.count else { throw Failure("--config needs a file: --config FILE.yaml") }
                path = arguments[index + 1]
                index += 2
            } else if argument.hasPrefix("--config=") {
                path = String(argument.dropFirst("--config=".count))
                index += 1
            } else {
                rest.append(argument)
                index += 1
            }
        }
        guard let path else { return rest }
        let words = rest.prefix { !$0.hasPrefix("-") }
        let (command, depth) = CommandOptions.command(Array(words))
        return Array(rest.prefix(depth)) + (try options(path, CommandOptions(of: command), words.prefix(depth).joined(separator: " ")))
            + Array(rest.dropFirst(depth))
    }

    private static func options(_ path: String, _ known: CommandOptions, _ command: String) throws -> [String] {
        guard let data = FileManager.default.contents(atPath: path) else { throw Failure("--config \(path): no such file, or it cannot be read") }
        return try options(in: data, path, known, command)
    }

    /// What the file says, as arguments of the command.
    static func options(in text: some Sequence<UInt8>, _ path: String, _ known: CommandOptions, _ command: String) throws -> [String] {
        let document: YAML.Document
        do {
            document = try YAML.parse(text)
        } catch {
            throw Failure("--config \(path): \(error)")
        }
        guard document.value.isObject else { throw Failure("--config \(path): expected options such as `data-dir: /srv/apus`") }
        if let twice = document.duplicates.first { throw Failure("--config \(path): \(twice) stands there twice") }
        return try document.value.fields.flatMap { (name, value) -> [String] in
            guard known.names.contains(name) else {
                let nearest = known.nearest(to: name).map { "; did you mean \($0)?" } ?? ""
                throw Failure("--config \(path): apus \(command) has no option \(name)\(nearest) `apus \(command) --help` lists them")
            }
            return try arguments(name, value, isFlag: known.flags.contains(name), path)
        }
    }

    private static func arguments(_ name: String, _ value: Value, isFlag: Bool, _ path: String) throws -> [String] {
        if isFlag {
            guard let isOn = value.bool else { throw Failure("--config \(path): \(name) must be true or false") }
            return isOn ? ["--\(name)"] : []
        }
        switch value {
        case .string(let text): return ["--\(name)=\(text)"]
        case .integer(let number): return ["--\(name)=\(number)"]
        case .array(let values): return try values.flatMap { try arguments(name, $0, isFlag: false, path) }
        default: throw Failure("--config \(path): \(name) must be a text or a number")
        }
    }
}

/// The options that a command has, as its own help tells them.
struct CommandOptions {
    var names: Set<String> = []

    /// Those without a value.
    var flags: Set<String> = []

    private init() {}

    init(of command: any ParsableCommand.Type) {
        for line in Apus.helpMessage(for: command, columns: 500).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let first = words.first, first.hasPrefix("-"), let index = words.firstIndex(where: { $0.hasPrefix("--") }), index < 2 else {
                continue
            }
            let name = words[index].dropFirst(2).filter { $0 != "," }
            names.insert(String(name))
            if !(words.count > index + 1 && words[index + 1].hasPrefix("<")) { flags.insert(String(name)) }
        }
        names.subtract(["help", "version", "config"])
    }

    /// The command that the words name, and how many words do.
    static func command(_ words: [String]) -> (any ParsableCommand.Type, Int) {
        var command: any ParsableCommand.Type = Apus.self
        var depth = 0
        for word in words {
            guard let next = command.configuration.subcommands.first(where: { $0._commandName == word }) else { break }
            command = next
            depth += 1
        }
        return (command, depth)
    }

    /// The one that was probably meant.
    func nearest(to name: String) -> String? {
        let ranked = names.map { ($0, Self.distance($0, name)) }.min { ($0.1, $0.0) < ($1.1, $1.0) }
        guard let (nearest, distance) = ranked, distance <= max(2, name.count / 2) else { return nil }
        return nearest
    }

    static func nearestCommand(to word: String) -> String? {
        var commands = CommandOptions()
        commands.names = Set(Apus.configuration.subcommands.map { $0._commandName })
        return commands.nearest(to: word)
    }

    /// How many letters to add, drop or change (Levenshtein), regardless of case and of how words are joined.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (plain(left), plain(right))
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() { (diagonal, row[j + 1]) = (row[j + 1], min(row[j + 1] + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))) }
        }
        return row[right.count]
    }

    private static func plain(_ name: String) -> [Character] { name.lowercased().filter { $0 != "-" && $0 != "_" } }
}

/// A mistake, told in one line that says what to do.
struct Failure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

import Foundation
import ObjectModel

/// `--config FILE`: YAML whose members are options under their own names.
enum ConfigurationFile {
    /// The arguments with the file's members as options in place of `--config FILE`, right after the command's name.
    static func expand(_ arguments: [String]) throws -> [String] {
        var rest: [String] = []
        var path: String?
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            if argument == "--config" {
                guard index + 1 < arguments.count else { throw Failure("--config needs a file") }
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
        let command = rest.prefix { !$0.hasPrefix("-") }
        return Array(command) + (try options(path)) + Array(rest.dropFirst(command.count))
    }

    private static func options(_ path: String) throws -> [String] {
        guard let data = FileManager.default.contents(atPath: path) else { throw Failure("--config \(path): no such file, or it cannot be read") }
        let value: Value
        do {
            value = try YAML.parse(data).value
        } catch {
            throw Failure("--config \(path): \(error)")
        }
        guard value.isObject else { throw Failure("--config \(path): expected options such as `data-dir: /srv/apus`") }
        return try value.fields.flatMap { (name, value) -> [String] in
            switch value {
            case .bool(let isOn): isOn ? ["--\(name)"] : []
            case .string(let text): ["--\(name)", text]
            case .integer(let number): ["--\(name)", String(number)]
            default: throw Failure("--config \(path): \(name) must be a text, a number, true or false")
            }
        }
    }
}

/// A mistake, told in one line that says what to do.
struct Failure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

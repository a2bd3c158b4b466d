import Foundation
import Testing

/// The built command as its user meets it: started as a process, read through its streams.
enum TramBinary {
    struct Outcome {
        var status: Int32
        var output: String
        var talk: String
        /// Whether a signal ended it: a trap.
        var isTrapped: Bool
    }

    /// Beside the test bundle, in the build folder of the same configuration.
    static let path: String = {
        let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let beside = bundle.appendingPathComponent("tram").path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        let argument = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return argument.appendingPathComponent("tram").path
    }()

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A file of samples/city; with a folder, as `examples/rain.lp`, of samples.
    static func sample(_ name: String) -> String {
        root.appendingPathComponent(name.contains("/") ? "samples/\(name)" : "samples/city/\(name)").path
    }

    /// The large feeds and their expected answers, where this machine has them.
    static let shared: URL? = {
        let folder = root.deletingLastPathComponent().appendingPathComponent("shared/data")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    /// The large data, or nil after saying loudly that a test was skipped.
    static func sharedOrSkip(_ what: String) -> URL? {
        if shared == nil { print("SKIPPED: \(what): the large feeds are not on this machine") }
        return shared
    }

    static func run(_ arguments: [String], input: Data? = nil, environment: [String: String] = [:]) throws -> Outcome {
        try run(path, arguments, input: input, environment: environment)
    }

    /// Runs any program to its end.
    static func run(
        _ program: String, _ arguments: [String], input: Data? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ["LANG": "C", "PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        // Files instead of pipes: no reader has to keep up.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func handle(_ name: String, _ content: Data = Data()) throws -> FileHandle {
            let file = folder.appendingPathComponent(name)
            try content.write(to: file)
            return try FileHandle(forUpdating: file)
        }
        process.standardOutput = try handle("output")
        process.standardError = try handle("talk")
        process.standardInput = try handle("input", input ?? Data())
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            output: try String(contentsOf: folder.appendingPathComponent("output"), encoding: .utf8),
            talk: try String(contentsOf: folder.appendingPathComponent("talk"), encoding: .utf8),
            isTrapped: process.terminationReason == .uncaughtSignal)
    }
}

/// A small reader of CSV with quotes, independent of the one under test.
enum PlainCSV {
    static func rows(_ text: String) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var field = ""
        var isQuoted = false
        var characters = text.unicodeScalars.makeIterator()
        var pending: Unicode.Scalar?
        while let scalar = pending ?? characters.next() {
            pending = nil
            if isQuoted {
                if scalar == "\"" {
                    pending = characters.next()
                    if pending == "\"" {
                        field.unicodeScalars.append("\"")
                        pending = nil
                    } else {
                        isQuoted = false
                    }
                } else {
                    field.unicodeScalars.append(scalar)
                }
            } else if scalar == "\"" {
                isQuoted = true
            } else if scalar == "," {
                row.append(field)
                field = ""
            } else if scalar == "\n" {
                rows.append(row + [field])
                row = []
                field = ""
            } else if scalar != "\r" {
                field.unicodeScalars.append(scalar)
            }
        }
        if !field.isEmpty || !row.isEmpty { rows.append(row + [field]) }
        return rows
    }

    /// Rows by the header's names.
    static func records(_ text: String) -> [[String: String]] {
        let rows = rows(text)
        guard let header = rows.first else { return [] }
        return rows.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(header, $0)) }
    }
}

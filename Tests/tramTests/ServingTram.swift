import Foundation
import Testing

/// `tram serve` on free ports with an empty folder, as its user meets it: a process that says where it listens.
final class ServingTram {
    let url: String
    /// The listeners of lines, HOST:PORT each.
    let lineTCP: String
    let lineUDP: String
    private let process = Process()
    private let folder: URL

    /// Words for `env` before a program and its arguments.
    ///
    /// The threads of tests block signals, which a process started by one inherits: it could not be told to end.
    /// The limit ends a server that is never ready, and one whose test was killed.
    static func wrapper(seconds: Int) -> [String] {
        ["--default-signal", "timeout", "--foreground", "-k", "10", "\(seconds)"]
    }

    /// Returns when the server is ready.
    ///
    /// - Parameter files: names and texts of files beside each other; `tram.yaml` is the configuration.
    init(files: [String: String] = [:]) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let talk = folder.appendingPathComponent("talk")
        try Data().write(to: talk)
        let free = "127.0.0.1:0"
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ServingTram.wrapper(seconds: 900) + [
                TramBinary.path, "serve", "--data", folder.appendingPathComponent("data").path,
            ]
        process.arguments? += ["--listen", free, "--line-tcp", free, "--line-udp", free]
        for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
        if files["tram.yaml"] != nil {
            process.arguments? += ["--config", folder.appendingPathComponent("tram.yaml").path]
        }
        process.environment = ["LANG": "C", "PATH": "/usr/bin:/bin"]
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: talk)
        try process.run()
        var text = Data()
        func told(_ beginning: String) -> String? {
            // What stands behind the last end of a line is not whole yet.
            String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .first { $0.hasPrefix(beginning) }.map { String($0.dropFirst(beginning.count)) }
        }
        var places: [String] = []
        while places.count < 3 {
            let more = output.fileHandleForReading.availableData
            text.append(more)
            places = ["listening on ", "line-tcp on ", "line-udp on "].compactMap(told)
            if more.isEmpty { break }
        }
        let words = (try? String(contentsOf: talk, encoding: .utf8)) ?? ""
        if places.count < 3 {
            process.terminate()
            try? FileManager.default.removeItem(at: folder)
        }
        try #require(places.count == 3, "tram serve is not ready: \(String(decoding: text, as: UTF8.self)) \(words)")
        (url, lineTCP, lineUDP) = (places[0], places[1], places[2])
    }

    /// Ends the server as its operator does, and returns its exit status.
    func stop() -> Int32 {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
        return process.terminationStatus
    }
}

import Foundation
import Glibc
import Testing

/// `tram serve` on free ports with an empty folder, as its user meets it: a process that says where it listens.
final class ServingTram: Sendable {
    let url: String
    /// HOST:PORT of the first address that HTTP is served at.
    var place: String { String(url.dropFirst("http://".count)) }
    /// The listeners of lines, HOST:PORT each.
    let lineTCP: String
    let lineUDP: String
    /// The configuration file, which may be written anew; there only when the server was started with one.
    let configuration: URL
    let data: URL
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
    /// - Parameters:
    ///   - configuration: the text of a configuration file.
    ///   - files: names and texts of files beside it.
    ///   - listen: addresses to serve HTTP at, of which the first is `place`.
    ///   - data: a data directory that stays; one of the server's own where nil.
    ///   - seconds: how long it may run at most.
    init(
        configuration text: String? = nil, files: [String: String] = [:], listen: [String] = ["127.0.0.1:0"],
        data: URL? = nil, seconds: Int = 900
    ) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let talk = folder.appendingPathComponent("talk")
        try Data().write(to: talk)
        let free = "127.0.0.1:0"
        self.data = data ?? folder.appendingPathComponent("data")
        configuration = folder.appendingPathComponent("tram.yaml")
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ServingTram.wrapper(seconds: seconds) + [TramBinary.path, "serve", "--data", self.data.path]
        process.arguments? += listen.flatMap { ["--listen", $0] } + ["--line-tcp", free, "--line-udp", free]
        for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
        if let text {
            try text.write(to: configuration, atomically: true, encoding: .utf8)
            process.arguments? += ["--config", configuration.path]
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

    /// What the server has said to its operator.
    var talk: String {
        (try? String(contentsOf: folder.appendingPathComponent("talk"), encoding: .utf8)) ?? ""
    }

    /// The server's own number; that of `process` is its guard's.
    var number: Int32? {
        let text = try? String(contentsOf: data.appendingPathComponent("LOCK"), encoding: .utf8)
        return text.flatMap { Int32($0.prefix { $0.isNumber }) }
    }

    var isRunning: Bool { process.isRunning }

    func signal(_ signal: Int32) throws {
        let number = try #require(number, "the server has not left its number")
        #expect(kill(number, signal) == 0)
    }

    /// A number of `/proc/PID/status`, in KiB: `VmHWM`, `VmRSS`.
    func kibibytes(_ name: String) throws -> Int {
        let number = try #require(number, "the server has not left its number")
        let status = try String(contentsOfFile: "/proc/\(number)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(name + ":") })
        return try #require(Int(line.filter { $0.isNumber }))
    }

    /// Processor time of the server so far.
    func processorSeconds() throws -> Double {
        let number = try #require(number, "the server has not left its number")
        let stat = try String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        return try #require(Double(fields[12])) / 100 + #require(Double(fields[13])) / 100
    }

    /// Waits until the server has ended by itself, or ends it hard; its exit status.
    func waitForEnd(seconds: Double = 60) async throws -> Int32 {
        let end = Date().addingTimeInterval(seconds)
        while process.isRunning, Date() < end { try await Task.sleep(for: .milliseconds(10)) }
        if process.isRunning {
            Issue.record("the server has not ended within \(seconds) seconds: \(talk)")
            if let number { kill(number, SIGKILL) }
            while process.isRunning { try await Task.sleep(for: .milliseconds(10)) }
        }
        return process.terminationStatus
    }

    /// Takes away what the server has left.
    func clean() { try? FileManager.default.removeItem(at: folder) }

    /// Ends the server as its operator does, and returns its exit status.
    func stop() -> Int32 {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
        clean()
        return process.terminationStatus
    }
}

import Foundation
import Testing

/// Clients that others wrote. What each of them does stands in Tests/Clients, one function a scenario.
@Suite struct ClientTests {
    private let folder = TramBinary.root.appendingPathComponent("Tests/Clients")

    /// Runs a program by its name for at most so many seconds, with everything that the caller's environment has.
    private func run(_ arguments: [String], seconds: Int) throws -> TramBinary.Outcome {
        try TramBinary.run(
            "/usr/bin/env", ServingTram.wrapper(seconds: seconds) + arguments,
            environment: ProcessInfo.processInfo.environment)
    }

    @Test func `clients that know nothing of Tram write to it unchanged`() throws {
        guard try run(["python3", "--version"], seconds: 60).status == 0 else {
            print("SKIPPED: clients: python3 is not on this machine")
            return
        }
        let prepared = TramBinary.root.appendingPathComponent(".build/clients").path
        let preparation = try run(["sh", folder.appendingPathComponent("prepare.sh").path, prepared], seconds: 900)
        #expect(preparation.status == 0, "\(preparation.talk)")

        let server = try ServingTram()
        let outcome: TramBinary.Outcome
        do {
            defer { #expect(server.stop() == 0, "the server's own end") }
            outcome = try run(
                [
                    "python3", folder.appendingPathComponent("clients.py").path, "--prepared", prepared,
                    "--url", server.url, "--line-tcp", server.lineTCP, "--line-udp", server.lineUDP,
                ], seconds: 800)
        }
        let lines = outcome.output.split(separator: "\n")
        let failed = lines.filter { $0.hasPrefix("FAILED ") }
        for line in failed { Issue.record("\(line.dropFirst("FAILED ".count))") }
        for line in lines where line.hasPrefix("SKIPPED: ") { print(line) }
        #expect(lines.count > 40, "\(outcome.output)\(outcome.talk)")
        #expect(outcome.status == (failed.isEmpty ? 0 : 1), "\(outcome.talk)")
    }
}

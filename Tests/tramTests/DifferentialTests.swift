import Foundation
import Testing

/// Tram beside DuckDB: the same random questions over the same random rows. What is asked stands in Tests/Differential.
@Suite struct DifferentialTests {
    private let folder = TramBinary.root.appendingPathComponent("Tests/Differential")

    private func run(_ arguments: [String], seconds: Int) throws -> TramBinary.Outcome {
        try TramBinary.run(
            "/usr/bin/env", ServingTram.wrapper(seconds: seconds) + arguments,
            environment: ProcessInfo.processInfo.environment)
    }

    /// `TRAM_DIFFERENTIAL_CASES` raises the number, `TRAM_DIFFERENTIAL_SEED` asks other questions.
    @Test func `random queries over random rows give what DuckDB gives`() throws {
        let environment = ProcessInfo.processInfo.environment
        let cases = environment["TRAM_DIFFERENTIAL_CASES"].flatMap { Int($0) } ?? 2000
        let seed = environment["TRAM_DIFFERENTIAL_SEED"].flatMap { Int($0) } ?? 1
        guard try run(["python3", "--version"], seconds: 60).status == 0 else {
            print("SKIPPED: differential: python3 is not on this machine")
            return
        }
        let prepared = TramBinary.root.appendingPathComponent(".build/differential")
        let preparation = try run(
            ["sh", folder.appendingPathComponent("prepare.sh").path, prepared.path], seconds: 600)
        #expect(preparation.status == 0, "\(preparation.talk)")
        let missing = try String(contentsOf: prepared.appendingPathComponent("missing"), encoding: .utf8)
        guard missing.isEmpty else {
            print("SKIPPED: differential: \(missing)")
            return
        }
        let outcome = try run(
            [
                prepared.appendingPathComponent("venv/bin/python").path,
                folder.appendingPathComponent("differential.py").path, "--tram", TramBinary.path,
                "--cases", "\(cases)", "--seed", "\(seed)",
            ], seconds: 120 + cases / 4)
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.talk)")
        // Every case was compared, none of them given up.
        #expect(outcome.output.contains("compared \(cases) cases"), "\(outcome.output)")
    }
}

import Foundation
import Glibc
import Testing

/// The commands for a data directory that no server has.
@Suite(.ownThreads) struct DirectoryToolTests {
    /// Serves a new directory, does `work`, and kills the server in the middle of its life.
    private func killed(_ work: (ServingTram) throws -> Void) async throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString)")
        let server = try ServingTram(data: folder)
        try work(server)
        try server.signal(SIGKILL)
        #expect(try await server.waitForEnd() == SIGKILL)
        server.clean()
        return folder
    }

    private static func lines(_ count: Int, from second: Int = 1_767_225_600) -> String {
        (0..<count).map { row in
            "air,station=s\(row % 3) pm25=\(Double(row % 70) / 4),note=\"n\(row % 4)\" \(second + row)000000000"
        }.joined(separator: "\n")
    }

    private func snapshot(_ folder: URL) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            let path = folder.appendingPathComponent(name).path
            files[name] = FileManager.default.contents(atPath: path) ?? Data()
        }
        return files
    }

    @Test func `a directory whose server was killed is all well, can be asked, and stays as it is`() async throws {
        var answers: [String: String] = [:]
        let questions = [
            "air[all] | count(), mean(pm25), last(note) by station", "air[all] | where pm25 > 12 | max(pm25) every 1m",
            "show series", "air[2026-01-01T07:00..2026-01-01T07:02]",
        ]
        let folder = try await killed { server throws in
            for body in 0..<4 {
                let lines = DirectoryToolTests.lines(100, from: 1_767_225_600 + body * 100)
                #expect(try server.write("city", lines).status == 204)
            }
            for question in questions {
                let answer = try TramBinary.run(["query", "--url", server.url, question])
                #expect(answer.status == 0, "\(answer.talk)")
                answers[question] = answer.output
            }
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        let before = try snapshot(folder)
        let check = try TramBinary.run(["check", folder.path])
        #expect(check.status == 0, "\(check.output)\(check.talk)")
        let rows = PlainCSV.records(check.output)
        #expect(rows.allSatisfy { $0["database"] == "city" && ($0["state"] == "ok" || $0["state"] == "stray") })
        #expect(rows.contains { $0["kind"] == "log" && $0["rows"] == "400" }, "\(check.output)")
        for question in questions {
            let answer = try TramBinary.run(["query", "--data", folder.path, question])
            #expect(answer.status == 0, "\(answer.talk)")
            #expect(answer.output == answers[question], "\(question)")
            #expect(answer.talk.isEmpty, "\(answer.talk)")
        }
        #expect(try snapshot(folder) == before, "nothing may change")

        // Packed together it answers the same.
        let compact = try TramBinary.run(["compact", folder.path])
        #expect(compact.status == 0, "\(compact.talk)")
        let packed = try #require(PlainCSV.records(compact.output).first)
        #expect(packed["database"] == "city")
        #expect(packed["rows"] == "400")
        #expect(packed["segments"] == "1")
        let sizes = [packed["bytes_before"], packed["bytes_after"]].compactMap { $0.flatMap(Int.init) }
        #expect(sizes.count == 2 && sizes[1] < sizes[0], "\(sizes)")
        for question in questions {
            let answer = try TramBinary.run(["query", "--data", folder.path, question])
            #expect(answer.output == answers[question], "\(question)")
        }
        #expect(try TramBinary.run(["check", folder.path]).status == 0)

        // Each file is explained.
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        where ["tseg", "tnam", "log"].contains((name as NSString).pathExtension) || name.hasSuffix("MANIFEST") {
            let file = folder.appendingPathComponent(name).path
            let explained = try TramBinary.run(["inspect", file])
            #expect(explained.status == 0, "\(name): \(explained.talk)")
            if name.hasSuffix(".tseg") {
                let blocks = PlainCSV.records(explained.output)
                #expect(Set(blocks.compactMap { $0["key"] }) == ["air,station=s0", "air,station=s1", "air,station=s2"])
                #expect(Set(blocks.compactMap { $0["name"] }) == ["pm25", "note"])
                #expect(blocks.first?["first"] == "2026-01-01T00:00:00Z")
                let table = try TramBinary.run(["inspect", "--limit", "1", "--format", "table", file])
                #expect(table.output.contains("segment"))
                #expect(table.output.contains("(1 row)"), "\(table.output)")
                #expect(table.talk.contains("5 more rows"), "\(table.talk)")
            }
        }
    }

    @Test func `damage ends a check with 1, and names the file; a question answers the rest and says so`() async throws
    {
        let folder = try await killed { server throws in
            #expect(try server.write("city", DirectoryToolTests.lines(400)).status == 204)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try TramBinary.run(["compact", folder.path]).status == 0)
        let segments = folder.appendingPathComponent("databases/city/segments")
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: segments.path).first { $0.hasSuffix(".tseg") })
        let file = segments.appendingPathComponent(name)
        var bytes = try Data(contentsOf: file)
        // In the columns of the first block: its head, and the 64 bytes of each of two fields, come before them.
        bytes[64 + 48 + 2 * 64 + 10] ^= 4
        try bytes.write(to: file)
        let check = try TramBinary.run(["check", folder.path])
        #expect(check.status == 1)
        let bad = PlainCSV.records(check.output).filter { $0["state"] == "damaged" }
        #expect(bad.map { $0["file"] } == ["segments/\(name)"])
        let detail = bad.first?["detail"] ?? ""
        #expect(detail.contains("134 rows of air,station=s0 from 2026-01-01T00:00:00Z"), "\(bad)")
        let vietnamese = try TramBinary.run(["check", "--lang", "vi", folder.path])
        #expect(vietnamese.output.contains("mất 134 bản ghi của air,station=s0"), "\(vietnamese.output)")
        let inspected = try TramBinary.run(["inspect", file.path])
        #expect(inspected.status == 1)
        #expect(PlainCSV.records(inspected.output).contains { $0["problem"]?.contains("columns of the block") == true })
        // How many values a block has stands in its head, which is whole.
        let count = try TramBinary.run(["query", "--data", folder.path, "air[all] | n = count(pm25) by station"])
        #expect(count.output == "station,n\ns0,134\ns1,133\ns2,133\n", "\(count.output)")
        let question = "air[all] | n = count(pm25), distinct(pm25, exact) by station"
        let answer = try TramBinary.run(["query", "--data", folder.path, question])
        #expect(answer.status == 0)
        let rest = PlainCSV.records(answer.output)
        #expect(rest.map { "\($0["station"] ?? "") \($0["n"] ?? "")" } == ["s1 133", "s2 133"], "\(answer.output)")
        #expect(answer.talk.contains("134 rows of air,station=s0"), "\(answer.talk)")
        let json = try TramBinary.run(["query", "--data", folder.path, "--format", "json", question])
        #expect(json.output.contains("\"partial\":true"), "\(json.output)")
    }

    @Test func `while a server has the directory every command ends with 3 and names the server`() async throws {
        try await ServingTram.besieged { server in
            #expect(try server.write("a", "m v=1 1").status == 204)
            let number = try #require(server.number)
            for arguments in [
                ["check", server.data.path], ["compact", server.data.path],
                ["query", "--data", server.data.path, "m[all] | count()"],
            ] {
                let outcome = try TramBinary.run(arguments)
                #expect(outcome.status == 3, "\(arguments): \(outcome.talk)")
                #expect(outcome.talk.contains("process \(number)"), "\(outcome.talk)")
                #expect(outcome.talk.contains("copy"), "\(outcome.talk)")
                #expect(outcome.output.isEmpty)
            }
        }
    }

    @Test func `a directory without a lock is asked without making one`() async throws {
        let folder = try await killed { server throws in
            #expect(try server.write("a", "m v=1 1\nm v=2 2").status == 204)
            #expect(try server.write("b", "m v=1 1").status == 204)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        let lock = folder.appendingPathComponent("LOCK")
        try FileManager.default.removeItem(at: lock)
        let question = "m[all] | n = count()"
        let several = try TramBinary.run(["query", "--data", folder.path, question])
        #expect(several.status == 1)
        #expect(several.talk.contains("--db: a, b"), "\(several.talk)")
        let unknown = try TramBinary.run(["query", "--data", folder.path, "--db", "c", question])
        #expect(unknown.status == 1)
        #expect(unknown.talk.contains("a, b"), "\(unknown.talk)")
        let one = try TramBinary.run(["query", "--data", folder.path, "--db", "a", question])
        #expect(one.output == "n\n2\n", "\(one.talk)")
        // Without a range, the last hour of the clock or of what it is said to be.
        let now = ["--now", "1970-01-01T00:30:00Z"]
        let hour = try TramBinary.run(["query", "--data", folder.path, "--db", "a"] + now + ["m | n = count()"])
        #expect(hour.output == "n\n2\n", "\(hour.talk)")
        #expect(try TramBinary.run(["check", folder.path]).status == 0)
        #expect(!FileManager.default.fileExists(atPath: lock.path))
    }

    @Test(arguments: [
        ["query", "--data", "d", "--url", "http://127.0.0.1:1", "m"], ["query", "--data", "d", "--feed", "f", "m"],
        ["query", "--data", "d", "--precision", "s", "m"], ["check"], ["inspect"], ["compact"],
        ["inspect", "--limit", "-1", "f"],
    ])
    func `wrong usage of them ends with 2`(arguments: [String]) throws {
        let outcome = try TramBinary.run(arguments)
        #expect(outcome.status == 2, "\(outcome.talk)")
        #expect(outcome.output.isEmpty)
    }

    @Test func `what is no file or directory of Tram is named`() throws {
        for arguments in [
            ["check", "/proc/none"], ["compact", "/proc/none"], ["inspect", "/proc/none"],
            ["inspect", "/proc/self/stat"], ["query", "--data", "/proc/none", "m"], ["check", "/proc/self"],
        ] {
            let outcome = try TramBinary.run(arguments)
            #expect(outcome.status == 1, "\(arguments): \(outcome.talk)")
            #expect(outcome.talk.contains("/proc/"), "\(outcome.talk)")
            #expect(outcome.output.isEmpty)
        }
    }
}

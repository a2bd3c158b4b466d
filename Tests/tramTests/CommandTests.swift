import Foundation
import Testing

/// The command line as an operator meets it.
@Suite struct CommandTests {
    private let traffic = TramBinary.sample("traffic.lp.zst")

    @Test func `the version and help go to standard output and succeed`() throws {
        let version = try TramBinary.run(["version"])
        #expect(version.status == 0)
        #expect(version.output.hasPrefix("tram "))
        for arguments in [
            ["--help"], ["query", "--help"], ["run", "--help"], ["demo", "--help"], ["version", "--help"],
        ] {
            let help = try TramBinary.run(arguments)
            #expect(help.status == 0)
            #expect(help.output.contains("USAGE"))
            #expect(help.talk.isEmpty)
        }
    }

    @Test(arguments: [
        ["nonsense"], ["query", "--db", "d", "--feed", "f", "m | count()"], ["run"], ["query", "--feed"],
        ["query", "--feed", "x", "--format", "xml", "m"],
        ["serve", "--listen", "8086"], ["demo"], ["query", "--feed", "x", "--now", "yesterday", "m"],
    ])
    func `wrong usage ends with 2 and says what is right`(arguments: [String]) throws {
        let outcome = try TramBinary.run(arguments)
        #expect(outcome.status == 2)
        #expect(outcome.output.isEmpty)
        #expect(!outcome.talk.isEmpty)
    }

    @Test(arguments: [
        (["query", "--feed", "/no/such/feed", "m | count()"], "/no/such/feed"),
        (["run", "--rules", "/no/such/rules.yaml", "x"], "/no/such/rules.yaml"),
        (["demo", "--once", "--city", "/no/such/city"], "/no/such/city"),
    ])
    func `work that fails ends with 1 and names the place`(arguments: [String], name: String) throws {
        let outcome = try TramBinary.run(arguments)
        #expect(outcome.status == 1)
        #expect(outcome.talk.contains(name))
    }

    @Test func `a mistake in a query is shown under its place, in the reader's language`() throws {
        let english = try TramBinary.run(["query", "--feed", traffic, "traffic | mean(sped) by sensor"])
        #expect(english.status == 1)
        #expect(english.output.isEmpty)
        let lines = english.talk.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0] == "traffic | mean(sped) by sensor")
        #expect(lines[1].hasPrefix(String(repeating: " ", count: 15) + "^ line 1, column 16:"))
        #expect(lines[1].contains("Did you mean \"speed\"?"))
        let vietnamese = try TramBinary.run(
            ["query", "--feed", traffic, "traffic | mean(sped) by sensor"], environment: ["LANG": "vi_VN.UTF-8"])
        #expect(vietnamese.talk.contains("dòng 1, cột 16:"))
        #expect(vietnamese.talk.contains("Có phải ý bạn là \"speed\"?"))
    }

    @Test func `formats of one answer agree, and csv is what a pipe gets`() throws {
        let query = "traffic | n = count(), mean(speed) by sensor | sort -n, sensor | limit 3"
        let plain = try TramBinary.run(["query", "--feed", traffic, query])
        let csv = try TramBinary.run(["query", "--feed", traffic, "--format", "csv", query])
        #expect(plain.output == csv.output)
        let records = PlainCSV.records(csv.output)
        #expect(records.count == 3)
        let json = try TramBinary.run(["query", "--feed", traffic, "--format", "json", query])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect((object["rows"] as? [[Any]])?.map { $0[0] as? String } == records.map { $0["sensor"] })
        #expect(object["partial"] as? Bool == false)
        let lines = try TramBinary.run(["query", "--feed", traffic, "--format", "ndjson", query]).output
        #expect(lines.split(separator: "\n").count == 3)
        let table = try TramBinary.run(["query", "--feed", traffic, "--format", "table", query])
        #expect(table.output.contains("(3 rows)"))
    }

    @Test(arguments: ["csv", "json", "ndjson", "table"])
    func `the same question gives the same bytes`(format: String) throws {
        let query = "traffic | mean(speed), p95(speed), distinct(speed) by sensor every 1h over 2h"
        let arguments = ["query", "--feed", traffic, "--format", format, query]
        #expect(try TramBinary.run(arguments).output == (try TramBinary.run(arguments).output))
    }

    @Test func `the same replay gives the same bytes`() throws {
        let arguments =
            [
                "run", "--config", TramBinary.sample("tram.yaml"), "--stream",
                "w=traffic | mean(speed) by sensor every 5m over 15m",
            ]
            + ["traffic", "air", "power", "flood"].map { TramBinary.sample("\($0).lp.zst") }
        let first = try TramBinary.run(arguments)
        #expect(first.status == 0, "\(first.talk)")
        #expect(first.output.contains("\"rule\":\"flood_3\",\"state\":\"firing\""))
        #expect(first.output.contains("{\"name\":\"w\","))
        #expect(try TramBinary.run(arguments).output == first.output)
    }

    /// on the command: bad lines are told with their place, their neighbours are kept.
    @Test func `bad lines are named with line, column and class, and every good line is kept`() throws {
        var feed = Data()
        feed.append(Data("m,s=a v=1 1\nm v=28°C 2\nm,s=a v=2 2\nm v=1 x\n".utf8))
        feed.append(Data([0x6d, 0x2c, 0x74, 0x3d, 0xff, 0x20, 0x76, 0x3d, 0x31, 0x20, 0x31, 0x0a]))
        feed.append(Data([0x6d, 0x00, 0x6e, 0x20, 0x76, 0x3d, 0x31, 0x20, 0x31, 0x0a]))
        feed.append(Data("m v=1e400 3\nm v=9223372036854775808i 3\nm,s=a v=\"text\" 4\nm,s=a v=3 5\nm v=1\n".utf8))
        let outcome = try TramBinary.run(["query", "--feed", "-", "m | count(), sum(v)"], input: feed)
        #expect(outcome.status == 0)
        #expect(outcome.output == "count,sum\n3,6\n")
        for part in [
            "line 2, column 5: bad-value", "line 4, column 7: bad-timestamp", "line 5, column 5: invalid-utf8",
            "line 6, column 2: bad-character", "line 7, column 5: value-out-of-range",
            "line 8, column 5: value-out-of-range", "line 9, column 1: type-conflict",
            "line 11, column 1: bad-timestamp",
        ] {
            #expect(outcome.talk.contains(part), "\(part) in \(outcome.talk)")
        }
        #expect(outcome.talk.contains("8 bad lines were left out"))
    }

    @Test func `a feed cut off in the middle is named, and no answer is given from a part of it`() throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: traffic))
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString).lp.zst")
        defer { try? FileManager.default.removeItem(at: file) }
        try whole.prefix(whole.count - 100).write(to: file)
        let outcome = try TramBinary.run(["query", "--feed", file.path, "traffic | count()"])
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty)
        #expect(outcome.talk.contains("\(file.path): the compressed data ends too early"))
    }

    @Test func `a field called time or like a tag keeps its values and the row its time`() throws {
        let feed = Data("w,s=a,v=1 time=3,v=2 1757289600000000000\n".utf8)
        let outcome = try TramBinary.run(["query", "--feed", "-", "w"], input: feed)
        #expect(outcome.output == "time,s,v,field.time,field.v\n2025-09-08T00:00:00Z,a,1,3,2\n")
        let asked = try TramBinary.run(["query", "--feed", "-", "w | max(field.v), at = max(time)"], input: feed)
        #expect(asked.output == "max,at\n2,2025-09-08T00:00:00Z\n")
        #expect(try TramBinary.run(["query", "--feed", "-", "w | set time = 3"], input: feed).status == 1)
    }

    @Test func `a byte order mark belongs to no name, and seconds are read as seconds when asked for`() throws {
        var feed = Data([0xef, 0xbb, 0xbf])
        feed.append(Data("w,s=a v=1 1757289600\n".utf8))
        let seconds = try TramBinary.run(["query", "--feed", "-", "--precision", "s", "w"], input: feed)
        #expect(seconds.output == "time,s,v\n2025-09-08T00:00:00Z,a,1\n")
        #expect(seconds.talk.isEmpty)
        let guessed = try TramBinary.run(["query", "--feed", "-", "w | count()"], input: feed)
        #expect(guessed.output == "count\n1\n")
        #expect(guessed.talk.contains("--precision s"))
    }

    @Test(arguments: [
        ([UInt8]([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), "xz"), ([0x50, 0x4b, 0x03, 0x04, 0x14, 0x00], "zip"),
        ([0xff, 0xfe, 0x77, 0x00, 0x20, 0x00], "UTF-16"),
    ])
    func `a file of another kind is called by its name`(bytes: [UInt8], kind: String) throws {
        let outcome = try TramBinary.run(["query", "--feed", "-", "w | count()"], input: Data(bytes))
        #expect(outcome.status == 1)
        #expect(outcome.talk.contains(kind) && outcome.talk.contains(".zst"))
    }

    @Test(arguments: [
        ("traffic | mean(speed) by sensor every 1h", "    severity: info", "5:", "needs a condition"),
        ("traffic | mean(speed) by sensor every 1h", "    when: mean < \"20\"", "6:11", "cannot be compared"),
        ("traffic | mean(speed) by sensor", "    when: mean < 20", "5:", "needs windows"),
    ])
    func `a rule that cannot work is blamed where it is wrong`(
        query: String, line: String, place: String, reason: String
    ) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("groups:\n- name: g\n  rules:\n  - alert: a\n    query: \(query)\n\(line)\n".utf8).write(to: file)
        let outcome = try TramBinary.run(["run", "--rules", file.path, traffic])
        #expect(outcome.status == 1)
        #expect(outcome.talk.contains("\(file.path):\(place)") && outcome.talk.contains(reason), "\(outcome.talk)")
    }

    @Test func `a column is still usable after a type conflict`() throws {
        let feed = Data("m v=1 1\nm v=2i 2\nm v=true 3\nm v=4 4\n".utf8)
        let outcome = try TramBinary.run(["query", "--feed", "-", "m | count(v), sum(v), last(v)"], input: feed)
        #expect(outcome.output == "count,sum,last\n2,5,4\n")
    }

    @Test func `random bytes as a feed, a query and a rule never trap`() throws {
        var state: UInt64 = 42
        func next() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        for round in 0..<12 {
            let bytes = Data((0..<20_000).map { _ in round % 2 == 0 ? next() : next() & 0x7f | 0x20 })
            let outcome = try TramBinary.run(["query", "--feed", "-", "m | count()"], input: bytes)
            #expect(!outcome.isTrapped)
            let text = String(decoding: bytes.prefix(200), as: UTF8.self).replacingOccurrences(of: "\0", with: "0")
            #expect(!(try TramBinary.run(["query", "--feed", traffic, text])).isTrapped)
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString).yaml")
            try bytes.write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            #expect(!(try TramBinary.run(["run", "--rules", file.path, traffic])).isTrapped)
        }
    }

    @Test func `the demo prints windows and alerts and succeeds`() throws {
        let outcome = try TramBinary.run(["demo", "--once", "--city", TramBinary.sample("")])
        #expect(outcome.status == 0, "\(outcome.talk)")
        #expect(outcome.output.contains("speed_15m"))
        #expect(outcome.output.contains("Flood alert III at ba_tha: water level 7.51 m"))
        #expect(outcome.output.contains("bottom 5 mean"))
    }

    @Test func `a rule with a mistake is refused with file, line and column`() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(
            "groups:\n- name: g\n  rules:\n  - alert: a\n    query: traffic | mean(speed) by sensor every 1 h\n    when: mean < 20\n"
                .utf8
        ).write(to: file)
        let outcome = try TramBinary.run(["run", "--rules", file.path, traffic])
        #expect(outcome.status == 1)
        #expect(outcome.talk.contains("\(file.path):5:"))
        #expect(outcome.talk.contains("1h"))
    }
}

import Foundation
import Testing

/// `tram units` and `tram stations` over the sample city.
@Suite struct CatalogueCommandTests {
    private let city = TramBinary.sample("tram.yaml")

    private func run(_ arguments: [String], environment: [String: String] = [:]) throws -> TramBinary.Outcome {
        try TramBinary.run(arguments, environment: environment)
    }

    @Test func `a unit is found without diacritics, also when they are typed decomposed`() throws {
        for words in [["hai", "phong"], ["HẢI PHÒNG"], ["Ha\u{309}i Pho\u{300}ng"], ["--search", "hai phong"]] {
            let outcome = try run(["units", "list", "--catalogue", city] + words)
            #expect(outcome.status == 0, "\(outcome.talk)")
            #expect(PlainCSV.records(outcome.output).first?["code"] == "31", "\(words): \(outcome.output)")
        }
    }

    @Test func `units are listed by level and parent in every format`() throws {
        let listing = ["units", "list", "--catalogue", city, "--level", "commune", "--parent", "31", "--limit", "2"]
        let csv = try run(listing)
        #expect(csv.status == 0)
        #expect(csv.output.hasPrefix("code,level,name,full_name,name_en,kind,parent,valid_from,valid_to\n"))
        #expect(PlainCSV.records(csv.output).count == 2)
        #expect(csv.talk.contains("only the first 2 of"))
        let json = try run(listing + ["--format", "json"])
        let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        #expect((object?["rows"] as? [[Any]])?.count == 2)
        let ndjson = try run(listing + ["--format", "ndjson", "--lang", "vi"])
        #expect(ndjson.output.split(separator: "\n").count == 2)
        #expect(ndjson.talk.contains("chỉ có 2 dòng đầu"))
        #expect(try run(listing + ["--format", "table"]).output.contains("(2 rows)"))
    }

    @Test func `what is not in the catalogue is said with what is`() throws {
        let level = try run(["units", "list", "--catalogue", city, "--level", "comune"])
        #expect(level.status == 1)
        #expect(level.talk.contains("did you mean \"commune\"?"))
        #expect(try run(["units", "list", "--catalogue", city, "--parent", "99999"]).status == 1)
        #expect(try run(["units", "list", "--catalogue", city, "--at", "someday"]).status == 2)
        #expect(try run(["units", "list", "--catalogue", city, "--url", "x"]).status == 2)
        let nothing = try run(["units", "list", "--catalogue", city, "xyzzy"])
        #expect(nothing.status == 0)
        #expect(PlainCSV.records(nothing.output).isEmpty)
    }

    @Test func `stations are listed by the unit they lie in`() throws {
        let all = try run(["stations", "list", "--catalogue", city, "--unit", "31", "--tag", "sensor"])
        #expect(all.status == 0, "\(all.talk)")
        let rows = PlainCSV.records(all.output)
        #expect(rows.count == 30)
        #expect(rows.allSatisfy { $0["tag"] == "sensor" && $0["unit_name"] != "" })
        let one = try run(["stations", "list", "--catalogue", city, "773869"])
        #expect(PlainCSV.records(one.output).map { $0["id"] } == ["773869"])
    }

    @Test func `good tables are told so, mistakes with file, line and mend`() throws {
        let good = try run(["units", "check", city])
        #expect(good.status == 0, "\(good.talk)")
        #expect(good.talk.contains("stations, 0 warnings"))
        let table = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString).csv")
        defer { try? FileManager.default.removeItem(at: table) }
        let text = """
            code,level,name,parent
            VN,central,Việt Nam,
            01,province,Hà Nội,VN
            001,commune,Ba Đình,1
            01,province,Hà Nội,VN
            a,district,A,b
            b,district,B,a
            x,commune,Một,01
            y,commune,một,01

            """
        try text.write(to: table, atomically: true, encoding: .utf8)
        let bad = try run(["units", "check", table.path])
        #expect(bad.status == 1)
        let rows = PlainCSV.records(bad.output)
        let lines = rows.filter { $0["severity"] == "error" }.compactMap { $0["line"] }
        #expect(Set(lines) == ["4", "5", "7"])
        #expect(rows.filter { $0["severity"] == "warning" }.map { $0["line"] } == ["9"])
        #expect(rows.allSatisfy { ($0["mend"] ?? "") != "" && $0["file"] == table.path })
        #expect(rows.first { $0["line"] == "4" }?["mend"]?.contains("\"01\"") == true)
        let vietnamese = try run(["stations", "check", "--catalogue", table.path, "--lang", "vi"])
        #expect(vietnamese.status == 1)
        #expect(vietnamese.output.contains("nằm trong chính nó"))
        #expect(try run(["units", "check"]).status == 2)
        #expect(try run(["units", "check", "/nowhere.yaml"]).status == 1)
    }
}

/// `tram query --fmt`.
@Suite struct FormatCommandTests {
    @Test func `a query is printed in its one spelling, also out of standard input`() throws {
        let plain = try TramBinary.run(["query", "--fmt", "traffic [ 60m ]|mean( speed )by way"])
        #expect(plain.status == 0, "\(plain.talk)")
        #expect(plain.output == "traffic[1h] | mean(speed) by way\n")
        let text = "# Ùn tắc\ntraffic[today] # hôm nay\n| mean(speed) every 15m\n"
        let piped = try TramBinary.run(["query", "--fmt", "-"], input: Data(text.utf8))
        #expect(piped.output == "# Ùn tắc\ntraffic[today]  # hôm nay\n| mean(speed) every 15m\n")
        let again = try TramBinary.run(["query", "--fmt", "-"], input: Data(piped.output.utf8))
        #expect(again.output == piped.output)
        let wrong = try TramBinary.run(["query", "--fmt", "traffic[1h] | avg speed", "--lang", "vi"])
        #expect(wrong.status == 1)
        #expect(wrong.output.isEmpty)
        #expect(wrong.talk.contains("mean(speed)"))
    }
}

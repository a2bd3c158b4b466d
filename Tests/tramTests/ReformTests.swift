import Foundation
import Testing

/// Both trees in one catalogue, the old one until a day in the middle of the readings, the new one from then on.
@Suite struct ReformTests {
    private static let reform = "2012-03-04"

    /// The catalogue in a folder of its own.
    private func catalogue(_ shared: URL) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func lines(_ name: String) throws -> [String] {
            try String(contentsOf: shared.appendingPathComponent(name), encoding: .utf8).split(separator: "\n").map(
                String.init)
        }
        let day = ReformTests.reform
        let old = try lines("admin-units-4level.csv")
        let new = try lines("admin-units-3level.csv")
        let units =
            ["\(old[0]),valid_from,valid_to"] + old.dropFirst().map { "\($0),,\(day)" }
            + new.dropFirst().map { "\($0),\(day)," }
        let sensors = try lines("traffic-sensors.csv").dropFirst().map { $0.split(separator: ",").map(String.init) }
        let stations =
            ["sensor,unit,valid_from,valid_to"] + sensors.map { "\($0[0]),\($0[1]),,\(day)" }
            + sensors.map { "\($0[0]),\($0[2]),\(day)," }
        func write(_ name: String, _ text: String) throws {
            try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        try write("units.csv", units.joined(separator: "\n") + "\n")
        try write("sensors.csv", stations.joined(separator: "\n") + "\n")
        try write(
            "tram.yaml", "catalogue:\n  units: units.csv\n  stations:\n    - { file: sensors.csv, tag: sensor }\n")
        return folder
    }

    private func ask(_ text: String, _ shared: URL, _ folder: URL, _ options: [String] = []) throws -> String {
        let outcome = try TramBinary.run(
            [
                "query", "--feed", shared.appendingPathComponent("traffic.lp.zst").path, "--format", "csv",
                "--catalogue", folder.appendingPathComponent("tram.yaml").path,
            ] + options + [text])
        #expect(outcome.status == 0, "\(outcome.talk)")
        return outcome.output
    }

    @Test func `the same readings add up along the tree of their time, and along any other that is asked for`() throws {
        guard let shared = TramBinary.sharedOrSkip("both trees") else { return }
        let folder = try catalogue(shared)
        defer { try? FileManager.default.removeItem(at: folder) }
        let old = try #require(QueryCase.all.first { $0.name == "traffic-rollup-4level.case" })
        let new = try #require(QueryCase.all.first { $0.name == "traffic-rollup-3level.case" })
        let oldText = try #require(old.values["query"])
        let newText = try #require(new.values["query"])
        let oldRows = try #require(try old.expected())
        let newRows = try #require(try new.expected())
        // The first day lies before the reform.
        old.check(try ask(oldText, shared, folder), oldRows)
        old.check(try ask(oldText + " | tree row", shared, folder), oldRows)
        // By the tree of the day of the newest reading; there are no districts in it.
        new.check(try ask(newText + " | tree now", shared, folder), newRows)
        new.check(try ask(newText, shared, folder, ["--tree", "2012-03-05"]), newRows)
        // What the text says counts more than the option.
        old.check(try ask(oldText + " | tree 2012-03-01", shared, folder, ["--tree", "today"]), oldRows)
    }

    @Test func `over the day of the reform every reading counts once`() throws {
        guard let shared = TramBinary.sharedOrSkip("both trees") else { return }
        let folder = try catalogue(shared)
        defer { try? FileManager.default.removeItem(at: folder) }
        let rows = PlainCSV.records(try ask("traffic | count() by province every 1d", shared, folder))
        #expect(rows.reduce(0) { $0 + (Int($1["count"] ?? "") ?? 0) } == 417_312)
        let provinces = Dictionary(grouping: rows) { $0["province"] ?? "" }
        #expect(Set(provinces.keys) == ["30", "31"])
        let first = (provinces["31"] ?? []).compactMap { $0["time"] }.min()
        #expect(first == "2012-03-03T17:00:00Z")
        // A code that both trees have is two units.
        let names = PlainCSV.records(try ask("traffic where commune = \"10507\" | count() by commune", shared, folder))
        #expect(Set(names.compactMap { $0["commune_name"] }) == ["Cẩm Thượng", "Thành Đông"])
    }
}

import Foundation
import Testing

/// One query with the rows that it must give, kept as a text file that an operator can read.
///
///     # title
///     feed: traffic            a large feed by name, or files of samples/city; with a folder, of samples
///     now: 2026-11-20T02:00:00Z   what "now" is; otherwise a nanosecond after the newest reading
///     catalogue: tram.yaml     units and stations, a file named as feeds are
///     query: traffic | …
///     expect: name.csv         a file beside the large feeds; or the rows follow a line `---`
///     keys: sensor time        columns that name a row
///     order: yes               whether the order of rows counts too
///     row: column=value        only this row of the expected file counts
///     columns: exactly         these columns, in this order, and no other
///     within: column=0.01      how far, relatively, an estimate may be from what is written here
///     epoch: ns                how times are printed
///     catalogue: tram.yaml     a file of samples/city with units and stations
///     units: name.csv          or units beside the large feeds,
///     stations: name.csv t u   with stations, their tag and the column of their unit
///     without: column          columns of the expected file that no query can give
struct QueryCase: CustomTestStringConvertible, Sendable {
    var name: String
    var values: [String: String] = [:]
    var rows: String?

    var testDescription: String { name }

    static let all: [QueryCase] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Cases")
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.filter { $0.pathExtension == "case" }.sorted { $0.path < $1.path }.compactMap { file in
            (try? String(contentsOf: file, encoding: .utf8)).map { QueryCase(name: file.lastPathComponent, text: $0) }
        }
    }()

    init(name: String, text: String) {
        self.name = name
        let parts = text.components(separatedBy: "\n---\n")
        if parts.count > 1 { rows = parts[1] }
        for line in parts[0].split(separator: "\n") where !line.hasPrefix("#") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[String(line[..<colon])] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
    }
}

extension QueryCase {
    var keys: [String] { (values["keys"] ?? "").split(separator: " ").map(String.init) }

    /// A catalogue beside the large feeds, as a section of a configuration.
    func catalogueText(_ shared: URL) -> String? {
        guard let units = values["units"], let words = values["stations"]?.split(separator: " "), words.count == 3
        else {
            return nil
        }
        return """
            catalogue:
              units: \(shared.appendingPathComponent(units).path)
              stations:
                - file: \(shared.appendingPathComponent(String(words[0])).path)
                  tag: \(words[1])
                  unit: \(words[2])
            """
    }

    /// The rows that it must give; nil after saying loudly that they are not on this machine.
    func expected() throws -> [[String: String]]? {
        var expected: [[String: String]]
        if let rows {
            expected = PlainCSV.records(rows)
        } else {
            guard let shared = TramBinary.sharedOrSkip(name) else { return nil }
            let file = shared.appendingPathComponent("expected/\(try #require(values["expect"]))")
            expected = PlainCSV.records(try String(contentsOf: file, encoding: .utf8))
        }
        if let row = values["row"]?.split(separator: "=").map(String.init), row.count == 2 {
            expected = expected.filter { $0[row[0]] == row[1] }
        }
        return expected
    }

    /// How far each column may be from what is expected.
    var tolerances: [String: Double] {
        let pairs = (values["within"] ?? "").split(separator: " ").map { $0.split(separator: "=") }
        return Dictionary(
            uniqueKeysWithValues: pairs.compactMap { pair in
                guard pair.count == 2, let tolerance = Double(pair[1]) else { return nil }
                return (String(pair[0]), tolerance)
            })
    }

    /// Holds an answer in CSV against the expected rows: counts, minima, maxima, integers and texts exactly; other
    /// numbers and lengths of time to a billionth.
    func check(_ csv: String, _ expected: [[String: String]]) {
        let answered = PlainCSV.records(csv)
        if values["columns"] == "exactly" {
            #expect(PlainCSV.rows(csv).first == rows.flatMap { PlainCSV.rows($0).first }, "\(name)")
        }
        let tolerances = tolerances
        #expect(answered.count == expected.count, "\(name)")
        func key(_ row: [String: String]) -> [String] { keys.map { row[$0] ?? row["window_start"] ?? "" } }
        let byKey = Dictionary(answered.map { (key($0), $0) }) { first, _ in first }
        let ignored =
            ["window_start", "measurement", "lines", "fields"]
            + (values["without"] ?? "").split(separator: " ").map(String.init)
        var problems: [String] = []
        for want in expected {
            guard let have = byKey[key(want)] else {
                problems.append("no row \(key(want))")
                continue
            }
            for (column, value) in want where !ignored.contains(column) {
                guard let answer = have[column] else {
                    problems.append("no column \(column)")
                    continue
                }
                let isExact = ["count", "min", "max", "first", "last"].contains(column)
                if !QueryCase.isEqual(answer, value, exactly: isExact, within: tolerances[column]) {
                    problems.append("\(key(want)) \(column): \(answer), expected \(value)")
                }
            }
        }
        #expect(problems.isEmpty, "\(name): \(problems.count) differences, first: \(problems.prefix(3))")
        if values["order"] == "yes" {
            #expect(answered.map { row in keys.map { row[$0] } } == expected.map { row in keys.map { row[$0] } })
        }
    }

    private static func isEqual(
        _ answer: String, _ value: String, exactly: Bool, within tolerance: Double? = nil
    ) -> Bool {
        if answer == value { return true }
        guard let first = number(answer), let second = number(value) else { return false }
        let isWhole = tolerance == nil && Int64(value) != nil && Int64(answer) != nil
        if exactly || isWhole { return first == second }
        return abs(first - second) <= (tolerance ?? 1e-9) * max(abs(first), abs(second))
    }

    /// A number, or a length of time such as `1h30m` in nanoseconds.
    private static func number(_ text: String) -> Double? {
        if let number = Double(text) { return number }
        let lengths = ["d": 86_400e9, "h": 3600e9, "m": 60e9, "s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1]
        var rest = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !rest.isEmpty else { return nil }
        var sum = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let count = Double(digits), let length = lengths[String(unit)] else { return nil }
            sum += count * length
        }
        return text.hasPrefix("-") ? -sum : sum
    }
}

@Suite struct CaseTests {
    @Test func `the folder of cases is found`() {
        #expect(QueryCase.all.count >= 18)
    }

    @Test func `every example of the language has its case, but for the two that are rules`() {
        let numbers = QueryCase.all.compactMap { query in
            query.name.hasPrefix("example-") ? Int(query.name.dropFirst(8).prefix(2)) : nil
        }
        #expect(Set(numbers) == Set(1...32).subtracting([29, 30]))
    }

    @Test(arguments: QueryCase.all)
    func `a query gives the rows that were computed without Tram`(_ query: QueryCase) throws {
        let feedName = try #require(query.values["feed"])
        let text = try #require(query.values["query"])
        guard let expected = try query.expected() else { return }
        let feeds =
            query.rows != nil
            ? feedName.split(separator: " ").map { TramBinary.sample(String($0)) }
            : [try #require(TramBinary.shared).appendingPathComponent("\(feedName).lp.zst").path]
        var arguments = ["query", "--format", "csv"] + feeds.flatMap { ["--feed", $0] }
        if let now = query.values["now"] { arguments += ["--now", now] }
        if let epoch = query.values["epoch"] { arguments += ["--epoch", epoch] }
        if let catalogue = query.values["catalogue"] { arguments += ["--catalogue", TramBinary.sample(catalogue)] }
        if let shared = TramBinary.shared, let catalogue = query.catalogueText(shared) {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tram-\(UUID().uuidString).yaml")
            try catalogue.write(to: file, atomically: true, encoding: .utf8)
            defer { try? FileManager.default.removeItem(at: file) }
            arguments += ["--catalogue", file.path]
            let outcome = try TramBinary.run(arguments + [text])
            #expect(outcome.status == 0, "\(outcome.talk)")
            query.check(outcome.output, expected)
            return
        }
        let outcome = try TramBinary.run(arguments + [text])
        try #require(outcome.status == 0, "\(outcome.talk)")
        query.check(outcome.output, expected)
    }
}

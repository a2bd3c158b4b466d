import Testing
import TramColumnar
import TramQuery
import TramTesting

/// The engine's aggregations against a slow model that looks at one row after another.
@Suite struct ModelTests {
    /// What a model row is asked: a window's start (or nil) and the group's texts.
    private struct Key: Hashable {
        var group: [String]
        var window: Int64?
    }

    private static let second: Int64 = 1_000_000_000

    private func rows(_ generator: inout SeededGenerator) -> [TestRow] {
        var rows: [TestRow] = []
        var taken: Set<[String]> = []
        for _ in 0..<Int.random(in: 0...120, using: &generator) {
            let tags = [
                "way": "w\(Int.random(in: 0...2, using: &generator))",
                "cam": "c\(Int.random(in: 0...1, using: &generator))",
            ].filter { _ in Int.random(in: 0...5, using: &generator) > 0 }
            let time = Int64.random(in: -300...900, using: &generator) * ModelTests.second
            guard taken.insert(["\(time)"] + tags.sorted { $0.key < $1.key }.map { "\($0)" }).inserted else { continue }
            var fields: [String: Cell] = ["n": .int(Int64.random(in: -9...9, using: &generator))]
            if Bool.random(using: &generator) {
                fields["x"] = .float(Double(Int64.random(in: -99...99, using: &generator)) / 4)
            }
            rows.append(TestRow(time: time, tags: tags, fields: fields))
        }
        // Fields exist even when no row was drawn.
        rows.append(TestRow(time: 0, tags: ["way": "w9", "cam": "c9"], fields: ["n": .int(1), "x": .float(0.5)]))
        return rows
    }

    private func floor(_ time: Int64, _ width: Int64) -> Int64 {
        let rest = time % width
        return time - (rest < 0 ? rest + width : rest)
    }

    private func text(_ value: Double?) -> String { value.map { Value.float($0).plainText } ?? "-" }

    @Test(arguments: 0..<150)
    func `count, sum, min, max, mean and spread are those of a row by row model`(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let rows = rows(&generator)
        let groups = [[], ["way"], ["way", "cam"], ["n"]].randomElement(using: &generator) ?? []
        let widths: [(every: Int64, over: Int64)?] = [nil, (60, 60), (60, 180), (90, 60), (120, 30), (100, 100)]
        let window = widths.randomElement(using: &generator) ?? nil
        let isFiltered = Bool.random(using: &generator)
        let from = Int64.random(in: -200...100, using: &generator)
        let until = Int64.random(in: 100...800, using: &generator)
        var start = Int64.min
        var end = Int64.max
        var range = "[all]"
        if Bool.random(using: &generator) {
            start = from * ModelTests.second
            end = until * ModelTests.second
            range = "[\(Timestamp(nanoseconds: start).rfc3339)..\(Timestamp(nanoseconds: end).rfc3339)]"
        }

        var kept: [Key: [TestRow]] = [:]
        for row in rows where row.time >= start && row.time < end {
            if isFiltered {
                guard case .float(let x)? = row.fields["x"], x > -5 else { continue }
            }
            let group = groups.map { name -> String in
                if name == "n", case .int(let n)? = row.fields["n"] { return "\(n)" }
                return row.tags[name] ?? "-"
            }
            guard let window else {
                kept[Key(group: group, window: nil), default: []].append(row)
                continue
            }
            // Every start of the grid whose window holds the row, found by trying them all.
            let last = floor(row.time, window.every * ModelTests.second)
            for back in 0...5 {
                let begin = last - Int64(back) * window.every * ModelTests.second
                if row.time < begin + window.over * ModelTests.second {
                    kept[Key(group: group, window: begin), default: []].append(row)
                }
            }
        }
        if kept.isEmpty && groups.isEmpty && window == nil { kept[Key(group: [], window: nil)] = [] }
        let expected = kept.map { key, rows -> String in
            let xs = rows.compactMap { row -> Double? in
                if case .float(let x)? = row.fields["x"] { x } else { nil }
            }
            let sum = xs.isEmpty ? nil : xs.reduce(0, +)
            var words = key.window.map { [Value.time($0).plainText] } ?? []
            words += key.group
            words += ["\(rows.count)", "\(xs.count)", text(sum), text(xs.min()), text(xs.max())]
            words += [text(sum.map { $0 / Double(xs.count) }), text(xs.max().map { $0 - (xs.min() ?? 0) })]
            let timed = rows.compactMap { row -> (Int64, Double)? in
                if case .float(let x)? = row.fields["x"] { (row.time, x) } else { nil }
            }
            words += [text(timed.min(by: <)?.1), text(timed.max(by: <)?.1)]
            return words.joined(separator: " ")
        }
        var query = "m\(range)\(isFiltered ? " where x > -5" : "") "
        query += "| count(), count(x), sum(x), min(x), max(x), mean(x), spread(x)"
        query += ", first(x), last(x)"
        if !groups.isEmpty { query += " by " + groups.joined(separator: ", ") }
        if let window {
            query += " every \(window.every)s"
            if window.every != window.over { query += " over \(window.over)s" }
        }
        let answer = try MemorySource(rows).lines(query)
        #expect(Set(answer.dropFirst()) == Set(expected), "\(query)")
        #expect(answer.count == expected.count + 1, "\(query)")

        // The order of arrival changes nothing, and with constant fill the windows of the range are all there.
        #expect(try MemorySource(rows.shuffled(using: &generator)).lines(query) == answer, "\(query)")
        let raw = "m\(range) | select time, x"
        #expect(
            try MemorySource(rows.shuffled(using: &generator)).lines(raw) == MemorySource(rows).lines(raw), "\(raw)")
        if let window, start != .min {
            let filled = try MemorySource(rows).lines(query + " fill 0").dropFirst()
            let groupCount = max(Set(kept.keys.map(\.group)).count, groups.isEmpty ? 1 : 0)
            var grid: [Int64] = []
            var begin = floor(start, window.every * ModelTests.second) - 5 * window.every * ModelTests.second
            while begin < end {
                if begin + window.over * ModelTests.second > start { grid.append(begin) }
                begin += window.every * ModelTests.second
            }
            #expect(filled.count == grid.count * groupCount, "\(query)")
        }
    }
}

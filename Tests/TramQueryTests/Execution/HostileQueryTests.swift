import Testing
import TramColumnar
import TramQuery
import TramTesting

/// Whatever is typed is parsed, printed, bound and run, or refused with a place inside the text: nothing traps.
@Suite struct HostileQueryTests {
    private static let source: MemorySource = {
        let source = MemorySource((0..<40).map(row))
        // Texts of a store are in its table before a query starts.
        _ = try? source.lines("t | count()")
        return source
    }()

    private static func row(_ number: Int) -> TestRow {
        let time = Int64(number) * 40_000_000_000 - 500_000_000_000
        var row = TestRow(measurement: number % 3 == 0 ? "t" : "traffic", time: time)
        row.tags = ["way": number % 4 == 0 ? "QL51" : "QL\(number % 5)"]
        if number % 4 != 0 { row.tags["cam"] = "\(number % 2)" }
        row.fields["speed"] = .float(Double(number) * 1.25 - 7)
        row.fields["n"] = .int(number % 7 == 0 ? .max : Int64(number))
        row.fields["u"] = .uint(number % 9 == 0 ? .max : 3)
        row.fields["state"] = .text(number % 2 == 0 ? "đỏ" : "xanh")
        row.fields["ok"] = .bool(number % 2 == 0)
        return row
    }

    /// Limits so small that every query is quick.
    private static let limits: QueryLimits = {
        var limits = QueryLimits(rows: 2000, windows: 500, states: 100_000)
        limits.memoryBytes = 4 << 20
        return limits
    }()

    private func answer(_ text: String, looks: Int = 400) {
        do {
            let statement = try QueryParser.parse(text)
            let printed = QueryPrinter.print(statement)
            if printed.utf8.count <= QueryParser.longestText {
                #expect((try? QueryParser.parse(printed))?.withoutPlaces == statement.withoutPlaces, "\(text)")
            }
            var context = QueryContext(
                now: 1_000_000_000_000, zone: .hoChiMinh, zones: BuiltInZones(), defaultRange: .all,
                limits: HostileQueryTests.limits)
            let patience = Patience(looks)
            context.interruption = { patience.isOver() ? .timeLimit : nil }
            let result = try QueryRunner.run(text, source: HostileQueryTests.source, context: context)
            #expect(result.rowCount <= HostileQueryTests.limits.rows)
        } catch {
            guard let at = error.at else {
                #expect(!error.message.en.isEmpty && !error.message.vi.isEmpty, "\(text)")
                return
            }
            #expect(at.start >= 0 && at.end <= text.utf8.count && at.start <= at.end, "\(text): \(at)")
            for language in [Language.vi, .en] { #expect(!error.rendered(in: text, language: language).isEmpty) }
        }
    }

    @Test(.timeLimit(.minutes(2))) func `random texts are answered for ten seconds`() {
        var generator = SeededGenerator(seed: 7)
        let extra = [
            "let", "(", ")", "[", "]", "|", "where", "2026-02-30", "1h", "9999999999h", "\"", "`", "-", "now", "every",
            "\u{FFFD}", "traffic", "t", "speed", "n", "u", "state", "ok", "way", "cam", "by", "mean(speed)", "count()",
            "sum(n)", "sum(u)", "median(speed, exact)", "distinct(state, exact)", "fill", "prev", "0", "every 1s",
            "every 1m over 1h", "every 1mo", "over 1d", "[all]", "set", "x", "=", "+", "*", "/", "%", "~", "\"(a|b)+\"",
            "9223372036854775807", "1e308", "null", "true", "not", "and", "or", "top", "3", "sort", "unpivot", "limit",
        ]
        let words = ExampleQueries.all.flatMap { $0.split(separator: " ").map(String.init) } + extra
        let good =
            ExampleQueries.all + [
                "traffic | mean(speed), sum(n) by way every 1m fill prev | set d = n + 1 | sort -d | top 3 d",
                "traffic[all] where ok and state ~ \"đ\" | unpivot speed, n | count(value), max(value) by field",
                "t | set a = concat(state, string(n)), b = if(ok, speed, 1.0) | distinct(a, exact), spread(b) by cam",
            ]
        let clock = ContinuousClock()
        let end = clock.now + .seconds(10)
        while clock.now < end {
            let count = Int.random(in: 0...30, using: &generator)
            let random = (0..<count).map { _ in words[Int.random(in: 0..<words.count, using: &generator)] }
            answer(random.joined(separator: " "))
            answer("traffic[all] | " + random.prefix(12).joined(separator: " "))
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            answer(String(decoding: bytes, as: UTF8.self))
            answer("t[1h] | " + String(decoding: bytes.map { $0 & 0x7F }, as: UTF8.self))
            // An example with some of its words changed for others.
            var mutated = good[Int.random(in: 0..<good.count, using: &generator)].split(separator: " ").map(String.init)
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !mutated.isEmpty {
                let place = Int.random(in: 0..<mutated.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: mutated[place] = words[Int.random(in: 0..<words.count, using: &generator)]
                case 1: mutated.remove(at: place)
                default: mutated.insert(words[Int.random(in: 0..<words.count, using: &generator)], at: place)
                }
            }
            answer(mutated.joined(separator: " "))
        }
    }
}

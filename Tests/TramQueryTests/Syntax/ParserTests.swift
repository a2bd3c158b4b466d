import Testing
import TramColumnar
import TramQuery
import TramTesting

@Suite struct ParserTests {
    @Test(arguments: ExampleQueries.all)
    func `an example is read`(text: String) throws {
        let statement = try QueryParser.parse(text)
        #expect(!text.isEmpty && statement.bindings.isEmpty)
    }

    @Test func `there are thirty-two examples`() {
        #expect(ExampleQueries.all.count == 32)
    }

    @Test func `a call may have its own condition and a name`() throws {
        let stage = try onlyStage(
            of: "t[1h] | trucks = sum(count) where (class = \"truck\"), all = sum(count) by way every 15m")
        guard case .aggregate(let aggregate) = stage else {
            Issue.record("not an aggregate")
            return
        }
        #expect(aggregate.items.map(\.name?.text) == ["trucks", "all"])
        #expect(aggregate.by.map(\.text) == ["way"])
        guard case .call(let call) = aggregate.items[0].value else {
            Issue.record("not a call")
            return
        }
        #expect(call.filter.map { QueryPrinter.print($0) } == "class = \"truck\"")
        #expect(aggregate.window?.kind == .every(Duration(nanoseconds: 900_000_000_000), over: nil, origin: nil))
    }

    @Test func `ranges are read in all their forms`() throws {
        func kind(_ range: String) throws -> RangeExpression.Kind? {
            try QueryParser.parse("t[\(range)]").pipe.source.range?.kind
        }
        let hour: Int64 = 3_600_000_000_000
        #expect(try kind("1h") == .last(Duration(nanoseconds: hour)))
        #expect(try kind("all") == .all)
        #expect(try kind("lastmonth") == .word(.lastmonth))
        #expect(try kind("2026-11-19") == .day(year: 2026, month: 11, day: 19))
        #expect(try kind("2026-11") == .month(year: 2026, month: 11))
        #expect(try kind("-2d..-1d") == .between(.ago(Duration(days: 2)), .ago(Duration(days: 1))))
        #expect(try kind("06:00..09:00") == .between(.timeOfDay(6 * hour), .timeOfDay(9 * hour)))
        #expect(try kind("..now") == .between(nil, .now))
        #expect(try kind("today..") == .between(.today, nil))
        let evening = InstantExpression.at(
            CivilDate(year: 2026, month: 11, day: 19), timeOfDay: 18 * hour + 500_000_000, offsetSeconds: nil)
        #expect(try kind("2026-11-19T18:00:00.5..") == .between(evening, nil))
        let abroad = InstantExpression.at(
            CivilDate(year: 2026, month: 11, day: 19), timeOfDay: 18 * hour, offsetSeconds: -12_600)
        #expect(try kind("2026-11-19T18:00-03:30..") == .between(abroad, nil))
    }

    @Test func `keywords are names where no stage or clause starts`() throws {
        let statement = try QueryParser.parse(
            "all, rows[1h] where top > 5 and keep is not null | max(limit) by by, on every 5m")
        #expect(statement.pipe.stages.count == 1)
        guard case .aggregate(let stage) = statement.pipe.stages[0].kind else {
            Issue.record("not an aggregate")
            return
        }
        #expect(stage.by.map(\.text) == ["by", "on"])
        #expect(stage.window != nil)
    }

    @Test func `integers reach both ends of 64 bits`() throws {
        func literal(_ text: String) throws -> Literal? {
            if case .literal(let literal, _) = try QueryParser.parseExpression(text) { return literal }
            return nil
        }
        #expect(try literal("9223372036854775807") == .int(.max))
        #expect(try literal("-9223372036854775808") == .int(.min))
        #expect(try literal("9223372036854775808") == .float(9_223_372_036_854_775_808))
        #expect(try literal("1.0") == .float(1))
        #expect(try literal("1e3") == .float(1000))
    }

    @Test func `places are byte offsets into the text`() throws {
        let text = "đo[1h] | mean(độ_ẩm) by way"
        let statement = try QueryParser.parse(text)
        guard case .aggregate(let stage) = statement.pipe.stages[0].kind, case .call(let call) = stage.items[0].value
        else {
            Issue.record("not a call")
            return
        }
        func written(_ place: SourceRange) -> String {
            String(decoding: Array(text.utf8)[place.start..<place.end], as: UTF8.self)
        }
        #expect(written(call.at) == "mean(độ_ẩm)")
        #expect(written(call.arguments[0].at) == "độ_ẩm")
        #expect(written(stage.by[0].at) == "way")
        #expect(written(statement.pipe.stages[0].at) == "mean(độ_ẩm) by way")
    }

    @Test func `durations add their parts up and may not overflow`() throws {
        #expect(try QueryParser.parseDuration("1h30m") == Duration(nanoseconds: 5_400_000_000_000))
        #expect(try QueryParser.parseDuration("1y1q1mo") == Duration(months: 16))
        #expect(try QueryParser.parseDuration("2w1d") == Duration(days: 15))
        for text in [
            "9223372036854775807h", "99999999999999999999s", "9223372036854775807w",
            "5124095576030431h1h1ns5124095576030431h",
        ] {
            #expect(throws: QueryError.self) { try QueryParser.parseDuration(text) }
        }
    }

    @Test func `sixty-four levels are read and one more is refused`() throws {
        func nested(_ count: Int) -> String {
            "t where " + String(repeating: "(", count: count) + "x" + String(repeating: ")", count: count)
        }
        #expect(throws: Never.self) { try QueryParser.parse(nested(64)) }
        for text in [
            nested(65), nested(8000), "t where " + String(repeating: "not ", count: 3000) + "x",
            "t where " + String(repeating: "- ", count: 3000) + "x", String(repeating: "(", count: 16_000),
            "t where " + String(repeating: "f(", count: 5000), String(repeating: "a | join (", count: 1500),
            "t where x" + String(repeating: " + x", count: 3000), "t where x" + String(repeating: " or x", count: 3000),
        ] {
            let error = #expect(throws: QueryError.self) { try QueryParser.parse(text) }
            #expect(error?.code == .tooDeep && error?.at != nil, "\(text.prefix(40))")
        }
    }

    @Test func `sixteen kibibytes are read and one byte more is refused`() throws {
        let longest = "t # " + String(repeating: "x", count: QueryParser.longestText - 4)
        #expect(throws: Never.self) { try QueryParser.parse(longest) }
        let error = #expect(throws: QueryError.self) { try QueryParser.parse(longest + "x") }
        #expect(error?.code == .tooLong)
    }

    private func onlyStage(of text: String) throws -> Stage.Kind? {
        try QueryParser.parse(text).pipe.stages.first?.kind
    }
}

@Suite struct HostileTextTests {
    /// Whatever comes, there is an answer: a statement, or an error with a place inside the text.
    private func answer(_ text: String) {
        do {
            let statement = try QueryParser.parse(text)
            let printed = QueryPrinter.print(statement)
            if printed.utf8.count <= QueryParser.longestText {
                #expect((try? QueryParser.parse(printed))?.withoutPlaces == statement.withoutPlaces, "\(text)")
            }
        } catch {
            guard let at = error.at else {
                Issue.record("no place: \(text)")
                return
            }
            #expect(at.start >= 0 && at.start <= at.end && at.end <= text.utf8.count, "\(text)")
            for language in Language.allCases { #expect(!error.rendered(in: text, language: language).isEmpty) }
        }
    }

    @Test(arguments: ExampleQueries.all)
    func `a query cut anywhere is answered`(text: String) {
        for count in 0..<text.count { answer(String(text.prefix(count))) }
        for count in 0..<text.count { answer(String(text.suffix(count))) }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `a query with random changes is answered`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let letters = Array("abc |()[],;.=!<>~+-*/%\"'`#0123456789:TZ_ệ温\u{0301}\t\n\u{0}&@")
        for text in ExampleQueries.all {
            for _ in 0..<60 {
                var changed = Array(text)
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let index = Int.random(in: 0..<changed.count, using: &generator)
                    let letter = letters[Int.random(in: 0..<letters.count, using: &generator)]
                    switch Int.random(in: 0..<4, using: &generator) {
                    case 0: changed[index] = letter
                    case 1: changed.insert(letter, at: index)
                    case 2 where changed.count > 1: changed.remove(at: index)
                    default: changed.swapAt(index, Int.random(in: 0..<changed.count, using: &generator))
                    }
                }
                answer(String(changed))
            }
        }
    }
}

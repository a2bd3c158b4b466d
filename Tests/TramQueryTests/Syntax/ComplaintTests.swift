import Testing
import TramColumnar
import TramQuery

/// A wrong query and what the person who typed it is told.
@Suite struct ComplaintTests {
    private func complaint(_ text: String) throws -> QueryError {
        try #require(throws: QueryError.self, "\(text)") { try QueryParser.parse(text) }
    }

    @Test(arguments: [
        // Stages.
        (
            "traffic[1h] | avg speed", QueryError.Code.unknownStage, 15,
            "\"avg\" is not a stage. To average: | mean(speed)"
        ),
        ("t[1h] | AVERAGE speed", .unknownStage, 9, "To average: | mean(speed)"),
        ("t[1h] | max speed by way", .unknownStage, 9, "Write: | max(speed)"),
        ("t[1h] | maximum speed", .unknownStage, 9, "Write: | max(speed)"),
        ("t[1h] | count", .unknownStage, 9, "Write: | count()"),
        ("t[1h] | stdev speed", .unknownStage, 9, "Write: | stddev(speed)"),
        ("t[1h] | selct way", .unknownStage, 9, "Did you mean \"select\"?"),
        ("t[1h] | limt 10", .unknownStage, 9, "Did you mean \"limit\"?"),
        ("t[1h] | GROUP BY way", .unknownStage, 9, "| mean(speed) by way"),
        ("t[1h] | ORDER BY way", .unknownStage, 9, "| sort -speed"),
        ("t[1h] | WHERE speed > 5", .unknownStage, 9, "Keywords are lower-case: where"),
        ("t[1h] | TOP 10 speed", .unknownStage, 9, "Keywords are lower-case: top"),
        ("t[1h] | LIMIT 10", .unknownStage, 9, "Keywords are lower-case: limit"),
        ("t[1h] | by way", .unknownStage, 9, "by follows an aggregate"),
        ("t[1h] | frobnicate x", .unknownStage, 9, "Stages: where, set"),
        ("t[1h] | ", .syntax, 9, "a stage is missing here"),
        ("t[1h] | | limit 5", .syntax, 9, "a stage is missing here"),
        ("t[1h] | top 10 mean(speed)", .syntax, 16, "Compute it first"),
        // Beginnings.
        ("SELECT mean(speed) FROM noise WHERE x = 1", .syntax, 1, "Start with the measurement: noise[1h] |"),
        ("FROM traffic", .syntax, 1, "Start with the measurement: traffic[1h]"),
        ("mean(speed)", .syntax, 1, "a query starts with a measurement"),
        ("| mean(speed)", .syntax, 1, "the measurement is missing"),
        ("[1h]", .syntax, 1, "the measurement is missing"),
        ("", .syntax, 1, "the query is empty"),
        ("  # only a comment", .syntax, 19, "the query is empty"),
        ("show tagz", .syntax, 6, "Did you mean \"tags\"?"),
        ("show", .syntax, 5, "measurements, tags, fields, series"),
        ("let x = t[1h]", .syntax, 14, "a let ends with"),
        ("let x = t[1h];", .syntax, 15, "the query itself is missing"),
        // Clauses and pipes.
        ("t[1h] mean(speed)", .syntax, 7, "a \"|\" is missing before \"mean\". Write: | mean(…)"),
        ("t[1h] | mean(speed) by way sort way", .syntax, 28, "a \"|\" is missing before \"sort\""),
        ("t[1h] | mean(speed) where (mean > 5", .syntax, 27, "this parenthesis is not closed"),
        ("t[1h] | mean(speed) where mean > 5", .syntax, 21, "To filter the result: | where"),
        ("t[1h] | mean(speed) evry 5m", .syntax, 21, "Did you mean \"every\"?"),
        ("t[1h] wher speed > 5", .syntax, 7, "Did you mean \"where\"?"),
        ("t[1h] | mean(speed) GROUP BY way", .syntax, 21, "To group: | mean(speed) by way"),
        ("t[1h] | mean(speed) BY way", .syntax, 21, "Keywords are lower-case: by"),
        ("t[1h] | mean(speed) by way by cam", .syntax, 28, "\"by\" stands twice"),
        ("t[1h] | mean(speed) every 5m session 5m", .syntax, 30, "only one window"),
        ("t[1h] | mean(speed) by every 5m", .syntax, 24, "expected the name of a column, found \"every\""),
        ("t[1h] | mean(speed) every 5m fill previous", .syntax, 35, "Write: fill prev"),
        ("t[1h] | mean(speed) every 5m fill lnear", .syntax, 35, "Did you mean \"linear\"?"),
        ("t[1h] | mean(speed) every 100 rows over 5m", .misplaced, 36, "windows of time"),
        ("t warm 12h", .misplaced, 3, "warm follows a range"),
        ("t[1h] | tz Asia", .syntax, 12, "Write: \"Asia\""),
        ("t[1h] | top 0 speed", .syntax, 13, "must be from 1"),
        ("t[1h] | limit -1", .syntax, 15, "expected a number of rows"),
        ("t[1h] | limit 99999999999999999999", .syntax, 15, "expected a number of rows"),
        // Signs.
        ("t[1h] where way == 5", .syntax, 17, "Write: ="),
        ("t[1h] where a = 1 && b = 2", .syntax, 19, "Write: and"),
        ("t[1h] where a = 1 || b = 2", .syntax, 19, "Write: or"),
        ("t[1h] where !a", .syntax, 13, "Write: not"),
        ("t[1h] where a <> 1", .syntax, 15, "Write: !="),
        ("t[1h] |> mean(speed)", .syntax, 7, "Write: |"),
        ("t[1h] where a ≥ 1", .syntax, 15, "Write: >="),
        ("t[1h] where a = “x”", .syntax, 17, "Write: \"…\""),
        ("t[1h];", .syntax, 6, "Only a let ends with ;"),
        ("t[1h] where a = @", .syntax, 17, "has no meaning here"),
        ("t[1h] where a = .5", .syntax, 17, "0.5"),
        ("t[1h] where a < b < c", .syntax, 19, "Write: a < b and b < c"),
        ("t[1h] where a not in (1)", .syntax, 15, "Write: not way in"),
        ("t[1h] where a like \"x\"", .syntax, 15, "To match a pattern"),
        // Brackets and quotes.
        ("t[1h", .syntax, 2, "this bracket is not closed"),
        ("t[1h] | mean(speed", .syntax, 13, "this parenthesis is not closed"),
        ("t[1h] | mean(speed))", .syntax, 20, "nothing was opened"),
        ("t[1h] where a = \"x", .syntax, 17, "not closed. Close it with \""),
        ("t[1h] where a = 'x", .syntax, 17, "not closed. Close it with '"),
        ("t[1h] where `a = 1", .syntax, 13, "not closed. Close it with `"),
        ("t[1h] where `` = 1", .syntax, 13, "backquotes is empty"),
        // Durations.
        ("aqi[24h] | p95(pm25) by station every 1 h", .badDuration, 39, "a duration is one word: 1h"),
        ("t[1 h]", .badDuration, 3, "a duration is one word: 1h"),
        ("t[1h] where age > 10 minutes", .badDuration, 19, "a duration is one word: 10m"),
        ("t[1min]", .badDuration, 3, "Write: 1m"),
        ("t[1hr]", .badDuration, 3, "Write: 1h"),
        ("t[1sec]", .badDuration, 3, "Write: 1s"),
        ("t[1day]", .badDuration, 3, "Write: 1d"),
        ("t[5mins]", .badDuration, 3, "Write: 5m"),
        ("t[1.5h]", .badDuration, 3, "Write: 90m"),
        ("t[2phút]", .badDuration, 3, "Write: 2m"),
        ("t[1x]", .badDuration, 3, "neither a number nor a duration"),
        ("t[15]", .badDuration, 3, "15m (minutes)"),
        ("t[1h] | mean(x) every m", .badDuration, 23, "starts with a number: 1m"),
        ("t[1h] | mean(x) every 100rows", .badDuration, 23, "Write: 100 rows"),
        ("t[1h] | mean(x) every 99999999999999h", .overflow, 23, "too long"),
        ("t[1h] where x > 1e999", .overflow, 17, "too large"),
        // Ranges and instants.
        ("t[now() - 1h]", .syntax, 3, "[1h]"),
        ("t[1h] where time > now() - 1h", .syntax, 20, "[1h]"),
        ("t[now - 1h..]", .badInstant, 3, "written -1h"),
        ("t[2d..1d]", .badRange, 3, "Write: -2d.."),
        ("t[-2d]", .badRange, 4, "[2d]"),
        ("t[06:00]", .badRange, 3, "[06:00..]"),
        ("t[2026]", .badRange, 3, "[2026-01-01..2027-01-01]"),
        ("t[2026-13]", .badInstant, 8, "01 to 12"),
        ("t[2026-02-30]", .badInstant, 3, "That month ends on 2026-02-28"),
        ("t[2026-1-5]", .badInstant, 3, "2026-01-05"),
        ("t[19/11/2026]", .badInstant, 3, "year-month-day: 2026-11-19"),
        ("t[2026-11-19 18:00..]", .badInstant, 3, "joined by T"),
        ("t[2026-11-18..2026-11-19 18:00]", .badInstant, 15, "joined by T"),
        ("t[2026-11-19T25:00..]", .badInstant, 3, "is not a time"),
        ("t[2026-11-19T18:00+07..]", .badInstant, 3, "is not a time"),
        ("t[6:00..9:00]", .badInstant, 3, "is not a time"),
        ("t[2026-11-20..2026-11-19]", .badRange, 3, "ends before it starts"),
        ("t[09:00..06:00]", .badRange, 3, "ends before it starts"),
        ("t[-1d..-2d]", .badRange, 3, "ends before it starts"),
        ("t[this month]", .badRange, 3, "[thismonth]"),
        ("t[hôm nay]", .badRange, 3, "[today]"),
        ("t[lastmont]", .badRange, 3, "[lastmonth]"),
        ("t[last 7d]", .badRange, 3, "[7d]"),
        ("t[someday]", .badRange, 3, "thisweek"),
        ("t[]", .badRange, 2, "the range is empty"),
    ])
    func `a mistake is answered with the way to mend it`(
        text: String, code: QueryError.Code, column: Int, part: String
    ) throws {
        let error = try complaint(text)
        #expect(error.code == code)
        #expect(error.place(in: text)?.column == column)
        #expect(error.sentence(.en).contains(part), "\(error.sentence(.en))")
        #expect(!error.sentence(.vi).isEmpty && error.sentence(.vi) != error.sentence(.en))
    }

    @Test func `an answer shows the line, a caret and the fix`() throws {
        let text = "traffic[1h] | avg speed"
        let error = try complaint(text)
        #expect(
            error.rendered(in: text, language: .en) == """
                traffic[1h] | avg speed
                              ^ line 1, column 15: "avg" is not a stage. To average: | mean(speed)
                """)
        #expect(
            error.rendered(in: text, language: .vi) == """
                traffic[1h] | avg speed
                              ^ dòng 1, cột 15: không có bước nào tên là "avg". Để tính trung bình: | mean(speed)
                """)
    }

    @Test func `the caret stands under the letter, whatever stood before it`() throws {
        let text = "# đầu\n\"Độ ẩm\" mực_nước[1h] | avg h"
        let precomposed = "# đầu\nmực_nước[1h] | avg h"
        #expect(
            try complaint(precomposed).rendered(in: precomposed, language: .en).hasPrefix(
                "mực_nước[1h] | avg h\n               ^ line 2, column 16:"))
        let decomposed = "mu\u{031B}\u{0323}c[1h] | avg h"
        #expect(
            try complaint(decomposed).rendered(in: decomposed, language: .en).hasPrefix(
                "\(decomposed)\n          ^ line 1, column 11:"))
        let wide = "温度[1h] | avg h"
        #expect(
            try complaint(wide).rendered(in: wide, language: .en).hasPrefix(
                "\(wide)\n           ^ line 1, column 10:"))
        #expect(try complaint(text).place(in: text)?.line == 2)
    }

    @Test func `without a place there is only the sentence`() {
        let error = QueryError(.timeLimit, at: nil, en: "it took too long", vi: "chạy quá lâu")
        #expect(error.rendered(in: "t", language: .en) == "it took too long")
    }

    @Test func `near names come nearest first and without diacritics`() {
        #expect(Suggestions.closest(to: "sped", among: ["count", "speed", "spread"]) == ["speed", "spread"])
        #expect(Suggestions.closest(to: "do_am", among: ["nhiet_do", "độ_ẩm"]) == ["độ_ẩm"])
        #expect(Suggestions.closest(to: "Speed", among: ["speed"]) == ["speed"])
        #expect(Suggestions.closest(to: "wya", among: ["way", "cam"]) == ["way"])
        #expect(Suggestions.closest(to: "speed", among: ["speed"]).isEmpty)
        #expect(Suggestions.closest(to: "aaaa", among: ["aaab", "aaac", "aaad", "aaae"]).count == 3)
        #expect(Suggestions.closest(to: "", among: ["a"]).isEmpty)
    }

    @Test(arguments: [
        ("avg", "mean"), ("average", "mean"), ("percentile", "quantile"), ("stdev", "stddev"), ("cnt", "count"),
        ("maximum", "max"), ("minimum", "min"), ("median_abs_dev", "mad_z"), ("AVG", "mean"),
    ])
    func `functions of other languages have their name here`(foreign: String, ours: String) {
        #expect(Suggestions.function(for: foreign) == ours)
    }
}

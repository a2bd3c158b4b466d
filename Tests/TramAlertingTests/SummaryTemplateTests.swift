import Testing
import TramAlerting
import TramColumnar
import TramQuery

/// The summary of a rule with this template over a row with the column `x`.
private func rendered(_ template: String, _ value: Value, _ language: Language = .en) throws -> String {
    var rule = Rule(name: "r")
    rule.summary = .init(vi: try SummaryTemplate(template), en: try SummaryTemplate(template))
    var evaluator = Evaluator(rule: rule, columns: [ColumnInfo(name: "x", type: .float)])
    let result = WindowResult(start: 0, end: 1, labels: [], values: [value])
    let events = evaluator.judge([JudgedRow(result: result, when: true, value: value)])
    return try #require(events.first).summary.text(language)
}

@Suite struct SummaryTemplateTests {
    @Test(arguments: [
        ("{x:.0f}", Value.float(18.4), "18"), ("{x:.0f}", .float(18.5), "19"), ("{x:.0f}", .float(2.5), "3"),
        ("{x:.2f}", .float(1.115), "1.12"), ("{x:.2f}", .float(1.005), "1.01"), ("{x:.1f}", .float(-0.04), "0.0"),
        ("{x:.1f}", .float(-0.05), "-0.1"), ("{x:.0f}", .float(0.6), "1"), ("{x:.0f}", .float(0.4), "0"),
        ("{x:.2f}", .float(0.006), "0.01"), ("{x:.2f}", .float(0.0006), "0.00"), ("{x:.1f}", .float(99.96), "100.0"),
        ("{x:.3f}", .float(1e-7), "0.000"), ("{x:.0f}", .float(1e20), "100000000000000000000"),
        ("{x:.2f}", .float(123), "123.00"), ("{x:.9f}", .float(0.1), "0.100000000"), ("{x:.2f}", .int(-7), "-7.00"),
        ("{x:.0f}", .uint(7), "7"), ("{x:.1f}", .float(0), "0.0"), ("{x:.0f}", .float(1.5e16), "15000000000000000"),
    ])
    func `a number format rounds half away from zero`(template: String, value: Value, text: String) throws {
        #expect(try rendered(template, value) == text)
    }

    @Test func `the decimal sign is a comma in Vietnamese and a point in English`() throws {
        #expect(try rendered("{x}", .float(1234.5), .vi) == "1234,5")
        #expect(try rendered("{x}", .float(1234.5), .en) == "1234.5")
        #expect(try rendered("{x:.2f}", .int(3), .vi) == "3,00")
    }

    @Test func `what has no value is a dash`() throws {
        #expect(try rendered("{x:.1f} m", .null) == "– m")
        #expect(try rendered("{x}", .float(.nan)) == "–")
    }

    @Test func `other values are written for people`() throws {
        #expect(try rendered("{x}", .duration(90_061_000_000_000)) == "1d1h1m1s")
        #expect(try rendered("{x}", .time(0)) == "1970-01-01T00:00:00Z")
        #expect(try rendered("{x}", .bool(true), .vi) == "đúng")
        #expect(try rendered("{x}", .string("1.5"), .vi) == "1.5")
    }

    @Test func `doubled braces are braces`() throws {
        #expect(try rendered("{{x}} {{{x}}} }}{{", .int(1)) == "{x} {1} }{")
    }

    @Test(arguments: [
        ("a {x", 2), ("a x}", 3), ("{}", 0), ("{ x}", 0), ("{x:.f}", 0), ("é {x:f}", 2), ("{x:.10f}", 0),
        ("{x:.2e}", 0),
        ("{x:.²f}", 0), ("{:.2f}", 0), ("{{{", 2),
    ])
    func `a broken template is refused with the place`(template: String, offset: Int) {
        let error = #expect(throws: SummaryTemplateError.self) { _ = try SummaryTemplate(template) }
        #expect(error?.offset == offset)
        #expect(error?.message.vi.isEmpty == false)
    }

    @Test func `an unknown name is found with its place and the names there are`() throws {
        let template = try SummaryTemplate("{sensor} {value}: {maen}")
        #expect(template.firstUnknown(among: ["sensor", "maen"]) == nil)
        let error = try #require(template.firstUnknown(among: ["sensor", "mean"]))
        #expect(error.offset == 18)
        #expect(error.message.en == "the rule's query gives no label or column \"maen\"")
        #expect(error.hint?.en == "there are: {sensor} {mean} {rule} {severity} {value} {time}")
    }
}

@Suite struct EscalationTests {
    @Test func `a chain is levels with growing delays`() throws {
        let chain = try EscalationStep.chain("commune > province 15m > central 2h")
        let minute: Int64 = 60_000_000_000
        #expect(
            chain == [
                EscalationStep(level: "commune", after: 0), EscalationStep(level: "province", after: 15 * minute),
                EscalationStep(level: "central", after: 120 * minute),
            ])
        #expect(try EscalationStep.chain("ward").count == 1)
    }

    @Test(arguments: [
        ("", 0), ("a >", 3), ("a > b", 4), ("a 5m > b 10m", 0), ("a > b 15", 4), ("a > b 2h > c 1h", 11),
        ("a > b 1h > a 2h", 11), ("a > b 0s", 4), ("a > b 1mo", 4), ("a > b 1h now", 4), (">", 0),
    ])
    func `a broken chain is refused with the place`(text: String, offset: Int) {
        let error = #expect(throws: EscalationError.self) { _ = try EscalationStep.chain(text) }
        #expect(error?.offset == offset)
    }
}

@Suite struct DurationTextTests {
    @Test(
        arguments: [
            ("30m", 1_800_000_000_000), ("1h30m", 5_400_000_000_000), ("1d", 86_400_000_000_000),
            ("2w", 1_209_600_000_000_000),
            ("5ns", 5), ("7us", 7000), ("9ms", 9_000_000), ("0s", 0),
        ] as [(String, Int64)])
    func `an exact duration has its nanoseconds`(text: String, nanoseconds: Int64) {
        #expect(DurationText.nanoseconds(text) == nanoseconds)
    }

    @Test func `calendar lengths are months and not nanoseconds`() {
        #expect(DurationText.parse("10y") == Duration(months: 120))
        #expect(DurationText.parse("1q2mo") == Duration(months: 5))
        #expect(DurationText.nanoseconds("1mo") == nil)
    }

    @Test(arguments: ["", "30", "m", "30 m", "-5m", "5min", "5M", "1.5h", "99999999999999999999s", "9999999999w", "١h"])
    func `what is no duration, or does not fit, is nil`(text: String) {
        #expect(DurationText.nanoseconds(text) == nil)
    }
}

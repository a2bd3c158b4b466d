import Testing
import TramAlerting
import TramColumnar
import TramQuery

private func line(_ event: AlertEvent) -> String {
    var bytes: [UInt8] = []
    AlertEventWriter.append(event, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

private func events(
    of rule: Rule, value: Value, labels: [WindowResult.Label] = [], revision: Int = 0
) -> [AlertEvent] {
    var evaluator = Evaluator(rule: rule, columns: [])
    let result = WindowResult(
        start: 1_330_612_200_000_000_000, end: 1_330_613_100_000_000_000, labels: labels, values: [], revision: revision
    )
    return evaluator.judge([JudgedRow(result: result, when: true, value: value)])
}

@Suite struct AlertEventTests {
    @Test func `an event is one line of JSON with its keys in order`() throws {
        let event = try #require(
            events(
                of: Rule(name: "congestion"), value: .float(18.4),
                labels: [.init(name: "way", value: "QL5"), .init(name: "sensor", value: "765171")]
            ).first)
        let expected =
            #"{"rule":"congestion","state":"firing","at":"2012-03-01T14:45:00Z","#
            + #""labels":{"sensor":"765171","way":"QL5"},"value":18.4,"severity":"warning","#
            + #""window":{"start":"2012-03-01T14:30:00Z","end":"2012-03-01T14:45:00Z"},"revision":0,"#
            + #""incident":"\#(event.incident)","summary":{"vi":"congestion (sensor=765171, way=QL5): giá trị 18,4","#
            + #""en":"congestion (sensor=765171, way=QL5): value 18.4"}}"#
        #expect(line(event) == expected)
    }

    @Test func `silence has no window and late events say so at the end`() throws {
        var event = try #require(events(of: Rule(name: "r"), value: .null).first)
        event.window = nil
        event.isLate = true
        let text = line(event)
        #expect(text.contains(#""window":null,"revision""#))
        #expect(text.contains(#""value":null,"#))
        #expect(text.contains(#""labels":{},"#))
        #expect(text.hasSuffix(#"},"late":true}"#))
    }

    @Test(arguments: [
        (Value.float(18), "18"), (.float(-0.5), "-0.5"), (.float(1e16), "1e16"), (.float(1.5e-7), "1.5e-7"),
        (.float(.infinity), "null"), (.float(.nan), "null"), (.int(.min), "-9223372036854775808"),
        (.uint(.max), "18446744073709551615"), (.bool(true), "true"), (.string("a\"b"), #""a\"b""#),
        (.time(0), #""1970-01-01T00:00:00Z""#), (.duration(1_800_000_000_000), "1800000000000"),
    ])
    func `a value is the shortest JSON that reads back equal`(value: Value, text: String) throws {
        let event = try #require(events(of: Rule(name: "r"), value: value).first)
        #expect(line(event).contains("\"value\":\(text),\"severity\""))
    }

    @Test func `text is escaped where JSON wants it`() throws {
        let rule = Rule(name: "a\\b\n\t\u{1}\r\"é")
        let event = try #require(events(of: rule, value: .null).first)
        #expect(line(event).hasPrefix(#"{"rule":"a\\b\n\t\u0001\r\"é","state""#))
    }

    @Test func `fingerprints are those that Alertmanager gives`() throws {
        var event = try #require(events(of: Rule(name: "r"), value: .null).first)
        // FNV-1a of nothing, and of "sensor\u{FF}765171\u{FF}" worked out apart.
        #expect(event.fingerprint == "cbf29ce484222325")
        event.labels = [.init(name: "sensor", value: "765171")]
        #expect(event.fingerprint == "5f2a5263dfcce2b8")
    }

    @Test func `an incident's id is the same for the same input and differs by rule, labels and start`() {
        let labels = [WindowResult.Label(name: "sensor", value: "1")]
        let first = events(of: Rule(name: "r"), value: .null, labels: labels)[0].incident
        #expect(first == events(of: Rule(name: "r"), value: .int(3), labels: labels, revision: 2)[0].incident)
        #expect(first != events(of: Rule(name: "q"), value: .null, labels: labels)[0].incident)
        #expect(first != events(of: Rule(name: "r"), value: .null)[0].incident)
    }
}

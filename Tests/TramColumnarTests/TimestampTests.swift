import Testing
import TramColumnar
import TramTesting

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (1_763_679_600_000_000_000, "2025-11-20T23:00:00Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"), (1_500_000_000, "1970-01-01T00:00:01.5Z"),
        (Int64.max - 1, "2262-04-11T23:47:16.854775806Z"), (Int64.min + 2, "1677-09-21T00:12:43.145224194Z"),
    ])
    func `an instant prints in UTC with the digits it needs and reads back`(nanoseconds: Int64, text: String) {
        #expect(Timestamp(nanoseconds: nanoseconds).rfc3339 == text)
        #expect(Timestamp(rfc3339: text)?.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z",
        "9999-01-01T00:00:00Z", "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00+7",
    ])
    func `what is no instant gives nil`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func `an offset is subtracted`() {
        #expect(Timestamp(rfc3339: "2026-11-21T06:00:00+07:00") == Timestamp(rfc3339: "2026-11-20T23:00:00Z"))
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `random instants come back from their text`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let instant = Timestamp(nanoseconds: Int64.random(in: (Int64.min + 2)..<Int64.max, using: &generator))
            #expect(Timestamp(rfc3339: instant.rfc3339) == instant)
        }
    }

    @Test func `days and dates are each other's inverse over a thousand years`() {
        for day in stride(from: -150_000, through: 250_000, by: 17) {
            let date = CivilDate(daysSince1970: day)
            #expect(date.isValid)
            #expect(date.daysSince1970 == day)
        }
    }
}

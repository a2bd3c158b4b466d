import Foundation
import Testing
import TramColumnar
import TramQuery
import TramTesting

/// A zone of this machine, or nil where the machine has no zone files.
func installedZone(_ name: String) throws -> TimeZoneRules? {
    guard let data = FileManager.default.contents(atPath: "/usr/share/zoneinfo/\(name)") else { return nil }
    return try TimeZoneRules(name: name, tzif: Array(data))
}

/// A TZif file as RFC 9636 lays it out, version 2, with an empty first block.
func timeZoneFile(transitions: [(Int64, UInt8)], offsets: [Int32], footer: String, version: UInt8 = 0x32) -> [UInt8] {
    func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        var bytes: [UInt8] = []
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
        return bytes
    }
    func header(_ times: Int, _ types: Int, _ characters: Int) -> [UInt8] {
        Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15)
            + [0, 0, 0, times, types, characters].flatMap { bigEndian(Int32($0)) }
    }
    var bytes = header(0, 1, 1) + bigEndian(Int32(0)) + [0, 0, 0]
    bytes += header(transitions.count, offsets.count, 4)
    for (second, _) in transitions { bytes += bigEndian(second) }
    for (_, type) in transitions { bytes.append(type) }
    for offset in offsets { bytes += bigEndian(offset) + [0, 0] }
    return bytes + Array("ABC\0".utf8) + Array("\n\(footer)\n".utf8)
}

@Suite struct TimeZoneRulesTests {
    private let second: Int64 = 1_000_000_000

    /// Seconds since 1970 of a Sunday at 00:00 UTC: the last one of a month, or the nth.
    private func sunday(_ year: Int, _ month: Int, nth: Int?) -> Int64 {
        var sundays: [Int] = []
        for day in 1...31 {
            let date = CivilDate(year: year, month: month, day: day)
            // 2023-01-01 was a Sunday.
            if date.isValid, (date.daysSince1970 - CivilDate(year: 2023, month: 1, day: 1).daysSince1970) % 7 == 0 {
                sundays.append(date.daysSince1970)
            }
        }
        return Int64(nth.map { sundays[$0 - 1] } ?? sundays[sundays.count - 1]) * 86_400
    }

    @Test func `Viet Nam is seven hours ahead, always`() {
        for instant in [Int64.min, -1, 0, 1_800_000_000_000_000_000, .max] {
            #expect(TimeZoneRules.hoChiMinh.offset(at: instant) == 25_200)
        }
        let midnight = TimeZoneRules.hoChiMinh.instant(
            of: CivilDate(year: 2026, month: 11, day: 19), nanosecondOfDay: 0)
        #expect(midnight.map { Timestamp(nanoseconds: $0).rfc3339 } == "2026-11-18T17:00:00Z")
    }

    @Test func `Berlin changes its clock on the last Sundays of March and October`() throws {
        guard let berlin = try installedZone("Europe/Berlin") else {
            Issue.record("/usr/share/zoneinfo is absent: skipped", severity: .warning)
            return
        }
        for year in 1996...2200 {
            let start = sunday(year, 3, nth: nil) + 3600
            let end = sunday(year, 10, nth: nil) + 3600
            #expect(berlin.offset(at: (start - 1) * second) == 3600)
            #expect(berlin.offset(at: start * second) == 7200)
            #expect(berlin.offset(at: end * second - 1) == 7200)
            #expect(berlin.offset(at: end * second) == 3600)
        }
    }

    @Test func `New York changes its clock on the second Sunday of March and the first of November`() throws {
        guard let city = try installedZone("America/New_York") else {
            Issue.record("/usr/share/zoneinfo is absent: skipped", severity: .warning)
            return
        }
        for year in 2007...2200 {
            let start = sunday(year, 3, nth: 2) + 7 * 3600
            let end = sunday(year, 11, nth: 1) + 6 * 3600
            #expect(city.offset(at: (start - 1) * second) == -18_000)
            #expect(city.offset(at: start * second) == -14_400)
            #expect(city.offset(at: (end - 1) * second) == -14_400)
            #expect(city.offset(at: end * second) == -18_000)
        }
    }

    @Test(arguments: [
        "Europe/Berlin", "America/New_York", "Asia/Ho_Chi_Minh", "Australia/Lord_Howe", "America/Sao_Paulo",
        "Pacific/Apia", "Europe/Dublin", "Africa/Casablanca", "Asia/Kathmandu", "America/Nuuk",
    ])
    func `offsets agree with another implementation`(name: String) throws {
        guard let zone = try installedZone(name), let other = TimeZone(identifier: name) else {
            Issue.record("\(name) is absent: skipped", severity: .warning)
            return
        }
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<3000 {
            // 1980 ... 2037: where every edition of the tables agrees.
            let instant = Int64.random(in: 315_532_800..<2_145_916_800, using: &generator)
            let expected = other.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant)))
            #expect(zone.offset(at: instant * second) == expected, "\(instant)")
        }
    }

    @Test(arguments: ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo"])
    func `local times find the first instant that shows them`(name: String) throws {
        guard let zone = try installedZone(name) else {
            Issue.record("\(name) is absent: skipped", severity: .warning)
            return
        }
        var generator = SeededGenerator(seed: 5)
        let quarter: Int64 = 900
        var days = (0..<60).map { _ in Int.random(in: 10_000..<22_000, using: &generator) }
        // The days around a change of the clock.
        for day in 14_600..<15_350 {
            let here = zone.offset(at: Int64(day) * 86_400 * second)
            if here != zone.offset(at: Int64(day + 1) * 86_400 * second) { days += [day - 1, day, day + 1] }
        }
        for day in days {
            // Brute force: what the clock shows at every quarter of an hour of five days.
            var shownAt: [Int64: Int64] = [:]
            for step in stride(from: Int64(day - 2) * 86_400, to: Int64(day + 3) * 86_400, by: Int(quarter)) {
                let local = zone.local(at: step * second)
                let shown = Int64(local.date.daysSince1970) * 86_400 + local.nanosecondOfDay / second
                #expect(shown - step == Int64(zone.offset(at: step * second)))
                if shownAt[shown] == nil { shownAt[shown] = step }
            }
            for time in stride(from: Int64(0), to: 86_400, by: Int(quarter)) {
                let found = zone.instant(of: CivilDate(daysSince1970: day), nanosecondOfDay: time * second)
                let shown = Int64(day) * 86_400 + time
                if let expected = shownAt[shown] {
                    #expect(found == expected * second)
                } else {
                    // Skipped: as far after the change as the written time is after the clock's jump.
                    let before = zone.offset(at: (shown - 86_400) * second)
                    #expect(found == (shown - Int64(before)) * second)
                }
            }
        }
    }

    @Test func `a skipped hour moves forward and a repeated one is the first`() throws {
        let zone = try TimeZoneRules(
            name: "Test", tzif: timeZoneFile(transitions: [], offsets: [3600], footer: "CET-1CEST,M3.5.0,M10.5.0/3"))
        func utc(_ day: Int, _ month: Int, _ hour: Int64, _ minute: Int64) -> String? {
            zone.instant(
                of: CivilDate(year: 2026, month: month, day: day), nanosecondOfDay: (hour * 3600 + minute * 60) * second
            ).map { Timestamp(nanoseconds: $0).rfc3339 }
        }
        #expect(utc(29, 3, 1, 59) == "2026-03-29T00:59:00Z")
        #expect(utc(29, 3, 2, 30) == "2026-03-29T01:30:00Z")
        #expect(utc(29, 3, 3, 0) == "2026-03-29T01:00:00Z")
        #expect(utc(25, 10, 2, 30) == "2026-10-25T00:30:00Z")
        #expect(utc(25, 10, 3, 0) == "2026-10-25T02:00:00Z")
    }

    @Test(
        arguments: [
            ("<+07>-7", 0, 25_200), ("EST5EDT,M3.2.0,M11.1.0", 1_782_000_000, -14_400),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_767_225_600, 39_600),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_782_000_000, 36_000),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", 1_767_225_600, 0), ("IST-1GMT0,M10.5.0,M3.5.0/1", 1_782_000_000, 3600),
            ("XXX3EDT4,0/0,J365/23", 1_767_225_600, -14_400), ("XXX3EDT4,0/0,J365/23", 1_782_000_000, -14_400),
            ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1_782_000_000, -3600),
        ] as [(String, Int64, Int)])
    func `the rule at the end of a file is followed`(footer: String, at instant: Int64, offset: Int) throws {
        let zone = try TimeZoneRules(name: "Test", tzif: timeZoneFile(transitions: [], offsets: [0], footer: footer))
        #expect(zone.offset(at: instant * second) == offset)
    }

    @Test func `a file cut or changed anywhere is refused or read, never a trap`() throws {
        let good = timeZoneFile(
            transitions: [(0, 1), (1_000_000, 0), (9_000_000, 1)], offsets: [3600, 7200],
            footer: "CET-1CEST,M3.5.0,M10.5.0/3")
        let zone = try TimeZoneRules(name: "Test", tzif: good)
        #expect(zone.offset(at: -1) == 3600)
        #expect(zone.offset(at: 0) == 7200)
        #expect(zone.offset(at: 1_000_000 * second) == 3600)
        for count in 0..<good.count {
            #expect(throws: TimeZoneRules.Damage.self) {
                try TimeZoneRules(name: "Test", tzif: Array(good.prefix(count)))
            }
        }
        var generator = SeededGenerator(seed: 3)
        for index in good.indices {
            for _ in 0..<8 {
                var bad = good
                bad[index] = UInt8.random(in: 0...255, using: &generator)
                guard let zone = try? TimeZoneRules(name: "Test", tzif: bad) else { continue }
                for instant in [Int64.min, -1, 0, 1_782_000_000_000_000_000, .max] {
                    _ = zone.local(at: instant)
                    _ = zone.instant(of: CivilDate(year: 2026, month: 3, day: 29), nanosecondOfDay: 0)
                }
            }
        }
        let disordered = timeZoneFile(transitions: [(5, 0), (5, 1)], offsets: [0, 3600], footer: "")
        #expect(throws: TimeZoneRules.Damage.self) { try TimeZoneRules(name: "Test", tzif: disordered) }
        let pointless = timeZoneFile(transitions: [(5, 2)], offsets: [0, 3600], footer: "")
        #expect(throws: TimeZoneRules.Damage.self) { try TimeZoneRules(name: "Test", tzif: pointless) }
    }

    @Test func `built-in zones are found by name, others are not`() {
        let zones = BuiltInZones()
        #expect(zones.zone(named: "UTC") == .utc)
        #expect(zones.zone(named: "Asia/Ho_Chi_Minh") == .hoChiMinh)
        #expect(zones.zone(named: "Z")?.fixedOffsetSeconds == 0)
        #expect(zones.zone(named: "Asia/Saigon")?.fixedOffsetSeconds == 25_200)
        #expect(zones.zone(named: "-03:30")?.fixedOffsetSeconds == -12_600)
        for name in ["", "Europe/Berlin", "+7:00", "+24:00", "+07:60", "+0700", "±07:00", "+07:0x"] {
            #expect(zones.zone(named: name) == nil, "\(name)")
        }
    }
}

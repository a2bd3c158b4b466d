import Testing
import TramColumnar
import TramStorage
import TramTesting

@Suite struct DayPresenceTests {
    private static let day: Int64 = 86_400_000_000_000

    @Test(arguments: [UInt64(1), 2, 3])
    func `a set of series is the set that was put into it`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var set = SeriesSet()
        var other = SeriesSet()
        var (model, otherModel): (Set<SeriesID>, Set<SeriesID>) = ([], [])
        for _ in 0..<30_000 {
            // Many in the first stretches, few in the others.
            let series = SeriesID.random(
                in: 0..<(Bool.random(using: &generator) ? 90_000 : 1_000_000), using: &generator)
            if Bool.random(using: &generator) {
                #expect(set.insert(series) == model.insert(series).inserted)
            } else {
                #expect(other.insert(series) == otherModel.insert(series).inserted)
            }
        }
        func check(_ set: SeriesSet, _ model: Set<SeriesID>) {
            #expect(set.count == model.count)
            var found: [SeriesID] = []
            set.forEach { found.append($0) }
            #expect(found == model.sorted())
            for series in stride(from: SeriesID(0), to: 1_100_000, by: 61) {
                #expect(set.contains(series) == model.contains(series))
            }
            #expect(set.filter([5, 70_000, 3, 9_000_000]) == [5, 70_000, 3, 9_000_000].filter { model.contains($0) })
        }
        check(set, model)
        let before = set
        set.formUnion(other)
        check(set, model.union(otherModel))
        check(before, model)
        check(other, otherModel)
    }

    @Test(arguments: [UInt64(1), 2])
    func `a day has the series whose rows lie in it`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var presence = DayPresence()
        var rows: [(series: SeriesID, time: Int64)] = []
        for _ in 0..<3000 {
            let series = SeriesID.random(in: 0..<500, using: &generator)
            let edge = DayPresenceTests.day * Int64.random(in: -20..<20, using: &generator)
            let time = edge + (Bool.random(using: &generator) ? Int64.random(in: -2...2, using: &generator) : 1_000_000)
            rows.append((series, time))
            if Bool.random(using: &generator) {
                presence.note(series, at: time)
            } else {
                let later = time + Int64.random(in: 0..<(3 * DayPresenceTests.day), using: &generator)
                presence.note(series, rising: [time, time, later])
                rows.append((series, later))
            }
        }
        for _ in 0..<300 {
            let start = DayPresenceTests.day * Int64.random(in: -22..<22, using: &generator)
            let end = start + DayPresenceTests.day * Int64.random(in: 0..<4, using: &generator)
            let range = TimeRange(start: start, end: end)
            let expected = Set(rows.filter { range.contains($0.time) }.map(\.series))
            let set = presence.series(in: range)
            var found: [SeriesID] = []
            set.forEach { found.append($0) }
            #expect(found == expected.sorted())
            for series in SeriesID(0)..<50 {
                #expect(presence.contains(series, in: range) == expected.contains(series))
            }
        }
        presence.removeDays(before: 5 * DayPresenceTests.day + 3)
        let kept = Set(rows.filter { $0.time >= 5 * DayPresenceTests.day }.map(\.series))
        #expect(presence.series(in: .all).count == kept.count)
    }

    @Test func `the ends of time have days, too`() {
        var presence = DayPresence()
        for (series, time) in [Int64.min + 2, -1, 0, DayPresenceTests.day - 1, DayPresenceTests.day, Int64.max - 1]
            .enumerated()
        {
            presence.note(SeriesID(series), at: time)
            #expect(DayPresence.day(of: time).contains(time))
        }
        #expect(presence.dayCount == 5)
        #expect(presence.series(in: .all).count == 6)
        #expect(presence.series(in: TimeRange(start: 0, end: 1)).count == 2)
        #expect(presence.contains(0, in: TimeRange(start: .min, end: .min + 3)))
        #expect(presence.contains(5, in: TimeRange(start: .max - 1, end: .max)))
        #expect(!presence.contains(5, in: TimeRange(start: 7, end: 7)))
        #expect(DayPresence.day(of: 5) == 0...(DayPresenceTests.day - 1))
        #expect(DayPresence.day(of: -1) == (-DayPresenceTests.day)...(-1))
    }

    @Test func `a run of rows is on every day that it covers, one of years on all`() {
        var presence = DayPresence()
        let day = DayPresenceTests.day
        presence.note(1, from: 5, through: 3 * day)
        presence.note(2, from: 0, through: 1000 * day)
        presence.note(3, from: 7, through: 6)
        func present(_ start: Int64, _ end: Int64) -> [SeriesID] {
            var found: [SeriesID] = []
            presence.series(in: TimeRange(start: start, end: end)).forEach { found.append($0) }
            #expect(found == (0..<5).filter { presence.contains($0, in: TimeRange(start: start, end: end)) })
            return found
        }
        #expect(present(0, 1) == [1, 2])
        #expect(present(2 * day, 2 * day + 1) == [1, 2])
        #expect(present(4 * day, 9 * day) == [2])
        #expect(present(3, 3) == [])
    }

    @Test func `a store passes over series that are silent on the days asked for`() throws {
        let store = try Store()
        let day = DayPresenceTests.day
        var points: [Point] = []
        // Each day has fifty series of its own, and one that reports each day.
        for number in 0..<10 {
            for series in 0..<50 {
                let id = try store.seriesID(for: key("air", ["pod": "\(number)-\(series)"]))
                for row in 0..<3 { points.append(Point(id, Int64(number) * day + Int64(row), ["v": .float(1)])) }
            }
            let always = try store.seriesID(for: key("air", ["pod": "always"]))
            points.append(Point(always, Int64(number) * day + 7, ["v": .float(1)]))
        }
        for start in stride(from: 0, to: points.count, by: 77) {
            _ = store.append(Batch("air", Array(points[start..<min(start + 77, points.count)])))
        }
        // Late: into days that its series had passed.
        _ = store.append(
            Batch("air", [Point(499, 2 * day + 1, ["v": .float(2)]), Point(0, 8 * day, ["v": .float(2)])]))
        let view = store.snapshot()
        for number in 0..<Int64(10) {
            let range = TimeRange(start: number * day, end: (number + 1) * day)
            let present = view.seriesPresent(in: range)
            var expected = Set<SeriesID>()
            for series in view.series(of: "air") {
                view.blocks(of: series.id, fields: [0], in: range) { block in
                    if block.timestamps.contains(where: range.contains) { expected.insert(series.id) }
                }
            }
            var found: [SeriesID] = []
            present.forEach { found.append($0) }
            #expect(found == expected.sorted())
            #expect(present.count == (number == 2 || number == 8 ? 52 : 51))
        }
        #expect(view.seriesPresent(in: TimeRange(start: 20 * day, end: 21 * day)).isEmpty)
    }
}

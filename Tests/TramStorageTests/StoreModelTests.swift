import Testing
import TramColumnar
import TramStorage
import TramTesting

/// Random histories against a dictionary.
@Suite struct StoreModelTests {
    /// How the rows of a history come.
    struct Habit: CustomTestStringConvertible, Sendable {
        var name: String
        var seriesCount: Int
        var batches: Int
        var rows: Int
        /// Times that the history draws from.
        var times: Int64
        /// Of 100 rows so many are a new newest one.
        var inOrder: Int
        var fields: Int
        /// Of 100 fields so many are sent in a row.
        var density: Int
        /// Of 1,000 values so many have another type than their field.
        var conflicts: Int

        var testDescription: String { name }
    }

    static let habits = [
        Habit(
            name: "in order", seriesCount: 5, batches: 12, rows: 900, times: 1_000_000, inOrder: 100, fields: 4,
            density: 100,
            conflicts: 0),
        Habit(
            name: "mostly in order", seriesCount: 3, batches: 12, rows: 900, times: 100_000, inOrder: 80, fields: 4,
            density: 100, conflicts: 0),
        Habit(
            name: "in no order", seriesCount: 2, batches: 10, rows: 700, times: 1_000_000_000, inOrder: 0, fields: 3,
            density: 90, conflicts: 1),
        Habit(
            name: "many duplicates", seriesCount: 2, batches: 10, rows: 700, times: 1500, inOrder: 0, fields: 3,
            density: 60,
            conflicts: 1),
        Habit(
            name: "many sparse fields", seriesCount: 4, batches: 10, rows: 300, times: 5000, inOrder: 60, fields: 150,
            density: 2, conflicts: 1),
        Habit(
            name: "many conflicts", seriesCount: 4, batches: 20, rows: 200, times: 3000, inOrder: 50, fields: 6,
            density: 50,
            conflicts: 150),
    ]

    @Test(arguments: habits, [UInt64(1), 2, 3])
    func `any history of batches is held as a dictionary would hold it`(habit: Habit, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let store = try Store()
        var model = Model()
        let ids = try (0..<habit.seriesCount).map { number in
            try store.seriesID(for: SeriesKey(measurement: "air", tags: TagSet([.init(key: "n", value: "\(number)")])))
        }
        var kept: [(snapshot: Snapshot, model: Model)] = []
        var clock: Int64 = -habit.times / 2
        for batch in 0..<habit.batches {
            var points: [Point] = []
            for _ in 0..<habit.rows {
                clock += Int64.random(in: 1...10, using: &generator)
                points.append(point(habit, ids, clock, &generator))
            }
            let expected = model.append(points)
            let result = store.append(Batch("air", points))
            let isExpected = agrees(result, expected)
            #expect(isExpected)
            let snapshot = store.snapshot()
            #expect(snapshot.pointCount == model.pointCount)
            if batch % 3 == 0 {
                let isEqual = agrees(snapshot, model, of: "air", series: ids)
                #expect(isEqual)
                kept.append((snapshot, model))
            }
            checkRanges(snapshot, model, habit, ids, &generator)
        }
        let isEqual = agrees(store.snapshot(), model, of: "air", series: ids)
        #expect(isEqual)
        // What was seen once is seen for ever, whatever came after.
        for (snapshot, model) in kept {
            let isStill = agrees(snapshot, model, of: "air", series: ids)
            #expect(isStill)
            #expect(snapshot.pointCount == model.pointCount)
        }
    }

    private func point(
        _ habit: Habit, _ ids: [SeriesID], _ clock: Int64, _ generator: inout SeededGenerator
    ) -> Point {
        let isNewest = Int.random(in: 0..<100, using: &generator) < habit.inOrder
        let time = isNewest ? clock : Int64.random(in: 0..<habit.times, using: &generator) - habit.times / 2
        var fields: [(name: String, value: Value)] = []
        for field in 0..<habit.fields where Int.random(in: 0..<100, using: &generator) < habit.density {
            var kind = field % 5
            if Int.random(in: 0..<1000, using: &generator) < habit.conflicts { kind = (kind + 1) % 5 }
            fields.append((name: "f\(field)", value: value(kind, &generator)))
        }
        let isRefused = habit.conflicts > 0 && Int.random(in: 0..<200, using: &generator) == 0
        let series = isRefused ? Store.refusedSeries : ids[Int.random(in: 0..<ids.count, using: &generator)]
        return Point(series, time, fields)
    }

    private func value(_ kind: Int, _ generator: inout SeededGenerator) -> Value {
        switch kind {
        case 0: .float(Double.random(in: -100...100, using: &generator))
        case 1: .int(Int64.random(in: .min ... .max, using: &generator))
        case 2:
            .string(
                ["on", "off", "", "Hà Nội", String(repeating: "x", count: 300)].randomElement(using: &generator) ?? "")
        case 3: .bool(Bool.random(using: &generator))
        default: .uint(UInt64.random(in: 0 ... .max, using: &generator))
        }
    }

    private func checkRanges(
        _ snapshot: Snapshot, _ model: Model, _ habit: Habit, _ ids: [SeriesID], _ generator: inout SeededGenerator
    ) {
        for id in ids.prefix(2) {
            let start = Int64.random(in: -habit.times...habit.times, using: &generator)
            let length =
                Int64.random(in: 0...habit.times, using: &generator) / Int64.random(in: 1...1000, using: &generator)
            let range = TimeRange(start: start, end: start + length)
            let expected = (model.rows[id] ?? [:]).filter { range.contains($0.key) }
            let isExpected = snapshot.rows(of: id, in: "air", range: range) == expected
            #expect(isExpected, "\(range)")
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `shuffled arrival is held as sorted arrival is`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let sorted = (0..<6000).map { row in
            Point(
                SeriesID(row % 3), Int64(row / 3) * 1_000_000_000 - 500_000_000_000,
                ["pm": .float(Double(row)), "state": .string("s\(row % 7)")])
        }
        let expected = try content(of: [sorted])
        var shuffled = sorted
        shuffled.shuffle(using: &generator)
        var batches: [[Point]] = []
        while !shuffled.isEmpty {
            let count = Int.random(in: 1...900, using: &generator)
            batches.append(Array(shuffled.prefix(count)))
            shuffled.removeFirst(min(count, shuffled.count))
        }
        for arrival in [batches, batches.reversed().map { $0.reversed() }, [sorted.reversed()]] {
            let isEqual = try content(of: arrival) == expected
            #expect(isEqual)
        }
    }

    private func content(of batches: [[Point]]) throws -> [SeriesID: [Int64: [String: Value]]] {
        let store = try Store()
        for number in 0..<3 {
            _ = try store.seriesID(
                for: SeriesKey(measurement: "air", tags: TagSet([.init(key: "n", value: "\(number)")])))
        }
        for points in batches { #expect(store.append(Batch("air", points)).newPoints == points.count) }
        return store.snapshot().content(of: "air")
    }
}

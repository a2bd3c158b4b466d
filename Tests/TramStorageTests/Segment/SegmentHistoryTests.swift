import Glibc
import Testing
import TramColumnar
import TramStorage
import TramSystem
import TramTesting

/// Seeded histories of writes, seals, compactions, deletions, restarts and power cuts against a dictionary.
///
/// `TRAM_HISTORIES=10000 sh Tests/run.sh --filter SegmentHistoryTests` runs more of them.
@Suite struct SegmentHistoryTests {
    static let seeds: [UInt64] = {
        let asked = unsafe getenv("TRAM_HISTORIES").flatMap { unsafe Int(String(cString: $0)) }
        return (1...(asked ?? 200)).map { UInt64($0) }
    }()

    private static let seriesCount = 3

    @Test(arguments: seeds)
    func `whatever is done to a store, it holds what a dictionary would hold`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let disk = SimulatedFileSystem(seed: seed)
        var opened: DurableStore? = try DurableStore(disk)
        var model = Model()
        var clock: Int64 = 0
        var history: [String] = []
        for _ in 0..<Int.random(in: 8...24, using: &generator) {
            guard let durable = opened else { break }
            let ids = try durable.series(SegmentHistoryTests.seriesCount)
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...3:
                history.append("write")
                let points = SegmentHistoryTests.points(ids, &clock, &generator)
                let expected = model.append(points)
                let result = try durable.append(points)
                let isExpected = agrees(result, expected)
                #expect(isExpected, "\(history)")
            case 4:
                history.append("seal")
                try durable.store.seal()
            case 5:
                history.append("compact")
                try durable.store.compact()
            case 6:
                // The process dies in the middle of it, or a moment after.
                let isSeal = Bool.random(using: &generator)
                history.append(isSeal ? "die sealing" : "die compacting")
                disk.die(afterCalls: Int.random(in: 0...30, using: &generator))
                if isSeal { try? durable.store.seal() } else { try? durable.store.compact() }
                try reopen(&opened, durable, disk, hasPower: Bool.random(using: &generator))
            case 7:
                let range = SegmentHistoryTests.range(clock, &generator)
                history.append("delete \(range.start / 1_000_000_000)..<\(range.end / 1_000_000_000)")
                let series = ids.filter { _ in Bool.random(using: &generator) }
                let expected = model.remove(range, of: series)
                #expect(try durable.delete(Deletion(series: series, range: range)) == expected, "\(history)")
            case 8:
                history.append("restart")
                try reopen(&opened, durable, disk, hasPower: true)
            default:
                history.append("power cut")
                try reopen(&opened, durable, disk, hasPower: false)
            }
            guard let store = opened?.store else { break }
            let isEqual = store.snapshot().content(of: "air") == model.rows
            #expect(isEqual, "\(history)")
            #expect(store.snapshot().pointCount == model.pointCount, "\(history)")
            #expect(store.snapshot().extent(of: "air") == model.extent, "\(history)")
            guard isEqual else { break }
        }
    }

    @Test(arguments: Array(UInt64(1)...20))
    func `rows in no order are found by their times, sealed again and again, reopened and compacted`(
        seed: UInt64
    ) throws {
        var generator = SeededGenerator(seed: seed)
        let disk = SimulatedFileSystem(seed: seed)
        var durable = try DurableStore(disk)
        var model = Model()
        let ids = try durable.series(2)
        var points = (0..<24_000).map { Point(ids[$0 % 2], Int64($0) * 1_000_000_000, ["v": .int(Int64($0))]) }
        // Bodies of neighbouring times, in any order.
        var bodies: [[Point]] = []
        while !points.isEmpty {
            let count = Int.random(in: 300...2500, using: &generator)
            bodies.append(Array(points.prefix(count)))
            points.removeFirst(min(count, points.count))
        }
        bodies.shuffle(using: &generator)
        for (number, body) in bodies.enumerated() {
            _ = model.append(body)
            _ = try durable.append(body)
            if number % 3 == 0 { try durable.store.seal() }
            if number % 7 == 6 { try durable.store.compact() }
            if number % 5 == 4 {
                durable.store.close()
                disk.restart()
                durable = try DurableStore(disk)
            }
            let snapshot = durable.store.snapshot()
            let isEqual = snapshot.content(of: "air") == model.rows
            #expect(isEqual, "body \(number)")
            let range = SegmentHistoryTests.range(24_000_000_000_000, &generator)
            for id in ids {
                let expected = (model.rows[id] ?? [:]).filter { range.contains($0.key) }
                let isFound = snapshot.rows(of: id, in: "air", range: range) == expected
                #expect(isFound, "body \(number), \(range)")
            }
            guard isEqual else { break }
        }
    }

    private func reopen(
        _ opened: inout DurableStore?, _ durable: DurableStore, _ disk: SimulatedFileSystem, hasPower: Bool
    ) throws {
        opened = nil
        disk.die(afterCalls: 0)
        durable.store.close()
        if hasPower { disk.restart() } else { disk.losePower() }
        opened = try DurableStore(disk)
    }

    /// Rows mostly in order, some late, some of times that are there already; few or many.
    static func points(
        _ ids: [SeriesID], _ clock: inout Int64, _ generator: inout SeededGenerator
    ) -> [Point] {
        let count = [5, 60, 900].randomElement(using: &generator) ?? 5
        return (0..<count).map { _ in
            clock += 1_000_000_000
            let isLate = Int.random(in: 0..<10, using: &generator) == 0
            let time = isLate ? Int64.random(in: 0...clock / 1_000_000_000, using: &generator) * 1_000_000_000 : clock
            var fields: [(name: String, value: Value)] = [
                (name: "pm", value: .float(Double(Int.random(in: 0...999, using: &generator)) / 10))
            ]
            if Int.random(in: 0..<3, using: &generator) == 0 {
                fields.append(
                    (name: "state", value: .string(["on", "off", "Hà Nội"].randomElement(using: &generator) ?? "")))
            }
            if Int.random(in: 0..<5, using: &generator) == 0 {
                fields.append((name: "n", value: .int(Int64.random(in: .min ... .max, using: &generator))))
            }
            return Point(ids[Int.random(in: 0..<ids.count, using: &generator)], time, fields)
        }
    }

    static func range(_ clock: Int64, _ generator: inout SeededGenerator) -> TimeRange {
        let start = Int64.random(in: -10...clock / 1_000_000_000, using: &generator) * 1_000_000_000
        let length = ([1, 50, 5000] as [Int64]).randomElement(using: &generator) ?? 1
        return TimeRange(start: start, end: start + length * 1_000_000_000)
    }
}

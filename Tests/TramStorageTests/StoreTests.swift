import Testing
import TramColumnar
import TramStorage
import TramTesting

func key(_ measurement: String, _ tags: KeyValuePairs<String, String> = [:]) -> SeriesKey {
    SeriesKey(measurement: measurement, tags: TagSet(tags.map { TagSet.Tag(key: $0.key, value: $0.value) }))
}

@Suite struct StoreTests {
    private let store: Store
    private let series: SeriesID

    init() throws {
        store = try Store()
        series = try store.seriesID(for: key("air", ["station": "a"]))
    }

    private func append(_ points: [Point]) -> AppendResult { store.append(Batch("air", points)) }

    private var rows: [Int64: [String: Value]]? { store.snapshot().rows(of: series, in: "air") }

    @Test func `a later row of the same time replaces only the fields that it brings`() {
        #expect(append([Point(series, 10, ["pm": .float(1), "co": .float(2)])]).newPoints == 1)
        #expect(append([Point(series, 10, ["pm": .float(5), "no": .int(3)])]).newPoints == 0)
        #expect(rows == [10: ["pm": .float(5), "co": .float(2), "no": .int(3)]])
    }

    @Test func `a batch sent again changes nothing`() {
        let points = (0..<3000).map { Point(series, Int64($0), ["pm": .float(Double($0))]) }
        #expect(append(points).newPoints == 3000)
        let before = rows
        #expect(append(points) == AppendResult(accepted: 3000, refused: [], newPoints: 0))
        #expect(rows == before)
        #expect(store.snapshot().pointCount == 3000)
    }

    @Test func `of two rows of one time in a batch the later one wins`() {
        let result = append([Point(series, 7, ["pm": .float(1)]), Point(series, 7, ["pm": .float(2)])])
        #expect(result == AppendResult(accepted: 2, refused: [], newPoints: 1))
        #expect(rows == [7: ["pm": .float(2)]])
    }

    @Test func `years before 1970 are held exactly`() {
        let times: [Int64] = [-1, -1_000_000_000, -9_000_000_000_000_000_000, 0, 1]
        _ = append(times.map { Point(series, $0, ["pm": .int($0)]) })
        #expect(rows == Dictionary(uniqueKeysWithValues: times.map { ($0, ["pm": Value.int($0)]) }))
        #expect(store.snapshot().extent(of: "air") == TimeRange(start: -9_000_000_000_000_000_000, end: 2))
    }

    @Test func `the edges of time are held in any order`() {
        let times: [Int64] = [.max - 1, .min, 0, .min + 2, .min + 1, .max - 2, .max - 1, .min]
        let result = append(times.map { Point(series, $0, ["pm": .int($0)]) })
        #expect(result.newPoints == 6)
        let sorted: [Int64] = [.min, .min + 1, .min + 2, 0, .max - 2, .max - 1]
        #expect(rows?.keys.sorted() == sorted)
        #expect(store.snapshot().extent(of: "air") == .all)
        #expect(store.snapshot().lastTimestamp(of: series) == Int64.max - 1)
        // One past the newest does not exist here; nothing stops.
        #expect(append([Point(series, .max, ["pm": .int(1)])]).newPoints == 1)
        #expect(store.snapshot().extent(of: "air") == .all)
        #expect(store.snapshot().lastTimestamp(of: series) == .max)
    }

    @Test func `a value of another type refuses its row and leaves the column usable`() {
        _ = append([Point(series, 1, ["pm": .float(1)])])
        let result = append([
            Point(series, 2, ["pm": .float(2)]), Point(series, 3, ["pm": .string("high"), "co": .float(1)]),
            Point(series, 4, ["pm": .float(4)]), Point(series, 5, ["co": .int(5)]), Point(series, 6, ["co": .float(6)]),
        ])
        #expect(result.accepted == 3)
        // The refused row did not fix the type of `co`: the row after it did.
        #expect(
            result.refused == [
                .init(row: 2 - 1, reason: .typeConflict(field: "pm", has: .float, sent: .string)),
                .init(row: 4, reason: .typeConflict(field: "co", has: .int, sent: .float)),
            ])
        #expect(rows?.keys.sorted() == [1, 2, 4, 5])
        #expect(store.strings.existingCode("high") == nil)
        #expect(
            store.snapshot().schema(of: "air")
                == Schema(
                    measurement: "air", tagKeys: ["station"],
                    fields: [.init(name: "pm", type: .float), .init(name: "co", type: .int)]))
    }

    @Test func `a row that disagrees with itself is refused and fixes nothing`() {
        let result = append([
            Point(series, 1, ["pm": .float(1), "pm": .int(1)]), Point(series, 2, ["pm": .int(2)]),
        ])
        #expect(result.refused == [.init(row: 0, reason: .typeConflict(field: "pm", has: .float, sent: .int))])
        #expect(rows == [2: ["pm": .int(2)]])
    }

    @Test func `rows without a value make no point`() {
        let result = append([Point(series, 1, [:]), Point(series, 2, ["pm": .float(1)]), Point(series, 3, [:])])
        #expect(result == AppendResult(accepted: 3, refused: [], newPoints: 1))
        #expect(rows == [2: ["pm": .float(1)]])
        #expect(append([Point(series, 9, [:])]).newPoints == 0)
        #expect(store.append(Batch(measurement: "air")) == AppendResult(accepted: 0, refused: [], newPoints: 0))
    }

    @Test func `known series go on when the limit is reached`() throws {
        let store = try Store(configuration: StorageConfiguration(maximumSeries: 2))
        let first = try store.seriesID(for: key("air", ["station": "a"]))
        let second = try store.seriesID(for: key("air", ["station": "b"]))
        #expect(throws: StorageError.seriesLimit(allowed: 2)) { try store.seriesID(for: key("air", ["station": "c"])) }
        #expect(throws: StorageError.seriesLimit(allowed: 2)) { try store.seriesID(for: key("noise")) }
        #expect(try store.seriesID(for: key("air", ["station": "a"])) == first)
        let result = store.append(
            Batch(
                "air",
                [
                    Point(first, 1, ["pm": .float(1)]), Point(Store.refusedSeries, 1, ["pm": .float(2)]),
                    Point(second, 1, ["pm": .float(3)]),
                ]))
        #expect(result == AppendResult(accepted: 2, refused: [.init(row: 1, reason: .seriesLimit)], newPoints: 2))
        // No series of this measurement was ever let in.
        let other = store.append(Batch("noise", [Point(Store.refusedSeries, 1, ["db": .float(1)])]))
        #expect(other == AppendResult(accepted: 0, refused: [.init(row: 0, reason: .seriesLimit)], newPoints: 0))
        #expect(store.snapshot().measurements == ["air"])
        #expect(store.strings.existingCode("c") == nil)
    }

    @Test func `a field too many is refused by name, and known fields go on`() {
        var number = 0
        while number < 60_000 {
            let fields = (number..<number + 1000).map { (name: "f\($0)", value: Value.int(1)) }
            #expect(append([Point(series, Int64(number), fields)]).accepted == 1)
            number += 1000
        }
        let result = append([
            Point(series, 100_000, ["new": .int(1)]), Point(series, 100_001, ["f59999": .int(2)]),
        ])
        #expect(result.refused == [.init(row: 0, reason: .fieldLimit(field: "new"))])
        #expect(result.newPoints == 1)
    }

    @Test(arguments: [0, -1, Int.max, Int(UInt32.max)])
    func `a limit that makes no sense is refused by its name`(limit: Int) {
        let error = #expect(throws: StorageError.self) {
            try Store(configuration: StorageConfiguration(maximumSeries: limit))
        }
        #expect(error == .invalidConfiguration(key: "maximumSeries", expected: "1...4294967294"))
        #expect(error?.description == "maximumSeries must be 1...4294967294")
    }

    @Test func `a snapshot stays as it is while rows are added, overwritten, squeezed in and moved`() throws {
        _ = append((0..<1500).map { Point(series, Int64($0) * 10, ["pm": .float(Double($0))]) })
        let snapshot = store.snapshot()
        var blocks: [StoredBlock] = []
        snapshot.blocks(of: series, fields: [0], in: .all) { blocks.append($0) }
        _ = append((0..<1500).map { Point(series, Int64($0) * 10 + 5, ["pm": .float(-1), "co": .int(1)]) })
        _ = append((0..<1500).map { Point(series, Int64($0) * 10, ["pm": .float(-2)]) })
        _ = append((1500..<4000).map { Point(series, Int64($0) * 10, ["pm": .float(-3)]) })
        let other = try store.seriesID(for: key("air", ["station": "b", "district": "1"]))
        _ = append([Point(other, 1, ["pm": .float(9)])])
        var again: [StoredBlock] = []
        snapshot.blocks(of: series, fields: [0], in: .all) { again.append($0) }
        #expect(blocks == again)
        #expect(blocks.flatMap(\.timestamps) == (0..<1500).map { Int64($0) * 10 })
        #expect(snapshot.pointCount == 1500)
        #expect(snapshot.extent(of: "air") == TimeRange(start: 0, end: 14_991))
        #expect(snapshot.series(of: "air").map(\.id) == [series])
        #expect(snapshot.lastTimestamp(of: other) == nil)
        #expect(
            snapshot.schema(of: "air")
                == Schema(measurement: "air", tagKeys: ["station"], fields: [.init(name: "pm", type: .float)]))
        #expect(store.snapshot().pointCount == 5501)
    }

    @Test func `a field that nobody in the block sent costs no column`() {
        _ = append((0..<2000).map { Point(series, Int64($0), ["pm": .float(1)]) })
        _ = append([Point(series, 3000, ["co": .float(1)])])
        var columns: [[Bool]] = []
        store.snapshot().blocks(of: series, fields: [1, 0, 7], in: TimeRange(start: 0, end: 2500)) { block in
            columns.append(block.columns.map { $0 != nil })
        }
        #expect(columns.allSatisfy { $0 == [false, true, false] })
        var last: StoredBlock?
        store.snapshot().blocks(of: series, fields: [1], in: TimeRange(start: 3000, end: 3001)) { last = $0 }
        #expect(last == StoredBlock(timestamps: [3000], columns: [Vector(type: .float, bits: [Double(1).bitPattern])]))
    }

    @Test func `an error of the visitor ends the walk and comes out`() {
        struct Enough: Error {}
        _ = append((0..<5000).map { Point(series, Int64($0), ["pm": .float(1)]) })
        var count = 0
        #expect(throws: Enough.self) {
            try store.snapshot().blocks(of: series, fields: [0], in: .all) { _ throws(Enough) in
                count += 1
                throw Enough()
            }
        }
        #expect(count == 1)
    }

    @Test func `unknown names and numbers are empty and not an error`() {
        let snapshot = store.snapshot()
        #expect(snapshot.schema(of: "noise") == nil)
        #expect(snapshot.extent(of: "noise") == nil)
        #expect(snapshot.extent(of: "air") == nil)
        #expect(snapshot.series(of: "noise") == [])
        #expect(snapshot.postings(of: "noise", key: "station", code: 0) == [])
        #expect(snapshot.lastTimestamp(of: 99) == nil)
        #expect(snapshot.rows(of: 99, in: "air") == [:])
        #expect(store.key(of: 99) == nil)
        #expect(store.key(of: series) == key("air", ["station": "a"]))
    }

    @Test func `tens of thousands of series of few rows stay apart`() throws {
        let count = 20_000
        var points: [Point] = []
        for number in 0..<count {
            let id = try store.seriesID(for: key("grid", ["n": "\(number)"]))
            points.append(Point(id, Int64(number), ["v": .int(Int64(number))]))
        }
        let before = store.snapshot()
        let result = store.append(Batch("grid", points))
        #expect(result == AppendResult(accepted: count, refused: [], newPoints: count))
        let after = store.snapshot()
        #expect(before.pointCount == 0)
        #expect(after.pointCount == count)
        for entry in after.series(of: "grid") {
            let number = Int64(entry.id) - Int64(series) - 1
            #expect(after.rows(of: entry.id, in: "grid") == [number: ["v": .int(number)]])
        }
    }
}

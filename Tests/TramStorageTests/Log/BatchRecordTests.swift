import Testing
import TramColumnar
import TramStorage
import TramTesting

@Suite struct BatchRecordTests {
    private func key(_ number: Int) -> SeriesKey {
        SeriesKey(measurement: "air", tags: TagSet([.init(key: "n", value: "s \(number)=,ấ")]))
    }

    private func payload(_ store: Store, _ batches: [Batch], newSeries: [SeriesKey], first: SeriesID) -> [UInt8] {
        var bytes: [UInt8] = []
        BatchRecord.encode(store.stage(batches), firstID: first, newSeries: SeriesKeyList(newSeries), to: &bytes)
        return bytes
    }

    private func value(_ field: Int, _ generator: inout SeededGenerator) -> Value {
        switch field {
        case 0: .float(Double(Int.random(in: -5000...5000, using: &generator)) / 10)
        case 1: .float(Double(bitPattern: UInt64.random(in: .min ... .max, using: &generator)))
        case 2: .int(Int64.random(in: .min ... .max, using: &generator))
        case 3: .uint(UInt64.random(in: .min ... .max, using: &generator))
        case 4: .bool(Bool.random(using: &generator))
        case 5: .string(["", "một", "on\n", "a longer text"].randomElement(using: &generator) ?? "")
        case 6: .int(Int64.random(in: 0...3, using: &generator))
        default:
            .float([0.1, -0.0, .infinity, 1e300, .leastNonzeroMagnitude, 2.5].randomElement(using: &generator) ?? 0)
        }
    }

    /// Rows with gaps, and now and then a value of another type than its field's.
    private func points(_ count: Int, series: Int, _ generator: inout SeededGenerator) -> [Point] {
        (0..<count).map { _ in
            var fields: [(name: String, value: Value)] = []
            for field in 0..<8 where Int.random(in: 0..<10, using: &generator) < 8 {
                let type = Int.random(in: 0..<200, using: &generator) == 0 ? (field + 1) % 8 : field
                // A number that is none compares unequal to itself; its bits are looked at elsewhere.
                var value = value(type, &generator)
                if case .float(let number) = value, number.isNaN { value = .float(1) }
                fields.append(("f\(field)", value))
            }
            let unit: Int64 = [1, 1_000_000, 1_000_000_000].randomElement(using: &generator) ?? 1
            return Point(
                SeriesID(Int.random(in: 0..<series, using: &generator)),
                Int64.random(in: -1000...1000, using: &generator) * unit, fields)
        }
    }

    @Test(arguments: Array(UInt64(1)...20))
    func `a store filled from records holds what the first one holds`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let (written, read) = (try Store(), try Store())
        var known = 0
        for _ in 0..<6 {
            let fresh = Int.random(in: 0...3, using: &generator) + (known == 0 ? 1 : 0)
            let keys = (known..<known + fresh).map(key)
            for key in keys { _ = try written.seriesID(for: key) }
            let first = SeriesID(known)
            known += fresh
            let count = Int.random(in: 0...200, using: &generator)
            let batches = [
                Batch("air", points(count, series: known, &generator)),
                Batch("air", points(3, series: known, &generator)),
            ]
            let staged = written.stage(batches)
            var bytes: [UInt8] = []
            // Half of them made ahead, as a server does it.
            let ahead = seed.isMultiple(of: 2) ? batches.map { BatchRecord.Columns($0) } : []
            BatchRecord.encode(staged, ahead, firstID: first, newSeries: SeriesKeyList(keys), to: &bytes)
            let results = written.apply(staged)

            let record = try BatchRecord(decoding: bytes[...])
            #expect(record.newSeries.map(\.key) == keys)
            for series in record.newSeries { #expect(try read.seriesID(for: series.key) == series.id) }
            let again = record.batches.map { read.append($0) }
            #expect(again.allSatisfy { $0.refused.isEmpty })
            #expect(again.reduce(0) { $0 + $1.newPoints } == results.reduce(0) { $0 + $1.newPoints })
            let isEqual = written.snapshot().content(of: "air") == read.snapshot().content(of: "air")
            #expect(isEqual)
        }
    }

    @Test func `numbers come back bit for bit`() throws {
        let special: [Double] = [
            .nan, Double(bitPattern: 0x7ff0_0000_0000_0001), -0.0, 0, .infinity, -.infinity, .leastNonzeroMagnitude,
            .greatestFiniteMagnitude,
            0.1, 1.0 / 3, 123_456_789.125, 9_007_199_254_740_992,
        ]
        for chosen in [special, [0.1, 0.25, -17.125], [1e15, 1], [-0.0, 1.5]] {
            let store = try Store()
            _ = try store.seriesID(for: key(0))
            var batch = Batch(measurement: "air")
            batch.series = chosen.map { _ in 0 }
            batch.timestamps = chosen.indices.map { Int64($0) }
            batch.lines = chosen.indices.map { UInt32($0) }
            batch.columns = [
                .init(name: "v", values: Vector(type: .float, bits: chosen.map(\.bitPattern)))
            ]
            let record = try BatchRecord(decoding: payload(store, [batch], newSeries: [key(0)], first: 0)[...])
            #expect(record.batches.first?.columns.first?.values.bits == chosen.map(\.bitPattern))
        }
    }

    @Test func `a record whose columns were made ahead is the one that is made at once`() throws {
        let store = try Store()
        for number in 0..<3 { _ = try store.seriesID(for: key(number)) }
        var generator = SeededGenerator(seed: 11)
        for count in [1, 2, 7, 300] {
            // Rows that agree in their types: all are accepted. A time of its own each.
            let points = (0..<count).map { row in
                Point(
                    SeriesID(row % 3), Int64(row),
                    (0..<7).filter { _ in Int.random(in: 0..<10, using: &generator) < 8 || row == 0 }.map { field in
                        ("f\(field)", value(field, &generator))
                    })
            }
            let batch = Batch("air", points)
            let staged = store.stage([batch])
            #expect(staged.refusals == [[]])
            var (plain, prepared): ([UInt8], [UInt8]) = ([], [])
            BatchRecord.encode(staged, firstID: 0, newSeries: [], to: &plain)
            BatchRecord.encode(staged, [BatchRecord.Columns(batch)], firstID: 0, newSeries: [], to: &prepared)
            let (one, other) = (try BatchRecord(decoding: plain[...]), try BatchRecord(decoding: prepared[...]))
            let (left, right) = (try #require(one.batches.first), try #require(other.batches.first))
            #expect(left.series == right.series)
            #expect(left.timestamps == right.timestamps)
            for column in left.columns {
                #expect(right.columns.first { $0.name == column.name }?.values.presence == column.values.presence)
            }
            #expect(plain.count == prepared.count)
        }
    }

    @Test func `a reading of a usual gateway takes few bytes`() throws {
        let store = try Store()
        let keys = (0..<1000).map(key)
        for key in keys { _ = try store.seriesID(for: key) }
        var generator = SeededGenerator(seed: 7)
        let points = (0..<5000).map { row in
            Point(
                SeriesID(Int.random(in: 0..<1000, using: &generator)),
                1_763_679_600_000_000_000 + Int64(row) * 10_000_000,
                [
                    "speed": .float(Double(Int.random(in: 0...1200, using: &generator)) / 10),
                    "count": .int(Int64.random(in: 0...60, using: &generator)),
                    "ok": .bool(row % 7 != 0),
                ])
        }
        let bytes = payload(store, [Batch("air", points)], newSeries: [], first: 0)
        // Series 2, time 2, speed 2, count 1, ok 1.
        #expect(bytes.count < 5000 * 8 + 200)
    }

    @Test func `a record cut at any byte, or with any byte changed, is refused or read, and never traps`() throws {
        let store = try Store()
        for number in 0..<3 { _ = try store.seriesID(for: key(number)) }
        var generator = SeededGenerator(seed: 3)
        let bytes = payload(
            store, [Batch("air", points(12, series: 3, &generator))], newSeries: (0..<3).map(key), first: 0)
        for cut in bytes.indices {
            #expect(throws: StorageError.self) { try BatchRecord(decoding: bytes[..<cut]) }
        }
        for index in bytes.indices {
            for change in [UInt8(1), 0x80, 0xff] {
                var changed = bytes
                changed[index] ^= change
                _ = try? BatchRecord(decoding: changed[...])
            }
        }
        for _ in 0..<5000 {
            let junk = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            _ = try? BatchRecord(decoding: ([1, 0, 0, 1] + junk)[...])
        }
    }
}

import Testing
import TramColumnar
import TramStorage
import TramSystem
import TramTesting

/// Files that an earlier Tram has left are read by every later one.
@Suite struct FixtureTests {
    /// What was written to the folder `Fixtures/format-1`: two bodies, with a seal after each, a deletion with another,
    /// and a body that is in the log alone.
    private func expected(_ series: (String, KeyValuePairs<String, String>) -> SeriesID) -> [SeriesID: [Int64: [String:
        Value]]]
    {
        let start: Int64 = 1_700_000_000_000_000_000
        let (t1, t2) = (series("air", ["khu": "vực 1", "station": "t1"]), series("air", ["station": "t2"]))
        var rows: [SeriesID: [Int64: [String: Value]]] = [:]
        for i in 0..<600 {
            let time = start + Int64(i) * 60_000_000_000
            rows[t1, default: [:]][time] = [
                "pm25": .float(20 + Double(i % 37) / 10), "n": .int(Int64(i)), "ok": .bool(i % 5 != 0),
                "state": .string("trạng thái \(i % 3)"),
            ]
            if i % 2 == 0 {
                rows[t2, default: [:]][time + 1] = [
                    "pm25": .float(-3.25 + Double(i)), "big": .uint(1 << 63 + UInt64(i)),
                ]
            }
        }
        rows[t1]?[1_700_000_030_000_000_000] = ["pm25": .float(99.5)]
        // 2023-11-14T23:00:00Z up to the next midnight.
        let deleted: Range<Int64> = 1_700_002_800_000_000_000..<1_700_006_400_000_000_000
        rows[t2] = rows[t2]?.filter { !deleted.contains($0.key) }
        rows[series("air", ["station": "t3"])] = [start: ["pm25": .float(1e-7)]]
        rows[series("water", ["sensor": "w9"])] = [-1000: ["level": .float(1.125)], 0: ["level": .float(7)]]
        return rows
    }

    private func content(_ store: Store) -> [SeriesID: [Int64: [String: Value]]] {
        let snapshot = store.snapshot()
        return snapshot.measurements.reduce(into: [:]) { all, name in
            all.merge(snapshot.content(of: name)) { left, _ in left }
        }
    }

    private func id(_ store: Store, _ measurement: String, _ tags: KeyValuePairs<String, String>) -> SeriesID {
        store.existingSeriesID(for: key(measurement, tags)) ?? .max
    }

    @Test func `a directory of format 1 is read, written to, sealed and compacted`() throws {
        let fixture = "\(#filePath)".replacing("Segment/FixtureTests.swift", with: "Fixtures/format-1")
        let folder = try TemporaryFolder()
        for part in ["", "log", "segments"] {
            try Directory.create("\(folder.path)/city/\(part)")
            for name in try Directory.names(in: "\(fixture)/\(part)") where name.contains(".") || name == "MANIFEST" {
                var bytes: [UInt8] = []
                bytes = try LocalFileSystem().open("\(fixture)/\(part)/\(name)", .read).allBytes()
                try LocalFileSystem().open("\(folder.path)/city/\(part)/\(name)", .create).write([bytes], at: 0)
            }
        }
        let looking = try Store(lookingAt: "\(folder.path)/city")
        let isRead = content(looking) == expected { id(looking, $0, $1) }
        #expect(isRead)
        #expect(looking.recovery?.segments.damages == [])
        #expect(looking.recovery?.rows == 2)

        let durable = try DurableStore(LocalFileSystem(), folder: "\(folder.path)/city")
        let store = durable.store
        var isEqual = content(store) == expected { id(store, $0, $1) }
        #expect(isEqual)
        try store.seal()
        try store.compact()
        isEqual = content(store) == expected { id(store, $0, $1) }
        #expect(isEqual)
        #expect(store.segmentFigures?.segments == 1)
    }
}

extension StoredFile {
    fileprivate func allBytes() throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: try byteCount())
        _ = try read(into: &bytes, 0..<bytes.count, at: 0)
        return bytes
    }
}

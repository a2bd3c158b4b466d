import Glibc
import Testing
import TramColumnar
import TramStorage
import TramSystem
import TramTesting

/// Disks that fail while rows are sealed, compacted and deleted, and segments that are not as they were written.
@Suite struct SegmentFaultTests {
    private static let ids: [SeriesID] = [0, 1, 2]

    /// Writes, seals, late rows, deletions and a compaction. Whatever the disk refuses is not in the model.
    private func scenario(_ durable: DurableStore, _ model: inout Model) throws {
        var generator = SeededGenerator(seed: 11)
        var clock: Int64 = 0
        _ = try durable.series(SegmentFaultTests.ids.count)
        for round in 0..<4 {
            let points = SegmentHistoryTests.points(SegmentFaultTests.ids, &clock, &generator)
            if (try? durable.append(points)) != nil { _ = model.append(points) }
            try? durable.store.seal()
            if round == 1 {
                let range = TimeRange(start: 20_000_000_000, end: 60_000_000_000)
                if (try? durable.delete(Deletion(series: [1], range: range))) != nil {
                    model.remove(range, of: [1])
                }
            }
        }
        try? durable.store.compact()
        let points = SegmentHistoryTests.points(SegmentFaultTests.ids, &clock, &generator)
        if (try? durable.append(points)) != nil { _ = model.append(points) }
    }

    @Test(arguments: [EIO, ENOSPC])
    func `with a fault in any call of all, what was acknowledged is there, and only that`(errno: Int32) throws {
        var call = 1
        while true {
            let disk = SimulatedFileSystem(seed: UInt64(call))
            var model = Model()
            let durable = try DurableStore(disk)
            disk.add(
                .init(
                    [.open, .write, .preallocate, .truncate, .sync, .rename, .remove, .syncFolder], first: call,
                    errno: errno))
            let before = disk.callCount
            try scenario(durable, &model)
            let calls = disk.callCount - before
            let isEqual = durable.store.snapshot().content(of: "air") == model.rows
            #expect(isEqual, "call \(call)")
            disk.removeFaults()
            disk.die(afterCalls: 0)
            durable.store.close()
            disk.restart()
            let again = try DurableStore(disk)
            let isStill = again.store.snapshot().content(of: "air") == model.rows
            #expect(isStill, "call \(call), after a restart")
            #expect(again.store.recovery?.segments.damages == [])
            try again.store.seal()
            try again.store.compact()
            let isEqualCompacted = again.store.snapshot().content(of: "air") == model.rows
            #expect(isEqualCompacted, "call \(call), after another compaction")
            // Calls of other kinds count as well, so this goes a little beyond the last.
            if call > calls { break }
            call += 1
        }
    }

    @Test func `a process that dies in any call of all loses nothing that was acknowledged`() throws {
        var calls = 0
        while true {
            let disk = SimulatedFileSystem(seed: UInt64(calls))
            let durable = try DurableStore(disk)
            disk.die(afterCalls: calls)
            var model = Model()
            try scenario(durable, &model)
            let isDead = disk.isDead
            durable.store.close()
            if calls % 2 == 0 { disk.restart() } else { disk.losePower() }
            let again = try DurableStore(disk)
            let content = again.store.snapshot().content(of: "air")
            // Of the write or deletion that was under way, the answer never came: it may be there or not.
            for (id, rows) in model.rows {
                for (time, row) in rows {
                    guard let found = content[id]?[time] else { continue }
                    for (name, value) in row where found[name] == nil {
                        Issue.record("\(calls): \(name) \(value) is gone")
                    }
                }
            }
            #expect(again.store.snapshot().pointCount >= 0)
            #expect(again.store.recovery?.segments.damages == [])
            if !isDead { break }
            calls += 1
        }
    }

    /// A store with three segments, and what it holds.
    private func filled(_ disk: SimulatedFileSystem) throws -> Model {
        var model = Model()
        let durable = try DurableStore(disk)
        var generator = SeededGenerator(seed: 3)
        var clock: Int64 = 0
        let ids = try durable.series(3)
        for _ in 0..<3 {
            let points = (0..<40).map { _ in
                clock += 1_000_000_000
                return Point(
                    ids[Int.random(in: 0..<3, using: &generator)], clock,
                    [
                        "v": .float(Double(Int.random(in: 0...999, using: &generator)) / 10),
                        "s": .string("x\(clock % 7)"),
                    ])
            }
            _ = model.append(points)
            _ = try durable.append(points)
            try durable.store.seal()
        }
        durable.store.close()
        return model
    }

    private func segmentPaths(_ disk: SimulatedFileSystem) throws -> [String] {
        let folder = DurableStore.folder + "/segments"
        return try disk.names(in: folder).filter { $0.hasPrefix("seg-") }.map { folder + "/" + $0 }
    }

    @Test func `a bit flipped at any byte of a segment is found, or does no harm, and nothing is invented`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let model = try filled(disk)
        let path = try segmentPaths(disk)[1]
        let whole = try #require(disk.contents(path))
        for offset in whole.indices {
            let copy = disk.copy(seed: 2)
            var bytes = whole
            bytes[offset] ^= 1 << UInt8(offset & 7)
            copy.setContents(path, bytes)
            let durable = try DurableStore(copy)
            let content = durable.store.snapshot().content(of: "air")
            if content == model.rows { continue }
            let isTold =
                !durable.store.damagedBlocks.isEmpty || durable.store.recovery?.segments.isDegraded == true
            #expect(isTold, "byte \(offset)")
            for (id, rows) in content {
                for (time, row) in rows where model.rows[id]?[time] != row {
                    Issue.record("byte \(offset): series \(id) has \(row) at \(time)")
                }
            }
        }
    }

    @Test func `a segment cut at any byte, or gone, loses rows of that segment alone, and says so`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let model = try filled(disk)
        let path = try segmentPaths(disk)[1]
        let whole = try #require(disk.contents(path))
        for count in stride(from: 0, to: whole.count, by: 7) {
            let copy = disk.copy(seed: 2)
            copy.setContents(path, count == 0 ? nil : Array(whole[..<count]))
            let durable = try DurableStore(copy)
            #expect(durable.store.recovery?.segments.isDegraded == true, "\(count) bytes")
            let content = durable.store.snapshot().content(of: "air")
            for (id, rows) in content {
                for (time, row) in rows where model.rows[id]?[time] != row { Issue.record("\(count): \(row)") }
            }
            #expect(content.values.reduce(0) { $0 + $1.count } >= 80)
            durable.store.close()
            copy.restart()
            #expect(throws: StorageError.self) { try DurableStore(copy, mode: .strict) }
        }
    }

    @Test func `without a manifest the segments themselves say what there is`() throws {
        for damage in [[UInt8]?.none, [], Array("nothing of ours".utf8)] {
            let disk = SimulatedFileSystem(seed: 1)
            let model = try filled(disk)
            disk.setContents(DurableStore.folder + "/MANIFEST", damage)
            #expect(throws: StorageError.self) { try DurableStore(disk, mode: .strict) }
            let durable = try DurableStore(disk)
            #expect(durable.store.recovery?.segments.damages.map(\.file) == ["MANIFEST"])
            let isEqual = durable.store.snapshot().content(of: "air") == model.rows
            #expect(isEqual)
            durable.store.close()
            disk.restart()
            #expect(try DurableStore(disk).store.recovery?.segments.damages == [])
        }
    }

    @Test func `one damage to the manifest or to names is mended by their second copy`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let model = try filled(disk)
        let folder = DurableStore.folder + "/segments"
        var paths = try disk.names(in: folder).filter { $0.hasPrefix("names-") }.map { folder + "/" + $0 }
        paths.append(DurableStore.folder + "/MANIFEST")
        for path in paths {
            let whole = try #require(disk.contents(path))
            for offset in whole.indices {
                let copy = disk.copy(seed: 2)
                var bytes = whole
                bytes[offset] ^= 0x10
                copy.setContents(path, bytes)
                let durable = try DurableStore(copy)
                let isEqual = durable.store.snapshot().content(of: "air") == model.rows
                #expect(isEqual, "\(path), byte \(offset)")
            }
        }
    }

    @Test func `a newer format is refused, and left as it is`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        _ = try filled(disk)
        let path = DurableStore.folder + "/MANIFEST"
        var bytes = try #require(disk.contents(path))
        for start in [0, bytes.count / 2] {
            bytes[start + 4] = 2
            let checksum = CRC32C.checksum(bytes, in: start..<start + 60)
            for byte in 0..<4 { bytes[start + 60 + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * byte)) }
        }
        disk.setContents(path, bytes)
        #expect(throws: StorageError.newerFormat(file: "MANIFEST", found: 2, supported: 1)) { try DurableStore(disk) }
        #expect(disk.contents(path) == bytes)
    }

    @Test func `files that do not count are removed, strangers are left alone`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let model = try filled(disk)
        let folder = DurableStore.folder + "/segments/"
        let strays = ["seg-000000000900.tseg", "seg-000000000901.tseg.tmp", "names-000000000902.tnam"]
        for name in strays + ["notes.txt"] { disk.setContents(folder + name, [1, 2, 3]) }
        disk.setContents(DurableStore.folder + "/MANIFEST.tmp", [1])
        let durable = try DurableStore(disk)
        #expect(Set(durable.store.recovery?.segments.removedFiles ?? []) == Set(strays + ["MANIFEST.tmp"]))
        #expect(disk.contents(folder + "notes.txt") == [1, 2, 3])
        let isEqual = durable.store.snapshot().content(of: "air") == model.rows
        #expect(isEqual)
    }

    @Test func `on a full disk sealing waits, writes and reads go on, and it is made up for`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let durable = try DurableStore(disk)
        var model = Model()
        let ids = try durable.series(2)
        let points = (0..<3000).map {
            Point(ids[$0 % 2], Int64($0) * 1_000_000_000, ["v": .float(Double($0 % 70) / 4)])
        }
        _ = model.append(points)
        _ = try durable.append(points)
        disk.setCapacity(disk.usedBytes + 200)
        #expect(throws: StorageError.self) { try durable.store.seal() }
        #expect(durable.store.segmentFigures?.failures == 1)
        var isEqual = durable.store.snapshot().content(of: "air") == model.rows
        #expect(isEqual)
        disk.setCapacity(nil)
        try durable.store.seal()
        #expect(durable.store.segmentFigures?.segments == 1)
        isEqual = durable.store.snapshot().content(of: "air") == model.rows
        #expect(isEqual)
    }

    @Test func `rows that are too old go with whole days, on the disk too`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let day: Int64 = 86_400_000_000_000
        let durable = try DurableStore(disk)
        let ids = try durable.series(1)
        for number in 0..<5 {
            let points = (0..<100).map {
                Point(ids[0], Int64(number) * day + Int64($0) * 600_000_000_000, ["v": .int(Int64($0))])
            }
            _ = try durable.append(points)
            try durable.store.seal()
        }
        durable.store.close()
        disk.restart()
        let clock = ManualTime(now: 4 * day + day / 2)
        let kept = try DurableStore(disk, time: clock) { $0.keptNanoseconds = day }
        try kept.store.tend(clock: clock)
        // Half past day 4, a day is kept: day 3 and what comes after stay whole.
        #expect(kept.store.snapshot().pointCount == 200)
        #expect(kept.store.snapshot().extent(of: "air")?.start == 3 * day)
        for _ in 0..<5 { try kept.store.tend(clock: clock) }
        #expect(try segmentPaths(disk).count <= 2)
        kept.store.close()
        disk.restart()
        #expect(try DurableStore(disk).store.snapshot().pointCount == 200)
    }

    @Test func `what is too old is not written again when a segment is put together`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let day: Int64 = 86_400_000_000_000
        let clock = ManualTime(now: 0)
        let durable = try DurableStore(disk, time: clock) { $0.keptNanoseconds = day }
        let ids = try durable.series(2)
        // Ten blocks of the first day, and a few rows of the tenth.
        for number in 0..<10 {
            _ = try durable.append(
                (0..<1000).map { Point(ids[0], Int64(number * 1000 + $0) * 1_000_000, ["v": .int(Int64($0))]) })
        }
        _ = try durable.append((0..<10).map { Point(ids[1], 10 * day + Int64($0), ["v": .int(Int64($0))]) })
        try durable.store.seal()
        // Of the segments: the log makes room for its next file when it gets to it.
        func segmentBytes() throws -> Int {
            try segmentPaths(disk).reduce(0) { $0 + (disk.contents($1)?.count ?? 0) }
        }
        let before = try segmentBytes()
        clock.setWall(11 * day)
        try durable.store.tend(clock: clock)
        try durable.store.compact()
        #expect(durable.store.snapshot().pointCount == 10)
        #expect(try segmentBytes() < before)
        let path = try #require(try segmentPaths(disk).first)
        #expect(try segmentPaths(disk).count == 1)
        #expect((disk.contents(path)?.count ?? 0) < 1000)
    }

    @Test func `what retention took away stays away though the log still has it`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let day: Int64 = 86_400_000_000_000
        let clock = ManualTime(now: 5 * day)
        let durable = try DurableStore(disk, time: clock)
        let ids = try durable.series(1)
        _ = try durable.append((0..<50).map { Point(ids[0], Int64($0) * day / 10, ["v": .int(1)]) })
        durable.store.close()
        disk.restart()
        let kept = try DurableStore(disk, time: clock) { $0.keptNanoseconds = day }
        #expect(kept.store.snapshot().pointCount == 10)
        kept.store.close()
        disk.restart()
        #expect(try Store(lookingAt: DurableStore.folder, fileSystem: disk).snapshot().pointCount == 10)
        #expect(try DurableStore(disk, time: clock).store.snapshot().pointCount == 10)
    }

    @Test func `a deletion beside a damaged block counts only what it took away`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let model = try filled(disk)
        let path = try #require(try segmentPaths(disk).first)
        var bytes = try #require(disk.contents(path))
        // In the columns of the first block, which is series 0's.
        bytes[64 + 48 + 2 * 64 + 10] ^= 0xff
        disk.setContents(path, bytes)
        let durable = try DurableStore(disk)
        let before = durable.store.snapshot().pointCount
        let times = try #require(model.rows[0]?.keys.sorted())
        let range = TimeRange(start: times[1], end: times[2])
        let count = try durable.delete(Deletion(series: [0], range: range))
        #expect(count <= 1)
        #expect(durable.store.snapshot().pointCount == before - count)
    }
}

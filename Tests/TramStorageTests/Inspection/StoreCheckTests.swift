import Testing
import TramColumnar
import TramStorage
import TramSystem
import TramTesting

/// A store's files, whole and not: what a check says of them.
@Suite struct StoreCheckTests {
    private static let home = DurableStore.folder

    /// A store with two segments, a log behind them, and a deletion.
    private func filled(_ disk: SimulatedFileSystem) throws {
        let durable = try DurableStore(disk)
        var generator = SeededGenerator(seed: 3)
        var clock: Int64 = 0
        let ids = try durable.series(3)
        for round in 0..<3 {
            for _ in 0..<3 {
                let points = (0..<40).map { _ in
                    clock += 1_000_000_000
                    return Point(
                        ids[Int.random(in: 0..<3, using: &generator)], clock,
                        [
                            "v": .float(Double(Int.random(in: 0...999, using: &generator)) / 10),
                            "s": .string("x\(clock % 7)"), "i": .int(clock % 11),
                        ])
                }
                _ = try durable.append(points)
            }
            if round == 1 {
                _ = try durable.delete(Deletion(series: [1], range: TimeRange(start: 0, end: 9_000_000_000)))
            }
            if round < 2 { try durable.store.seal() }
        }
        durable.store.close()
    }

    private func check(_ disk: SimulatedFileSystem) throws -> [CheckedFile] {
        var check = StoreCheck(folder: StoreCheckTests.home, fileSystem: disk)
        return try check.run()
    }

    /// Every byte of a file turned round in turn, in a copy of the disk.
    private func flip(
        _ path: String, _ disk: SimulatedFileSystem, _ offsets: some Sequence<Int>,
        _ judge: (Int, [CheckedFile]) -> Void
    ) throws {
        let whole = try #require(disk.contents(path))
        for offset in offsets where offset < whole.count {
            let copy = disk.copy(seed: 2)
            var bytes = whole
            bytes[offset] ^= 1 << UInt8(offset & 7)
            copy.setContents(path, bytes)
            judge(offset, try check(copy))
        }
    }

    private func paths(_ disk: SimulatedFileSystem, _ prefix: String) throws -> [String] {
        let folder = StoreCheckTests.home + "/segments"
        return try disk.names(in: folder).filter { $0.hasPrefix(prefix) }.map { "segments/" + $0 }
    }

    @Test func `a store that is as it was written is all well, and is left as it is`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        try filled(disk)
        let before = try disk.names(in: StoreCheckTests.home + "/log")
        let files = try check(disk)
        #expect(files.allSatisfy { $0.state == .ok && $0.findings.isEmpty }, "\(files)")
        #expect(Set(files.compactMap(\.kind)) == [.manifest, .names, .segment, .log])
        let segments = files.filter { $0.kind == .segment }
        #expect(segments.count == 2)
        // A block that is written anew has its rows in both, so they are more than there are.
        #expect(segments.reduce(0) { $0 + ($1.rows ?? 0) } >= 231)
        #expect(files.filter { $0.kind == .log }.reduce(0) { $0 + ($1.rows ?? 0) } >= 120)
        #expect(try disk.names(in: StoreCheckTests.home + "/log") == before)
        var total = 0
        var again = StoreCheck(folder: StoreCheckTests.home, fileSystem: disk)
        let size = again.byteCount
        _ = try again.run { total += $0 }
        #expect(total <= size)
        #expect(total > size / 2)
    }

    @Test func `a bit flipped at any byte of a segment, a manifest or names is found in that file`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        try filled(disk)
        let segment = try paths(disk, "seg-")[1]
        let names = try paths(disk, "names-")[1]
        for name in ["MANIFEST", names, segment] {
            let path = StoreCheckTests.home + "/" + name
            let count = try #require(disk.contents(path)).count
            try flip(path, disk, 0..<count) { offset, files in
                let bad = files.filter { $0.state != .ok }
                #expect(bad.map(\.name) == [name], "byte \(offset)")
                #expect(bad.first?.state == .damaged, "byte \(offset)")
                let isNear = bad.first?.findings.contains { !$0.text.en.isEmpty && $0.offset <= offset } ?? false
                #expect(isNear, "byte \(offset): \(bad)")
            }
        }
    }

    @Test func `a bit flipped at any byte of a log is found in that file`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        try filled(disk)
        let folder = StoreCheckTests.home + "/log"
        let name = try #require(try disk.names(in: folder).last { $0.hasSuffix(".log") })
        let whole = try #require(disk.contents(folder + "/" + name))
        let end = try #require(whole.lastIndex { $0 != 0 })
        // Of the zeros beside the heads every sixteenth byte will do.
        let offsets = (0...end).filter { $0 < 64 || 2048..<2112 ~= $0 || $0 >= 4096 || $0 % 16 == 0 }
        try flip(folder + "/" + name, disk, offsets) { offset, files in
            let bad = files.filter { $0.state != .ok }
            #expect(bad.map(\.name) == ["log/" + name], "byte \(offset): \(bad)")
        }
    }

    @Test func `what is lost with a block is named: its series, rows and times`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        try filled(disk)
        let name = try paths(disk, "seg-")[0]
        let path = StoreCheckTests.home + "/" + name
        var blocks: [InspectedBlock] = []
        _ = try SegmentInspection(
            path, names: StoredNames(inFolder: StoreCheckTests.home + "/segments", fileSystem: disk), fileSystem: disk
        ) { blocks.append($0) }
        let block = try #require(blocks.first { $0.kind != .grave })
        disk.flip(bit: 3, at: block.offset + block.byteCount - 1, in: path)
        let file = try #require(try check(disk).first { $0.state == .damaged })
        let finding = try #require(file.findings.first)
        #expect(file.name == name)
        #expect(finding.weight == .loss)
        #expect(finding.text.en.contains("\(block.rows) rows of air,n="), "\(finding.text.en)")
        #expect(finding.text.en.contains(Timestamp(nanoseconds: block.first).rfc3339), "\(finding.text.en)")
        #expect(finding.text.vi.contains("mất \(block.rows) bản ghi"), "\(finding.text.vi)")
    }

    @Test func `files that are missing, that are strays and that are of a newer format are told apart`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        try filled(disk)
        let segment = try paths(disk, "seg-")[0]
        disk.setContents(StoreCheckTests.home + "/" + segment, nil)
        let strays = ["segments/seg-000000000900.tseg", "segments/notes.txt", "MANIFEST.tmp", "log/wal.txt"]
        for name in strays { disk.setContents(StoreCheckTests.home + "/" + name, [1, 2, 3]) }
        let files = try check(disk)
        #expect(files.filter { $0.state == .damaged }.map(\.name) == [segment])
        #expect(Set(files.filter { $0.state == .stray }.map(\.name)) == Set(strays))

        let path = StoreCheckTests.home + "/MANIFEST"
        var bytes = try #require(disk.contents(path))
        for start in [0, bytes.count / 2] {
            bytes[start + 4] = 2
            let checksum = CRC32C.checksum(bytes, in: start..<start + 60)
            for byte in 0..<4 { bytes[start + 60 + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * byte)) }
        }
        disk.setContents(path, bytes)
        #expect(try check(disk).first { $0.name == "MANIFEST" }?.state == .newer)
    }

    @Test func `the bytes that a disk does not give are named, and the rest is looked at`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        try filled(disk)
        let name = try paths(disk, "seg-")[0]
        let path = StoreCheckTests.home + "/" + name
        disk.makeUnreadable(64..<72, in: path)
        let file = try #require(try check(disk).first { $0.name == name })
        #expect(file.state == .damaged)
        #expect(file.findings.contains { $0.text.en.contains("EIO") }, "\(file.findings)")
    }

    @Test func `a log that was torn by a power cut is unfinished and not damaged`() throws {
        for seed in UInt64(0)..<40 {
            let disk = SimulatedFileSystem(seed: seed)
            let durable = try DurableStore(disk)
            let ids = try durable.series(2)
            // Dies in the middle of a write: what the next start cuts off was never acknowledged.
            disk.die(afterCalls: 30 + Int(seed) * 3)
            for round in 0..<60 {
                let points = (0..<20).map {
                    Point(ids[$0 % 2], Int64(round * 100 + $0) * 1_000_000, ["v": .float(Double($0) / 3)])
                }
                guard (try? durable.append(points)) != nil else { break }
            }
            durable.store.close()
            disk.losePower()
            let files = try check(disk)
            let harmless: [CheckedFile.State] = [.ok, .unfinished, .stray]
            #expect(files.allSatisfy { harmless.contains($0.state) }, "\(seed): \(files)")
            _ = try DurableStore(disk)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `a block that says something wrong of itself is found though its checksums are right`(seed: UInt64) throws {
        let disk = SimulatedFileSystem(seed: 1)
        let durable = try DurableStore(disk)
        let ids = try durable.series(1)
        var generator = SeededGenerator(seed: seed)
        let points = (0..<300).map {
            Point(
                ids[0], Int64($0) * 1_000_000_000,
                ["v": .float(Double(Int.random(in: 0...999, using: &generator)) / 10), "i": .int(Int64($0))])
        }
        _ = try durable.append(points)
        try durable.store.seal()
        durable.store.close()
        let path = StoreCheckTests.home + "/" + (try #require(try paths(disk, "seg-").first))
        let whole = try #require(disk.contents(path))
        #expect(try check(disk).allSatisfy { $0.state == .ok })
        // The entries of the first block begin 48 bytes into it: counts, extremes, first, last and sums.
        for entry in 0..<2 {
            for field in [12, 16, 24, 32, 40, 48] {
                var bytes = whole
                bytes[64 + 48 + entry * 64 + field] ^= 1
                let head = CRC32C.checksum(bytes, in: 64..<64 + 44)
                let checksum = CRC32C.checksum(bytes, in: 64 + 48..<64 + 48 + 128, after: head)
                for byte in 0..<4 { bytes[64 + 44 + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * byte)) }
                disk.setContents(path, bytes)
                let bad = try check(disk).filter { $0.state != .ok }
                #expect(bad.count == 1, "entry \(entry), byte \(field)")
                let text = bad.first?.findings.first?.text.en ?? ""
                #expect(text.contains("wrong of itself"), "entry \(entry), byte \(field): \(text)")
            }
        }
    }
}

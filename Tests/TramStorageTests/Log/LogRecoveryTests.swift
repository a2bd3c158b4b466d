import Testing
import TramStorage
import TramSystem
import TramTesting

@Suite struct LogRecoveryTests {
    private let sizes = [40, 8, 100, 17, 64, 33]

    /// The log goes on: it takes a record, which is there after another start.
    private func goesOn(_ disk: SimulatedFileSystem, _ report: LogReport, _ found: [Found]) throws {
        let ledger = Ledger()
        let log = try open(disk, report)
        ledger.append(log, 50)
        log.turn()
        #expect(ledger.lsn(of: 0) == report.nextLSN)
        disk.losePower()
        let (after, again) = try recover(disk)
        #expect(again.dropLast().elementsEqual(found))
        #expect(again.last?.payload == payload(0, 50))
        #expect(after.tornTail == nil)
        #expect(after.isDegraded == report.isDegraded)
    }

    @Test func `a folder without a log is an empty log`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let (report, found) = try recover(disk)
        #expect(found.isEmpty)
        #expect(report == LogReport())
        #expect(report.nextLSN == 1)
    }

    @Test func `the newest file cut at any byte gives the whole records before the cut and takes new ones`() throws {
        let (disk, _, found) = try disk(with: sizes)
        let bytes = try #require(disk.contents(path(1)))
        let ends = ends(sizes)
        for cut in 0...ends[5] + 40 {
            let copy = disk.copy(seed: UInt64(cut))
            copy.setContents(path(1), Array(bytes[..<cut]))
            let (report, rest) = try recover(copy)
            // The last bytes of a record may be zeros behind its payload, which it does without.
            let whole = ends.indices.filter { ends[$0] - (32 + max(8, sizes[$0])) % 8 == 0 || cut >= ends[$0] }.count
            let least = ends.filter { $0 <= cut }.count
            #expect(rest.count >= least && rest.count <= max(whole, least + 1), "cut at \(cut)")
            #expect(rest.elementsEqual(found.prefix(rest.count)), "cut at \(cut)")
            // Without a head nobody knows how many records there were.
            #expect(report.isDegraded == (cut < 64), "cut at \(cut)")
            #expect(
                (report.tornTail == nil)
                    == (report.isDegraded || ends.contains(cut) || cut <= 4096 || cut > ends[5]
                        || ends.contains { $0 > cut && $0 - cut < 8 && rest.count == least + 1 }),
                "cut at \(cut)")
            if cut % 7 == 0 || cut < 70 { try goesOn(copy, report, rest) }
        }
    }

    @Test func `a bit flipped at any byte of the newest file is found or harmless`() throws {
        let (disk, _, found) = try disk(with: sizes)
        let bytes = try #require(disk.contents(path(1)))
        let ends = ends(sizes)
        for offset in bytes.indices {
            let bits = offset >= 4096 && offset < ends[5] ? Array(0..<8) : [offset % 8]
            for bit in bits {
                let copy = disk.copy(seed: 1)
                var flipped = bytes
                flipped[offset] ^= 1 << UInt8(bit)
                copy.setContents(path(1), flipped)
                let (report, rest) = try recover(copy)
                #expect(rest.allSatisfy(found.contains), "byte \(offset), bit \(bit): an invented record")
                #expect(rest.count >= found.count - 1, "byte \(offset), bit \(bit)")
                let isReported = report.tornTail != nil || !report.damages.isEmpty
                if rest.count < found.count {
                    #expect(isReported, "byte \(offset), bit \(bit): a record is gone, and nobody says so")
                    // All but the last were known to be on the disk.
                    #expect(report.isDegraded == (offset < ends[4]), "byte \(offset), bit \(bit)")
                    if report.isDegraded {
                        let damage = try #require(report.damages.first)
                        let index = try #require(ends.firstIndex { offset < $0 })
                        #expect(damage.file == name(1))
                        #expect(damage.lost == LSN(index + 1)..<LSN(index + 2))
                        #expect(damage.keptAs == name(1) + ".damaged")
                        #expect(copy.contents(path(1) + ".damaged") == flipped)
                    }
                }
                if (offset + bit) % 101 == 0 { try goesOn(copy, report, rest) }
            }
        }
    }

    @Test func `a bit that a read turns round is a bit that is wrong`() throws {
        let (disk, _, found) = try disk(with: sizes)
        disk.flip(bit: 3, at: ends(sizes)[1] + 40, in: path(1))
        let (report, rest) = try recover(disk)
        #expect(rest == found.filter { $0.lsn != 3 })
        #expect(report.damages.map(\.lost) == [3..<4])
    }

    @Test func `a tail of zeros is reserved room and no damage`() throws {
        let (disk, _, found) = try disk(with: sizes)
        let (report, rest) = try recover(disk)
        #expect(rest == found)
        #expect(report.tornTail == nil)
        #expect(report.damages.isEmpty)
        #expect(report.paddingBytes == 8192 - ends(sizes)[5])
        #expect(disk.contents(path(1))?.count == ends(sizes)[5])
        try goesOn(disk, report, rest)
    }

    @Test(arguments: [UInt64](1...20))
    func `a tail of junk is cut off and reported`(seed: UInt64) throws {
        let (disk, _, found) = try disk(with: sizes)
        var bytes = try #require(disk.contents(path(1)))
        var generator = SeededGenerator(seed: seed)
        let start = ends(sizes)[5] + Int(seed % 3) * 8
        for index in start..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: generator.next()) }
        disk.setContents(path(1), bytes)
        let (report, rest) = try recover(disk)
        #expect(rest == found)
        #expect(!report.isDegraded)
        let torn = try #require(report.tornTail)
        #expect(torn.file == name(1))
        #expect(torn.offset == ends(sizes)[5])
        #expect(torn.byteCount == 8192 - ends(sizes)[5])
        #expect(torn.recordCount == 0)
        try goesOn(disk, report, rest)
    }

    @Test func `a last record whose end is zeroed is a torn tail`() throws {
        let (disk, _, found) = try disk(with: sizes)
        var bytes = try #require(disk.contents(path(1)))
        for index in ends(sizes)[5] - 64..<ends(sizes)[5] { bytes[index] = 0 }
        disk.setContents(path(1), bytes)
        let (report, rest) = try recover(disk)
        #expect(rest.elementsEqual(found.dropLast()))
        #expect(report.tornTail?.offset == ends(sizes)[4])
        #expect(!report.isDegraded)
        try goesOn(disk, report, rest)
    }

    @Test func `records of other logs and files that lie in the tail are not taken for its own`() throws {
        let (one, _, found) = try disk(with: sizes)
        let other = try newDisk(seed: 2)
        let log = try LogWriter(
            folder: folder, resuming: LogReport(), fileSystem: other, configuration: small(), time: ManualTime(),
            newEpoch: 77, hasThreads: false)
        let ledger = Ledger()
        for size in sizes + sizes {
            ledger.append(log, size)
            log.turn()
        }
        var bytes = try #require(one.contents(path(1)))
        let foreign = try #require(other.contents(path(1)))
        let end = ends(sizes)[5]
        bytes.replaceSubrange(end..., with: foreign[end...])
        one.setContents(path(1), bytes)
        let (report, rest) = try recover(one)
        #expect(rest == found)
        #expect(report.tornTail?.offset == end)
        #expect(report.tornTail?.recordCount == 0)
    }

    @Test func `an emptied newest file is a loss, and the numbers of its records are not used again`() throws {
        let (disk, _, found) = try disk(with: [2000, 1500, 2000, 1500, 500])
        disk.setContents(path(3), [])
        let (report, rest) = try recover(disk)
        #expect(rest.elementsEqual(found.prefix(4)))
        #expect(report.isDegraded)
        #expect(report.damages.map(\.file) == [name(3)])
        #expect(report.damages.first?.lost?.lowerBound == 5)
        #expect(report.nextLSN > 5)
        let log = try open(disk, report)
        let ledger = Ledger()
        ledger.append(log, 50)
        log.turn()
        #expect(ledger.lsn(of: 0) == report.nextLSN)
        let (again, all) = try recover(disk)
        #expect(again.isDegraded)
        #expect(again.damages.map(\.lost) == [5..<report.nextLSN])
        #expect(all.count == 5)
    }

    @Test func `a newest file that was taken away shows by the one that was prepared`() throws {
        let disk = try newDisk(seed: 1)
        let log = try open(disk, LogReport())
        let ledger = Ledger()
        for size in [2000, 1500, 2000, 1500, 500] {
            ledger.append(log, size)
            log.turn()
            log.prepare()
        }
        disk.setContents(path(3), nil)
        #expect(throws: StorageError.self) { try recover(disk, mode: .strict) }
        let (report, found) = try recover(disk)
        #expect(found.count == 4)
        #expect(report.isDegraded)
        #expect(report.damages.map(\.file) == [name(3)])
        #expect(report.damages.map(\.reason) == [.missing])
        #expect(report.removedFiles == [name(4) + ".tmp"])
    }

    @Test func `a newest file that was taken away shows by what the caller still needs`() throws {
        let (disk, _, _) = try disk(with: [2000, 1500, 2000, 1500, 500])
        for sequence in 1...3 { disk.setContents(path(sequence), nil) }
        let (report, _) = try recover(disk, from: 4)
        #expect(report.isDegraded)
        #expect(report.nextLSN > 4)
    }

    /// Files with records 1 and 2, 3 and 4, 5.
    private let long = [2000, 1500, 2000, 1500, 500]

    @Test(arguments: [UInt64](1...60))
    func `a bit flipped in an older file is named, or refused in strict mode`(seed: UInt64) throws {
        let (disk, _, found) = try disk(with: long)
        var generator = SeededGenerator(seed: seed)
        let file = Int.random(in: 1...2, using: &generator)
        var bytes = try #require(disk.contents(path(file)))
        let ends = ends(Array(long.prefix(2)))
        let offset = Int.random(in: 4096..<ends[1], using: &generator)
        bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        disk.setContents(path(file), bytes)
        let lost = LSN(file * 2 - (offset < ends[0] ? 1 : 0))
        let isPadding = [ends[0], ends[1]].contains { offset < $0 && offset >= $0 - ($0 == ends[0] ? 0 : 4) }

        let before = disk.callCount
        if isPadding {
            #expect(try recover(disk, mode: .strict).found == found)
            return
        }
        let error = #expect(throws: StorageError.self) { try recover(disk, mode: .strict) }
        guard case .logDamaged(name(file), let place, lost..<lost + 1)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(place == (offset < ends[0] ? 4096 : ends[0]))
        #expect(disk.contents(path(file) + ".damaged") == nil, "strict mode changes nothing")
        #expect(disk.callCount > before)

        let (report, rest) = try recover(disk)
        #expect(rest == found.filter { $0.lsn != lost })
        #expect(report.isDegraded)
        #expect(report.damages.map(\.file) == [name(file)])
        #expect(report.damages.map(\.lost) == [lost..<lost + 1])
        #expect(disk.contents(path(file) + ".damaged") == bytes)
        let (again, same) = try recover(disk)
        #expect(same == rest)
        #expect(again.isDegraded)
        #expect(again.damagedFiles == [name(file) + ".damaged"])
        #expect(try !recover(disk, from: lost + 1).report.isDegraded, "what nobody needs is no loss")
    }

    @Test(arguments: [1, 2])
    func `a head that is wrong in an older file loses no record`(file: Int) throws {
        let (disk, _, found) = try disk(with: long)
        let bytes = try #require(disk.contents(path(file)))
        for (place, other) in [(9, 60), (9, 2050)] {
            var flipped = bytes
            flipped[place] ^= 4
            flipped[other] ^= 8
            disk.setContents(path(file), flipped)
            let (report, rest) = try recover(disk.copy(seed: 1), mode: .strict)
            #expect(rest == found)
            #expect(report.damages.map(\.reason) == [.header])
            #expect(!report.isDegraded)
        }
    }

    @Test func `a file that is missing between others is named with the records that were in it`() throws {
        let (disk, _, found) = try disk(with: long)
        disk.setContents(path(2), nil)
        let error = StorageError.logDamaged(file: name(2), offset: 0, lost: 3..<5)
        #expect(throws: error) { try recover(disk, mode: .strict) }
        let (report, rest) = try recover(disk)
        #expect(rest == found.filter { $0.lsn < 3 || $0.lsn > 4 })
        #expect(report.damages.map(\.reason) == [.missing])
        #expect(report.damages.map(\.lost) == [3..<5])
        #expect(report.nextLSN == 6)
    }

    @Test func `a first file that is missing is a loss when its records are needed`() throws {
        let (disk, _, _) = try disk(with: long)
        disk.setContents(path(1), nil)
        #expect(try !recover(disk, from: 3).report.isDegraded)
        #expect(try recover(disk, from: 2).report.damages.map(\.lost) == [2..<3])
    }

    @Test func `an older file that ends too early is named with the records that were at its end`() throws {
        let (disk, _, found) = try disk(with: long)
        let bytes = try #require(disk.contents(path(1)))
        for cut in [0, 100, 4096, 4100, ends(long)[0], ends(long)[1] - 100] {
            let copy = disk.copy(seed: 1)
            copy.setContents(path(1), Array(bytes[..<cut]))
            let (report, rest) = try recover(copy)
            let first: LSN = cut >= ends(long)[0] ? 2 : 1
            #expect(rest == found.filter { $0.lsn < first || $0.lsn > 2 })
            #expect(report.isDegraded)
            #expect(report.damages.first { $0.isLoss }?.lost == first..<3)
        }
    }

    @Test func `a file of another log is left out and named`() throws {
        let (one, _, _) = try disk(with: long)
        let other = try newDisk(seed: 2)
        let log = try LogWriter(
            folder: folder, resuming: LogReport(), fileSystem: other, configuration: small(), time: ManualTime(),
            newEpoch: 77, hasThreads: false)
        let ledger = Ledger()
        for size in long {
            ledger.append(log, size)
            log.turn()
        }
        one.setContents(path(2), other.contents(path(2)))
        let (report, rest) = try recover(one)
        #expect(rest.map(\.lsn) == [1, 2, 5])
        #expect(report.damages.map(\.reason) == [.foreign])
        #expect(report.damages.map(\.lost) == [3..<5])
    }

    @Test func `a part of the newest file that cannot be read is a loss and no torn tail`() throws {
        let sizes = [Int](repeating: 2000, count: 12)
        let (disk, _, found) = try disk(with: sizes, fileBytes: 65536)
        disk.makeUnreadable(8192..<12288, in: path(1))
        let error = #expect(throws: StorageError.self) {
            try recover(disk, small(fileBytes: 65536), mode: .strict)
        }
        #expect(error?.code.description == "storage.log_damaged")
        let (report, rest) = try recover(disk, small(fileBytes: 65536))
        #expect(rest == found.filter { $0.lsn < 3 || $0.lsn > 5 })
        #expect(report.damages.map(\.lost) == [3..<6])
        #expect(report.damages.map(\.reason) == [.unreadable])
    }

    @Test func `an unreadable end of the newest file is a loss, and its numbers are not used again`() throws {
        let sizes = [Int](repeating: 2000, count: 4)
        let (disk, _, found) = try disk(with: sizes, fileBytes: 65536)
        let bytes = try #require(disk.contents(path(1)))
        disk.setContents(path(1), Array(bytes[..<12288]))
        disk.makeUnreadable(8192..<12288, in: path(1))
        let (report, rest) = try recover(disk, small(fileBytes: 65536))
        #expect(rest.elementsEqual(found.prefix(2)))
        #expect(report.isDegraded)
        #expect(report.tornTail == nil)
        #expect(report.nextLSN > 4)
    }

    @Test func `a read that fails once is tried again`() throws {
        let (disk, _, found) = try disk(with: long)
        for first in 1...3 {
            let copy = disk.copy(seed: 1)
            copy.add(SimulatedFileSystem.Fault(.read, first: first, errno: SystemError.inputOutput))
            #expect(try recover(copy, mode: .strict).found == found)
        }
    }

    @Test func `a log that cannot be read at all is refused and left as it is`() throws {
        let (disk, _, _) = try disk(with: long)
        for kind: SimulatedFileSystem.Call in [.names, .open, .byteCount] {
            let copy = disk.copy(seed: 1)
            copy.add(SimulatedFileSystem.Fault(kind, first: 2 - (kind == .names ? 1 : 0), errno: 13))
            let error = #expect(throws: StorageError.self) { try recover(copy) }
            #expect(error?.code.description == "storage.log_unreadable")
            for sequence in 1...3 { #expect(copy.contents(path(sequence)) == disk.contents(path(sequence))) }
        }
    }

    @Test func `a newer format is refused with both numbers`() throws {
        let (disk, _, _) = try disk(with: long)
        var bytes = try #require(disk.contents(path(2)))
        for offset in [0, 2048] {
            bytes[offset + 4] = 7
            let checksum = CRC32C.checksum(bytes, in: offset..<offset + 60)
            for index in 0..<4 { bytes[offset + 60 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index)) }
        }
        disk.setContents(path(2), bytes)
        let error = StorageError.newerFormat(file: name(2), found: 7, supported: 1)
        for mode: LogRecovery.Mode in [.repair, .strict] {
            #expect(throws: error) { try recover(disk, mode: mode) }
        }
        #expect(error.description == "\(name(2)) has format 7, and this Tram reads up to 1")
        // A version that a flipped bit made is damage.
        bytes[4] = 8
        bytes[2048 + 4] = 8
        disk.setContents(path(2), bytes)
        #expect(try recover(disk).report.damages.map(\.reason) == [.header])
    }

    @Test(arguments: [UInt64.max, .max - 5, (1 << 62) + 1, 1 << 62, 0] as [UInt64])
    func `numbers at the end of their range stop nothing, though their checksums are right`(number: UInt64) throws {
        func put(_ number: UInt64, _ bytes: inout [UInt8], at offset: Int) {
            for index in 0..<8 { bytes[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
        }
        func putChecksum(_ checksum: UInt32, _ bytes: inout [UInt8], at offset: Int) {
            for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index)) }
        }
        let (disk, _, found) = try disk(with: long)
        for sequence in 1...3 {
            let bytes = try #require(disk.contents(path(sequence)))
            // The number of the first record, in both heads.
            var forged = bytes
            for head in [0, 2048] {
                put(number, &forged, at: head + 24)
                putChecksum(CRC32C.checksum(forged, in: head..<head + 60), &forged, at: head + 60)
            }
            let copy = disk.copy(seed: 1)
            copy.setContents(path(sequence), forged)
            #expect(try recover(copy).found.allSatisfy(found.contains))
            // The number of the first record in itself; its checksum begins with the epoch and the file's number.
            forged = bytes
            var seed = [UInt8](repeating: 0, count: 16)
            put(0x1234_5678_9abc_def0, &seed, at: 0)
            put(UInt64(sequence), &seed, at: 8)
            put(number, &forged, at: 4104)
            putChecksum(
                CRC32C.checksum(forged, in: 4100..<4128, after: CRC32C.checksum(seed)), &forged, at: 4096)
            copy.setContents(path(sequence), forged)
            let (report, rest) = try recover(copy, from: number)
            #expect(rest.allSatisfy(found.contains))
            #expect(report.nextLSN >= 6 || sequence == 3)
        }
        disk.setContents(folder + "/wal-18446744073709551615.log", [])
        let (report, rest) = try recover(disk)
        #expect(rest == found)
        #expect(report.strayNames == ["wal-18446744073709551615.log"])
    }

    @Test func `strangers in the folder are left alone, and unfinished files are removed`() throws {
        let (disk, _, found) = try disk(with: long)
        let strange = ["notes.txt", "wal-4.log", "wal-0000000000000000000x.log", name(9) + ".bak", "x.tmp"]
        for name in strange { disk.setContents(folder + "/" + name, [1, 2, 3]) }
        disk.setContents(folder + "/" + name(4) + ".tmp", [9])
        disk.setContents(folder + "/" + name(2) + ".tmp", [9])
        let (report, rest) = try recover(disk)
        #expect(rest == found)
        #expect(!report.isDegraded)
        #expect(report.strayNames == strange.sorted())
        #expect(report.removedFiles == [name(2) + ".tmp", name(4) + ".tmp"])
        let names = try disk.names(in: folder)
        #expect(names == (strange + (1...3).map(name)).sorted())
    }

    @Test(arguments: [UInt64](1...40))
    func `killed five times while recovering, the log is the same`(seed: UInt64) throws {
        let (disk, ledger, found) = try disk(with: long + [100, 200], seed: seed)
        var bytes = try #require(disk.contents(path(3)))
        let end = ends([500, 100, 200])[2]
        for index in end..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: index &* 7 &+ 1) }
        disk.setContents(path(3), bytes)
        disk.setContents(folder + "/" + name(4) + ".tmp", [9])
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<5 {
            disk.die(afterCalls: Int.random(in: 0..<40, using: &generator))
            if let report = try? recover(disk).report, let log = try? open(disk, report) {
                // Killed before anything was written.
                log.prepare()
            }
            if Bool.random(using: &generator) { disk.losePower() } else { disk.restart() }
        }
        let (report, rest) = try recover(disk, mode: .strict)
        #expect(rest == found)
        ledger.check(rest, "seed \(seed)")
        try goesOn(disk, report, rest)
    }
}

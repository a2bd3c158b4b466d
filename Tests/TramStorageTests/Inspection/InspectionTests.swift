import Testing
import TramColumnar
import TramStorage
import TramSystem
import TramTesting

/// One file, explained; whatever is in it.
@Suite struct InspectionTests {
    private static let folder = "data/city"

    /// Everything that can be said of a file, whatever it is.
    private func inspectAll(_ path: String, _ disk: SimulatedFileSystem) {
        _ = try? StoredFileKind.of(path, fileSystem: disk)
        _ = try? ManifestInspection(path, fileSystem: disk)
        _ = try? NamesInspection(path, fileSystem: disk)
        _ = try? LogInspection(path, fileSystem: disk) { _ in }
        _ = try? SegmentInspection(path, fileSystem: disk) { _ in }
        let names = StoredNames(inFolder: InspectionTests.folder + "/segments", fileSystem: disk)
        _ = try? SegmentInspection(path, names: names, fileSystem: disk) { _ in }
    }

    private func filled(_ disk: SimulatedFileSystem) throws -> [String] {
        let durable = try DurableStore(disk)
        let ids = try durable.series(2)
        for round in 0..<2 {
            let points = (0..<200).map { row in
                Point(
                    ids[row % 2], Int64(round * 200 + row) * 500_000_000,
                    ["v": .float(Double(row) / 4), "s": .string("t\(row % 3)"), "b": .bool(row % 5 == 0)])
            }
            _ = try durable.append(points)
            if round == 0 { try durable.store.seal() }
        }
        durable.store.close()
        let home = InspectionTests.folder
        let log = try disk.names(in: home + "/log").map { home + "/log/" + $0 }
        return [home + "/MANIFEST"] + log
            + (try disk.names(in: home + "/segments").map { home + "/segments/" + $0 })
    }

    @Test func `a segment shows its blocks, with names, times and what the fields hold`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let path = try #require(try filled(disk).first { $0.hasSuffix(".tseg") })
        let names = StoredNames(inFolder: InspectionTests.folder + "/segments", fileSystem: disk)
        var blocks: [InspectedBlock] = []
        let segment = try SegmentInspection(path, names: names, fileSystem: disk) { blocks.append($0) }
        #expect(segment.findings.isEmpty)
        #expect(segment.blocks == 2)
        #expect(segment.rows == 200)
        #expect(blocks.map(\.rows) == [100, 100])
        #expect(blocks.map { $0.key?.tags["n"] } == ["0", "1"])
        #expect(blocks[0].first == 0)
        #expect(blocks[0].last == 198 * 500_000_000)
        let fields = Dictionary(uniqueKeysWithValues: blocks[0].fields.map { ($0.name ?? "", $0) })
        #expect(Set(fields.keys) == ["v", "s", "b"])
        let value = try #require(fields["v"])
        #expect(value.type == .float)
        #expect(value.minimum == Double(0).bitPattern)
        #expect(value.maximum == 49.5.bitPattern)
        // 0 + 2 + … + 198 quarters, exactly: 2475.
        #expect("\(value.sum, default: "")".contains("exact(24750, scale: 1)"), "\(value)")
        #expect(fields["s"]?.sum == nil)
        #expect(blocks.allSatisfy { $0.findings.isEmpty })
    }

    @Test func `a log shows its records, a manifest its files, names what numbers mean`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let paths = try filled(disk)
        let log = try #require(paths.last { $0.hasSuffix(".log") })
        var records: [InspectedRecord] = []
        let inspection = try LogInspection(log, fileSystem: disk) { records.append($0) }
        #expect(inspection.findings.isEmpty)
        #expect(records.map(\.lsn) == [1, 2])
        #expect(records.first?.offset == 4096)
        guard case .rows(let rows) = records.first?.content else {
            Issue.record("the first record has rows")
            return
        }
        #expect(rows.measurements == ["air"])
        #expect(rows.rows == 200)
        #expect(rows.newSeries == 2)

        let manifest = try ManifestInspection(InspectionTests.folder + "/MANIFEST", fileSystem: disk)
        #expect(manifest.findings.isEmpty)
        #expect(manifest.lsn == 1)
        #expect(manifest.entries.map(\.kind) == [.names, .segment])
        for path in paths where path.hasSuffix(".tnam") {
            let names = try NamesInspection(path, fileSystem: disk)
            #expect(names.findings.isEmpty)
            #expect(names.series.count == 2)
            #expect(names.measurements.map(\.name) == ["air"])
            #expect(names.texts.contains("t2"))
            #expect(try StoredFileKind.of(path, fileSystem: disk) == .names)
        }
        #expect(try StoredFileKind.of(log, fileSystem: disk) == .log)
    }

    @Test func `behind damage the next records and blocks are shown`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let paths = try filled(disk)
        let log = try #require(paths.last { $0.hasSuffix(".log") })
        disk.flip(bit: 0, at: 4096 + 32 + 5, in: log)
        var lsns: [LSN] = []
        let inspection = try LogInspection(log, fileSystem: disk) { lsns.append($0.lsn) }
        #expect(lsns == [2])
        #expect(inspection.findings.map(\.weight) == [.loss])
        #expect(inspection.findings.first?.offset == 4096)
        let segment = try #require(paths.first { $0.hasSuffix(".tseg") })
        disk.flip(bit: 0, at: 64 + 20, in: segment)
        var isWhole: [Bool] = []
        _ = try SegmentInspection(segment, fileSystem: disk) { isWhole.append($0.findings.isEmpty) }
        #expect(isWhole == [false, true])
    }

    @Test(arguments: UInt64(0)..<8)
    func `random bytes, cut files and files with many wrong bytes trap nothing`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let disk = SimulatedFileSystem(seed: seed)
        let paths = try filled(disk)
        for path in paths {
            let whole = try #require(disk.contents(path))
            for _ in 0..<30 {
                var bytes = whole
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes = Array(bytes.prefix(Int.random(in: 0...whole.count, using: &generator)))
                case 1:
                    for _ in 0..<Int.random(in: 1...200, using: &generator) where !bytes.isEmpty {
                        let place = Int.random(in: bytes.indices, using: &generator)
                        bytes[place] = .random(in: 0...255, using: &generator)
                    }
                default:
                    bytes = (0..<Int.random(in: 0...5000, using: &generator)).map { _ in
                        .random(in: 0...255, using: &generator)
                    }
                    // With a beginning that is right, more of the rest is looked at.
                    let kept = min(bytes.count, whole.count, Int.random(in: 0...128, using: &generator))
                    bytes.replaceSubrange(0..<kept, with: whole[..<kept])
                }
                disk.setContents(path, bytes)
                inspectAll(path, disk)
                var check = StoreCheck(folder: InspectionTests.folder, fileSystem: disk)
                #expect(try !check.run().isEmpty)
            }
            disk.setContents(path, whole)
        }
    }

    /// Checksums keep most random bytes out; these get in.
    @Test(arguments: UInt64(0)..<8)
    func `wrong numbers under right checksums trap nothing`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed &+ 100)
        let disk = SimulatedFileSystem(seed: seed)
        let paths = try filled(disk)
        func seal(_ bytes: inout [UInt8], _ range: Range<Int>, at place: Int, after before: UInt32 = 0) {
            guard range.upperBound <= bytes.count, place + 4 <= bytes.count else { return }
            let checksum = CRC32C.checksum(bytes, in: range, after: before)
            for byte in 0..<4 { bytes[place + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * byte)) }
        }
        for path in paths where !path.hasSuffix(".log") {
            let whole = try #require(disk.contents(path))
            for _ in 0..<200 {
                var bytes = whole
                let heads = path.hasSuffix(".tseg") ? [0, 64, whole.count - 64] : [0, whole.count / 2]
                let head = heads.randomElement(using: &generator) ?? 0
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let place = head + Int.random(in: 6..<56, using: &generator)
                    bytes[place] =
                        [0, 1, 0x7f, 0x80, 0xff, .random(in: 0...255, using: &generator)]
                        .randomElement(using: &generator) ?? 0
                }
                if path.hasSuffix(".tseg"), head == 64 {
                    let fields = Int(bytes[64 + 10]) | Int(bytes[64 + 11]) << 8
                    let entries = 64 + 48..<64 + 48 + fields * (bytes[67] == 1 ? 64 : 6)
                    guard entries.upperBound <= bytes.count else { continue }
                    seal(&bytes, entries, at: 64 + 44, after: CRC32C.checksum(bytes, in: 64..<64 + 44))
                } else {
                    seal(&bytes, head..<head + 60, at: head + 60)
                }
                disk.setContents(path, bytes)
                inspectAll(path, disk)
                var check = StoreCheck(folder: InspectionTests.folder, fileSystem: disk)
                #expect(try !check.run().isEmpty)
                _ = try? Store(lookingAt: InspectionTests.folder, fileSystem: disk)
            }
            disk.setContents(path, whole)
        }
    }
}

import Glibc
import Testing
import TramSystem
import TramTesting

/// The disk that the tests of storage trust must not be kinder than a real one.
@Suite struct SimulatedFileSystemTests {
    private let sector = 512

    private func disk(_ seed: UInt64) throws -> (SimulatedFileSystem, any StoredFile) {
        let disk = SimulatedFileSystem(seed: seed)
        try disk.createFolder("d")
        try disk.syncFolder("")
        let file = try disk.open("d/f", .create)
        try disk.syncFolder("d")
        return (disk, file)
    }

    @Test func `what is synced survives, and of the rest every sector goes its own way`() throws {
        var outcomes: Set<[UInt8]> = []
        for seed in UInt64(1)...60 {
            let (disk, file) = try disk(seed)
            try file.write([[UInt8](repeating: 1, count: 4 * sector)], at: 0)
            try file.sync()
            try file.write([[UInt8](repeating: 2, count: sector)], at: 0)
            try file.write([[UInt8](repeating: 3, count: 2 * sector)], at: sector)
            disk.losePower()
            let bytes = try #require(disk.contents("d/f"))
            #expect(bytes.count == 4 * sector)
            #expect(bytes[(3 * sector)...].allSatisfy { $0 == 1 })
            let sectors = (0..<3).map { bytes[$0 * sector] }
            for number in 0..<3 {
                #expect(bytes[number * sector..<(number + 1) * sector].allSatisfy { $0 == sectors[number] })
            }
            outcomes.insert(sectors)
        }
        #expect(outcomes == Set([1, 2].flatMap { a in [1, 3].flatMap { b in [1, 3].map { c in [a, b, c] } } }))
    }

    @Test func `a name is durable when its folder is synced, and not before`() throws {
        var outcomes: Set<[String]> = []
        for seed in UInt64(1)...40 {
            let (disk, _) = try disk(seed)
            _ = try disk.open("d/new", .create)
            try disk.rename("d/f", to: "d/g")
            disk.losePower()
            outcomes.insert(try disk.names(in: "d"))
        }
        #expect(outcomes == [["f"], ["g"], ["f", "new"], ["g", "new"]])
        let (disk, _) = try disk(1)
        try disk.rename("d/f", to: "d/g")
        try disk.syncFolder("d")
        disk.losePower()
        #expect(try disk.names(in: "d") == ["g"])
    }

    @Test func `after a failed sync reads give what the disk may have lost, and a second sync proves nothing`() throws {
        var outcomes: Set<UInt8> = []
        for seed in UInt64(1)...40 {
            let (disk, file) = try disk(seed)
            try file.write([[1]], at: 0)
            try file.sync()
            try file.write([[2]], at: 0)
            disk.add(SimulatedFileSystem.Fault(.sync, errno: EIO))
            #expect(throws: SystemError(errno: EIO, call: "sync", path: "d/f")) { try file.sync() }
            var bytes: [UInt8] = [0]
            _ = try file.read(into: &bytes, 0..<1, at: 0)
            #expect(bytes == [2])
            disk.losePower()
            outcomes.insert(try #require(disk.contents("d/f")?.first))
        }
        #expect(outcomes == [1, 2])
    }

    @Test func `the call that is to fail fails, and no other`() throws {
        let (disk, file) = try disk(1)
        disk.add(SimulatedFileSystem.Fault(.write, first: 2, count: 2, errno: EIO))
        let fails = (0..<5).map { _ in (try? file.write([[1]], at: 0)) == nil }
        #expect(fails == [false, true, true, false, false])
    }

    @Test func `a full disk takes a part, then nothing, and all when room is made`() throws {
        let (disk, file) = try disk(1)
        disk.setCapacity(10)
        #expect(try file.writeOnce([[UInt8](repeating: 1, count: 16)], skipping: 0, at: 0) == 10)
        #expect(throws: SystemError(errno: ENOSPC, call: "write", path: "d/f")) { try file.write([[1]], at: 10) }
        #expect(try disk.freeBytes(in: "d") == 0)
        try file.write([[2]], at: 3)
        #expect(throws: SystemError(errno: ENOSPC, call: "preallocate", path: "d/f")) {
            try file.preallocate(byteCount: 11)
        }
        disk.setCapacity(20)
        try file.write([[1]], at: 10)
        #expect(disk.usedBytes == 11)
    }

    @Test func `a dead process changes nothing more, and its files stay closed after the restart`() throws {
        let (disk, file) = try disk(1)
        try file.write([[1]], at: 0)
        disk.die(afterCalls: 1)
        _ = try file.byteCount()
        #expect(!(disk.isDead && disk.callCount == 0))
        #expect(throws: SystemError.self) { try file.write([[2]], at: 0) }
        #expect(throws: SystemError.self) { try disk.remove("d/f") }
        disk.restart()
        #expect(disk.contents("d/f") == [1])
        #expect(throws: SystemError(errno: ESTALE, call: "write", path: "d/f")) { try file.write([[2]], at: 0) }
    }

    @Test func `a read may give one bit the wrong way round`() throws {
        let (disk, file) = try disk(1)
        try file.write([[1, 1]], at: 0)
        disk.flip(bit: 2, at: 1, in: "d/f")
        var bytes: [UInt8] = [0, 0]
        _ = try file.read(into: &bytes, 0..<2, at: 0)
        #expect(bytes == [1, 5])
        #expect(disk.contents("d/f") == [1, 1])
    }
}

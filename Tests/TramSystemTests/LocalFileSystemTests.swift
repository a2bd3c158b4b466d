import Glibc
import Testing
import TramSystem
import TramTesting

@Suite struct LocalFileSystemTests {
    private let system = LocalFileSystem()

    private func contents(_ path: String) throws -> [UInt8] { try File.open(path).readToEnd(limit: 1 << 20) }

    private func number(_ body: () throws -> Void) -> Int32? {
        do { try body() } catch { return (error as? SystemError)?.errno }
        return nil
    }

    @Test func `many pieces are written as one, at any offset`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/f"
        let file = try system.open(path, .create)
        // More than fit into one call, empty ones among them.
        let pieces = (0..<300).map { number in [UInt8](repeating: UInt8(number % 251), count: number % 7 * 100) }
        try file.write(pieces, at: 0)
        #expect(try contents(path) == Array(pieces.joined()))
        try file.write([[1, 2], [], [3]], at: 2)
        #expect(try contents(path).prefix(5) == Array(pieces.joined().prefix(2)) + [1, 2, 3])
        #expect(try file.writeOnce([[9, 8, 7], [6]], skipping: 2, at: 0) == 2)
        #expect(try contents(path).prefix(2) == [7, 6])
        try file.write([], at: 0)
        try file.sync()
        var bytes = [UInt8](repeating: 0, count: 10)
        #expect(try file.read(into: &bytes, 3..<6, at: 2) == 3)
        #expect(bytes == [0, 0, 0, 1, 2, 3, 0, 0, 0, 0])
        let end = try file.byteCount()
        #expect(try file.read(into: &bytes, 0..<10, at: end - 4) == 4)
        #expect(try file.read(into: &bytes, 0..<10, at: end) == 0)
    }

    @Test func `reserved room is zeros, and what is there stays`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/f"
        let file = try system.open(path, .replace)
        try file.write([[5]], at: 0)
        try file.preallocate(byteCount: 5000)
        #expect(try contents(path) == [5] + [UInt8](repeating: 0, count: 4999))
        try file.preallocate(byteCount: 100)
        #expect(try file.byteCount() == 5000)
        try file.truncate(to: 1)
        #expect(try contents(path) == [5])
        _ = try system.open(path, .replace)
        #expect(try file.byteCount() == 0)
    }

    @Test func `what a file is opened for is what can be done`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/f"
        #expect(number { _ = try system.open(path, .read) } == ENOENT)
        #expect(number { _ = try system.open(path, .update) } == ENOENT)
        _ = try system.open(path, .create)
        #expect(number { _ = try system.open(path, .create) } == EEXIST)
        #expect(number { try system.open(path, .read).write([[1]], at: 0) } == EBADF)
        try system.open(path, .update).write([[1]], at: 0)
        #expect(try contents(path) == [1])
    }

    @Test func `files get other names, second names and no names`() throws {
        let folder = try TemporaryFolder()
        let (a, b, c) = (folder.path + "/a", folder.path + "/b", folder.path + "/c")
        try system.open(a, .create).write([[1]], at: 0)
        try system.open(b, .create).write([[2]], at: 0)
        try system.rename(a, to: b)
        #expect(try contents(b) == [1])
        try system.link(b, as: c)
        #expect(number { try system.link(b, as: c) } == EEXIST)
        try system.syncFolder(folder.path)
        #expect(try system.names(in: folder.path) == ["b", "c"])
        try system.remove(b)
        #expect(try contents(c) == [1])
        #expect(number { try system.remove(b) } == ENOENT)
        #expect(number { try system.rename(b, to: a) } == ENOENT)
        #expect(number { try system.syncFolder(b) } == ENOENT)
        #expect(try system.freeBytes(in: folder.path) > 0)
        #expect(number { _ = try system.freeBytes(in: b) } == ENOENT)
    }

    @Test func `a path with a NUL names no other file`() throws {
        let folder = try TemporaryFolder()
        let (good, bad) = (folder.path + "/a", folder.path + "/a\0b")
        _ = try system.open(good, .create)
        for attempt: () throws -> Void in [
            { _ = try system.open(bad, .replace) }, { try system.rename(good, to: bad) },
            { try system.rename(bad, to: good) }, { try system.link(good, as: bad) }, { try system.remove(bad) },
            { try system.syncFolder(bad) }, { _ = try system.freeBytes(in: bad) },
        ] { #expect(number(attempt) == EINVAL) }
        #expect(try system.names(in: folder.path) == ["a"])
    }
}

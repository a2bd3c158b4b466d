import Glibc
import Testing
import TramSystem

/// A file in the temporary folder, removed at the end.
private final class TemporaryFile: Sendable {
    let path: String

    init(_ bytes: [UInt8]) throws {
        var template = Array("/tmp/tram-system-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try #require(descriptor >= 0)
        try StandardStream.output.write(bytes, to: descriptor)
        _ = close(descriptor)
    }

    deinit { _ = unsafe unlink(path) }
}

private func read(_ file: borrowing File, _ count: Int, at offset: Int) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    let done = try file.read(into: &span, at: offset)
    return Array(bytes[..<done])
}

@Suite struct FileTests {
    private let text = Array("air,station=a pm=1 1\nair,station=b pm=2 2\n".utf8)

    @Test func `a file is read in order to its end`() throws {
        let temporary = try TemporaryFile(text)
        let file = try File.open(temporary.path)
        var bytes = [UInt8](repeating: 0, count: 7)
        var all: [UInt8] = []
        while true {
            var span = bytes.mutableSpan
            let count = try file.read(into: &span)
            if count == 0 { break }
            all += bytes[..<count]
        }
        #expect(all == text)
        let byteCount = try file.byteCount()
        let isRegular = try file.isRegular()
        #expect(byteCount == text.count)
        #expect(isRegular)
    }

    @Test func `a read at an offset leaves the place of the next read alone`() throws {
        let temporary = try TemporaryFile(text)
        let file = try File.open(temporary.path)
        let middle = try read(file, 3, at: 4)
        let tail = try read(file, 100, at: 30)
        let beyond = try read(file, 100, at: 1000)
        #expect(middle == Array(text[4..<7]))
        #expect(tail == Array(text[30...]))
        #expect(beyond == [])
        let error = SystemError(errno: EINVAL, call: "pread", path: temporary.path)
        #expect(throws: error) { try read(try File.open(temporary.path), 1, at: -1) }
        let all = try file.readToEnd(limit: text.count)
        #expect(all == text)
    }

    @Test func `more bytes than the limit are refused`() throws {
        let temporary = try TemporaryFile(text)
        #expect(throws: SystemError(errno: EFBIG, call: "read", path: temporary.path)) {
            try File.open(temporary.path).readToEnd(limit: text.count - 1)
        }
    }

    @Test func `what cannot be opened says why in English`() {
        #expect(throws: SystemError(errno: ENOENT, call: "open", path: "/no/such/feed.lp")) {
            _ = try File.open("/no/such/feed.lp")
        }
        #expect(throws: SystemError(errno: EINVAL, call: "open", path: "a\0b")) { _ = try File.open("a\0b") }
        let error = SystemError(errno: ENOENT, call: "open", path: "feed.lp")
        #expect(error.description == "feed.lp: open: No such file or directory")
        #expect(error.isNoSuchFile)
    }

    @Test func `a folder opens and does not read`() {
        #expect(throws: SystemError(errno: EISDIR, call: "read", path: "/tmp")) {
            try File.open("/tmp").readToEnd(limit: 1)
        }
    }

    @Test(arguments: [0, 1, 4096, 100_001])
    func `a mapped file has the bytes of the file`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let temporary = try TemporaryFile(bytes)
        let mapped = try File.open(temporary.path).map()
        let byteCount = mapped.byteCount
        #expect(byteCount == count)
        let copy = mapped.withBytes { span in
            (0..<span.byteCount).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }
        #expect(copy == bytes)
    }

    @Test func `what is no plain file is not mapped`() {
        #expect(throws: SystemError(errno: ENODEV, call: "mmap", path: "/dev/null")) {
            _ = try File.open("/dev/null").map()
        }
    }
}

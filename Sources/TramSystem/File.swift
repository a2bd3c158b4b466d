internal import Glibc

/// An open file or standard input, for reading. Closed when it goes out of scope.
public struct File: ~Copyable, Sendable {
    private let descriptor: Int32
    private let isOwned: Bool
    /// As given to `open`, or `standard input`.
    public let path: String

    private init(descriptor: Int32, isOwned: Bool, path: String) {
        self.descriptor = descriptor
        self.isOwned = isOwned
        self.path = path
    }

    /// Opens `path` for reading. Links are followed.
    ///
    /// - Throws: the kernel's reason; `EINVAL` for a path with a NUL byte.
    public static func open(_ path: String) throws(SystemError) -> File {
        guard !path.utf8.contains(0) else { throw SystemError(errno: EINVAL, call: "open", path: path) }
        while true {
            let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
            if descriptor >= 0 { return File(descriptor: descriptor, isOwned: true, path: path) }
            if errno != EINTR { throw SystemError(errno: errno, call: "open", path: path) }
        }
    }

    /// What is piped in. It is read to its end once and not closed.
    public static func standardInput() -> File {
        File(descriptor: STDIN_FILENO, isOwned: false, path: "standard input")
    }

    deinit {
        // Nothing was written, so a failing close loses nothing.
        if isOwned { _ = Glibc.close(descriptor) }
    }

    /// Bytes in the file now. 0 for pipes, terminals and what the kernel makes up while it is read, such as files of
    /// /proc.
    public func byteCount() throws(SystemError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw SystemError(errno: errno, call: "fstat", path: path) }
        return Int(status.st_size)
    }

    /// Equal for a file that nobody has touched; another one when it was written or replaced.
    public struct Stamp: Hashable, Sendable {
        var inode: UInt64
        var byteCount: Int64
        var seconds: Int
        var nanoseconds: Int
    }

    /// By what a file is seen to have changed.
    public func stamp() throws(SystemError) -> Stamp {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw SystemError(errno: errno, call: "fstat", path: path) }
        return Stamp(
            inode: UInt64(status.st_ino), byteCount: Int64(status.st_size), seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec)
    }

    /// Whether this is a plain file: it has a size, can be read at any offset and can be mapped.
    public func isRegular() throws(SystemError) -> Bool {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw SystemError(errno: errno, call: "fstat", path: path) }
        return status.st_mode & S_IFMT == S_IFREG
    }

    /// Reads what comes next, up to the length of `buffer`; a pipe may give less than that before its end.
    ///
    /// - Returns: bytes read; 0 at the end, and for an empty buffer.
    public func read(into buffer: inout MutableSpan<UInt8>) throws(SystemError) -> Int {
        guard buffer.count > 0 else { return 0 }
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe Glibc.read(descriptor, bytes.baseAddress, bytes.count)
            }
            if count >= 0 { return count }
            if errno != EINTR { throw SystemError(errno: errno, call: "read", path: path) }
        }
    }

    /// Reads from byte `offset` until `buffer` is full or the file ends; the place of `read(into:)` does not move.
    ///
    /// - Returns: bytes read, fewer than asked for only at the end of the file.
    /// - Throws: `EINVAL` for a negative offset, `ESPIPE` for pipes and terminals.
    public func read(into buffer: inout MutableSpan<UInt8>, at offset: Int) throws(SystemError) -> Int {
        var done = 0
        while done < buffer.count {
            let (position, overflow) = offset.addingReportingOverflow(done)
            guard !overflow else { throw SystemError(errno: EINVAL, call: "pread", path: path) }
            let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
                return unsafe pread(descriptor, rest.baseAddress, rest.count, position)
            }
            if count == 0 { return done }
            if count > 0 {
                done += count
            } else if errno != EINTR {
                throw SystemError(errno: errno, call: "pread", path: path)
            }
        }
        return done
    }

    /// Everything from here to the end.
    ///
    /// - Throws: `EFBIG` when there are more than `limit` bytes.
    public func readToEnd(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            var span = chunk.mutableSpan
            let count = try read(into: &span)
            if count == 0 { return bytes }
            guard count <= limit - bytes.count else { throw SystemError(errno: EFBIG, call: "read", path: path) }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// The file's bytes as memory, for reading.
    ///
    /// - Throws: `ENODEV` for what is no plain file.
    public func map() throws(SystemError) -> MappedFile {
        guard try isRegular() else { throw SystemError(errno: ENODEV, call: "mmap", path: path) }
        return try MappedFile(descriptor: descriptor, byteCount: byteCount(), path: path)
    }
}

internal import CTramSystem
internal import Glibc

/// The file system of the machine.
public struct LocalFileSystem: FileSystem {
    public init() {}

    public func open(_ path: String, _ mode: OpenMode) throws(SystemError) -> any StoredFile {
        let flags =
            switch mode {
            case .read: O_RDONLY
            case .update: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            case .replace: O_RDWR | O_CREAT | O_TRUNC
            }
        return LocalFile(
            descriptor: try call("open", path) { unsafe Glibc.open(path, flags | O_CLOEXEC, 0o644) }, path: path)
    }

    public func names(in folder: String) throws(SystemError) -> [String] { try Directory.names(in: folder) }

    public func createFolder(_ path: String) throws(SystemError) { try Directory.create(path) }

    public func rename(_ path: String, to newPath: String) throws(SystemError) {
        try check(newPath, "rename")
        try call("rename", path) { unsafe Glibc.rename(path, newPath) }
    }

    public func link(_ path: String, as newPath: String) throws(SystemError) {
        try check(newPath, "link")
        try call("link", path) { unsafe Glibc.link(path, newPath) }
    }

    public func remove(_ path: String) throws(SystemError) {
        try call("unlink", path) { unsafe unlink(path) }
    }

    public func syncFolder(_ path: String) throws(SystemError) {
        let descriptor = try call("open", path) { unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        defer { _ = close(descriptor) }
        try call("fsync", path) { fsync(descriptor) }
    }

    public func freeBytes(in folder: String) throws(SystemError) -> Int {
        var figures = statvfs()
        try call("statvfs", folder) { unsafe statvfs(folder, &figures) }
        let (bytes, overflow) = UInt64(figures.f_bavail).multipliedReportingOverflow(by: UInt64(figures.f_frsize))
        return overflow ? Int.max : Int(clamping: bytes)
    }
}

private func check(_ path: String, _ name: String) throws(SystemError) {
    // Such a path would be cut at the NUL and name another file.
    guard !path.utf8.contains(0) else { throw SystemError(errno: EINVAL, call: name, path: path) }
}

/// Makes a call to the kernel, again while a signal interrupts it; throws when it answers below zero.
@discardableResult
private func call<Answer: SignedInteger>(
    _ name: String, _ path: String, _ body: () -> Answer
) throws(SystemError) -> Answer {
    try check(path, name)
    while true {
        let answer = body()
        if answer >= 0 { return answer }
        if errno != EINTR { throw SystemError(errno: errno, call: name, path: path) }
    }
}

private final class LocalFile: StoredFile {
    private let descriptor: Int32
    let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        // What had to be durable was synced, and after that a failing close loses nothing.
        _ = close(descriptor)
    }

    func byteCount() throws(SystemError) -> Int {
        var status = stat()
        try call("fstat", path) { unsafe fstat(descriptor, &status) }
        return Int(status.st_size)
    }

    func readOnce(into bytes: inout [UInt8], _ range: Range<Int>, at offset: Int) throws(SystemError) -> Int {
        try call("pread", path) {
            unsafe bytes.withUnsafeMutableBytes { all in
                let place = unsafe UnsafeMutableRawBufferPointer(rebasing: all[range])
                return unsafe pread(descriptor, place.baseAddress, place.count, offset)
            }
        }
    }

    func writeOnce(_ pieces: ArraySlice<[UInt8]>, skipping: Int, at offset: Int) throws(SystemError) -> Int {
        try call("pwritev", path) {
            var vectors = unsafe [iovec]()
            unsafe vectors.reserveCapacity(min(pieces.count, LocalFile.maximumPieces))
            return unsafe LocalFile.withPointers(pieces, skipping, &vectors) { vectors in
                unsafe pwritev(descriptor, vectors, Int32(vectors.count), offset)
            }
        }
    }

    /// How many pieces go into one call. The kernel takes 1,024; each is a stack frame here.
    private static let maximumPieces = 64

    /// Hands the addresses of the first pieces to `body`. An array's address holds inside its own closure alone, so the
    /// closures are nested.
    private static func withPointers(
        _ pieces: ArraySlice<[UInt8]>, _ skipping: Int, _ vectors: inout [iovec], _ body: (inout [iovec]) -> Int
    ) -> Int {
        guard let first = pieces.first, unsafe vectors.count < maximumPieces else { return unsafe body(&vectors) }
        return unsafe first.withUnsafeBytes { bytes in
            let rest = unsafe bytes.dropFirst(skipping)
            let start = unsafe UnsafeMutableRawPointer(mutating: UnsafeRawBufferPointer(rebasing: rest).baseAddress)
            unsafe vectors.append(iovec(iov_base: start, iov_len: rest.count))
            return unsafe withPointers(pieces.dropFirst(), 0, &vectors, body)
        }
    }

    func preallocate(byteCount: Int) throws(SystemError) {
        while true {
            let reason = tram_preallocate(descriptor, Int64(byteCount))
            switch reason {
            case 0: return
            case EINTR: continue
            case EOPNOTSUPP:
                if try self.byteCount() < byteCount { try truncate(to: byteCount) }
                return
            default: throw SystemError(errno: reason, call: "fallocate", path: path)
            }
        }
    }

    func truncate(to byteCount: Int) throws(SystemError) {
        try call("ftruncate", path) { ftruncate(descriptor, byteCount) }
    }

    func image() throws(SystemError) -> FileImage {
        FileImage(try MappedFile(descriptor: descriptor, byteCount: byteCount(), path: path))
    }

    func sync() throws(SystemError) {
        try call("fdatasync", path) { fdatasync(descriptor) }
    }
}

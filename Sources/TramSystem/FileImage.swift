/// A whole file's bytes, read-only and shared: mapped from a disk, or in memory where a test's file system has no disk.
///
/// Pages of a mapped file are read when they are touched, and the kernel may drop them again. A disk that cannot give
/// one stops the process (SIGBUS), so what has to be told apart from that is read with `StoredFile.read`.
@safe public final class FileImage: Sendable {
    private let mapped: MappedFile?
    // Written by init alone and freed by deinit, so any thread may read it.
    private nonisolated(unsafe) let copy: UnsafeMutableRawBufferPointer

    init(_ mapped: consuming MappedFile) {
        byteCount = mapped.byteCount
        self.mapped = consume mapped
        unsafe copy = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Bytes that are in memory.
    public init(_ bytes: [UInt8]) {
        mapped = nil
        byteCount = bytes.count
        unsafe copy = .allocate(byteCount: bytes.count, alignment: 16)
        unsafe copy.copyBytes(from: bytes)
    }

    deinit { unsafe copy.deallocate() }

    public let byteCount: Int

    /// Hands the bytes to `body`; the span checks every access.
    public func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch mapped {
        case .some(let file): return try file.withBytes(body)
        case .none:
            let bytes = unsafe UnsafeRawBufferPointer(copy)
            return try unsafe body(bytes.bytes)
        }
    }
}

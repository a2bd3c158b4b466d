internal import Glibc

/// A plain file's bytes as memory, read-only, as many as it had when it was mapped. Unmapped when it goes out of scope.
///
/// For files that only Tram writes, or that are replaced and never cut: when another process makes a mapped file
/// shorter, reading past its new end is a fault that stops this process. Feeds of others are read with `File.read`.
@safe public struct MappedFile: ~Copyable, Sendable {
    // The pages are never written and stay mapped until deinit, so any thread may read them.
    private nonisolated(unsafe) let base: UnsafeMutableRawPointer?
    public let byteCount: Int

    init(descriptor: Int32, byteCount: Int, path: String) throws(SystemError) {
        self.byteCount = byteCount
        // The kernel maps no empty range; an empty file has no base.
        guard byteCount > 0 else {
            unsafe base = nil
            return
        }
        let mapped = unsafe mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let mapped = unsafe mapped, unsafe mapped != UnsafeMutableRawPointer(bitPattern: -1) else {
            throw SystemError(errno: errno, call: "mmap", path: path)
        }
        unsafe base = mapped
    }

    deinit {
        if let base = unsafe base { _ = unsafe munmap(base, byteCount) }
    }

    /// Hands the bytes to `body`; the span checks every access.
    public func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = unsafe UnsafeRawBufferPointer(start: base, count: byteCount)
        return try unsafe body(bytes.bytes)
    }
}

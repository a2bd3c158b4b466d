internal import Glibc

/// The right of one process to a directory, held until it is dropped or the process ends, however it ends.
///
/// An advisory lock on the file `LOCK` in it, which also names the holder. (flock(2): the kernel lets go of it with the
/// last descriptor, so a dead process leaves no lock behind.)
public final class DirectoryLock: Sendable {
    /// Why the lock could not be had.
    public enum Failure: Error, Equatable, Sendable {
        /// Another process has it; its number, where the file tells.
        case held(by: Int32?)
        case system(SystemError)
    }

    private let descriptor: Int32

    /// Locks a directory that is there.
    public init(directory: String) throws(Failure) {
        let path = directory + "/LOCK"
        guard !path.utf8.contains(0) else { throw .system(SystemError(errno: EINVAL, call: "open", path: path)) }
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(SystemError(errno: errno, call: "open", path: path)) }
        try DirectoryLock.take(LOCK_EX, descriptor, path)
        self.descriptor = descriptor
        let text = "\(getpid())\n"
        // The name of the holder is a courtesy: the lock holds without it.
        _ = ftruncate(descriptor, 0)
        _ = unsafe text.utf8CString.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, text.utf8.count, 0) }
    }

    /// Keeps others from locking a directory while it is only looked at, and changes nothing in it. Any number of
    /// processes may look at once. Where there is no `LOCK` nobody has the directory, and none is made: it may be
    /// read-only.
    public init(lookingAt directory: String) throws(Failure) {
        let path = directory + "/LOCK"
        guard !path.utf8.contains(0) else { throw .system(SystemError(errno: EINVAL, call: "open", path: path)) }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw .system(SystemError(errno: errno, call: "open", path: path)) }
            self.descriptor = -1
            return
        }
        try DirectoryLock.take(LOCK_SH, descriptor, path)
        self.descriptor = descriptor
    }

    /// Takes the lock without waiting; a descriptor that does not get it is closed.
    private static func take(_ kind: Int32, _ descriptor: Int32, _ path: String) throws(Failure) {
        while flock(descriptor, kind | LOCK_NB) != 0 {
            let reason = errno
            if reason == EINTR { continue }
            let holder = reason == EWOULDBLOCK ? holder(descriptor) : nil
            _ = close(descriptor)
            throw reason == EWOULDBLOCK
                ? .held(by: holder) : .system(SystemError(errno: reason, call: "flock", path: path))
        }
    }

    deinit {
        if descriptor >= 0 { _ = close(descriptor) }
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes[..<count], as: UTF8.self).prefix { $0.isNumber })
    }
}

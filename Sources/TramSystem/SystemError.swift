internal import Glibc

/// A call to the kernel that failed: which one, on what, and why.
public struct SystemError: Error, Equatable, Sendable {
    public var errno: Int32
    public var call: String
    /// The file, or the name of the stream: `standard output`.
    public var path: String

    public init(errno: Int32, call: String, path: String) {
        self.errno = errno
        self.call = call
        self.path = path
    }

    /// Nobody reads the other end any more, as in `tram query … | head`: a reason to stop, not to complain.
    public var isBrokenPipe: Bool { errno == EPIPE }

    public var isNoSuchFile: Bool { errno == ENOENT }
}

extension SystemError: CustomStringConvertible {
    /// `feed.lp: open: No such file or directory`
    public var description: String { "\(path): \(call): \(reason)" }

    /// `No such file or directory`
    public var reason: String {
        // glibc's strerror is safe from any thread since 2.32 and speaks English unless setlocale is called.
        guard let text = unsafe strerror(errno) else { return "error \(errno)" }
        return unsafe String(cString: text)
    }
}

extension SystemError {
    /// The disk, or this user's share of it, is full.
    public var isOutOfSpace: Bool { errno == ENOSPC || errno == EDQUOT }

    /// Bytes cannot be had from the disk or brought to it.
    public var isInputOutput: Bool { errno == EIO }

    /// `EIO`, for callers that know no errno of their own.
    public static let inputOutput: Int32 = EIO
    /// `ENOMEM`, for callers that know no errno of their own.
    public static let outOfMemory: Int32 = ENOMEM
}

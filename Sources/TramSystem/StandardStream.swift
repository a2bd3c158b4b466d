internal import Glibc

/// Where the program prints to.
public enum StandardStream: Sendable {
    case output
    case error

    private var descriptor: Int32 {
        switch self {
        case .output: STDOUT_FILENO
        case .error: STDERR_FILENO
        }
    }

    private var name: String {
        switch self {
        case .output: "standard output"
        case .error: "standard error"
        }
    }

    /// Whether a person reads it, so that colour and lines that overwrite each other make sense.
    public var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Columns of the terminal; nil when the stream is none or the terminal does not say.
    ///
    /// - Parameter variable: the value of `COLUMNS` when it is set; a whole number in 1...10,000 goes before the
    ///   terminal's own word.
    public func columns(variable: String?) -> Int? {
        if let variable, let columns = Int(variable), (1...10_000).contains(columns) { return columns }
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Writes every byte, however many calls that takes; waits while the reader is slow.
    ///
    /// - Throws: the kernel's reason. With `ignoreBrokenPipeSignal` called before, a reader that went away is an error
    ///   whose `isBrokenPipe` is true; without it the process ends.
    public func write(_ bytes: [UInt8]) throws(SystemError) {
        try write(bytes, to: descriptor)
    }

    /// Writes the UTF-8 of `text`, as `write` of bytes does.
    public func write(_ text: String) throws(SystemError) {
        try write(Array(text.utf8))
    }

    /// The whole of `write`, for any descriptor; tests give it a pipe.
    package func write(_ bytes: [UInt8], to descriptor: Int32) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { all in
                unsafe Glibc.write(descriptor, all.baseAddress?.advanced(by: done), all.count - done)
            }
            if count >= 0 {
                done += count
            } else if errno == EAGAIN {
                // Whoever shares the terminal or pipe made it non-blocking: wait until it takes bytes again.
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&entry, 1, -1)
            } else if errno != EINTR {
                throw SystemError(errno: errno, call: "write", path: name)
            }
        }
    }

    /// From now on a write to a closed pipe fails with an error instead of ending the process. Call it once, at the
    /// start.
    public static func ignoreBrokenPipeSignal() {
        _ = signal(SIGPIPE, SIG_IGN)
    }
}

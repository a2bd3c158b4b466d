internal import CTramSystem
internal import Glibc

/// A thread of one's own, for work that blocks: a sync takes as long as the disk wants, and Swift's tasks must not
/// wait.
@safe public final class SystemThread: Sendable {
    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    private let thread: pthread_t
    private let hasEnded = Monitor(false)

    /// Starts `run`.
    ///
    /// - Parameter name: for `top -H` and debuggers; the first 15 bytes show.
    /// - Throws: `EAGAIN` when the process may have no more threads.
    public init(name: String, run: @escaping @Sendable () -> Void) throws(SystemError) {
        let hasEnded = hasEnded
        let body = Body(name: String(decoding: name.utf8.prefix(15), as: UTF8.self)) {
            run()
            hasEnded.withLock { $0 = true }
            hasEnded.wake()
        }
        let box = unsafe Unmanaged.passRetained(body)
        var thread = pthread_t()
        let reason = unsafe pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer = unsafe pointer else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue()
                unsafe tram_name_thread(body.name)
                body.run()
                return nil
            }, box.toOpaque())
        guard reason == 0 else {
            unsafe box.release()
            throw SystemError(errno: reason, call: "pthread_create", path: name)
        }
        self.thread = thread
        _ = pthread_detach(thread)
    }

    /// Whether this is the thread that asks.
    public var isCurrent: Bool { pthread_equal(thread, pthread_self()) != 0 }

    /// Waits until `run` has returned. Not for the thread itself: it would wait for ever.
    public func join() {
        _ = hasEnded.wait { $0 ? true : nil }
    }
}

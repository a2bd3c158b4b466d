internal import Glibc

/// A value behind a lock, with threads that wait until it has become what they wait for (Hoare, CACM 17(10), 1974,
/// doi:10.1145/355620.361161; here with Mesa's rule that a waiter looks again).
///
/// `Synchronization.Mutex` cannot be waited on. Not recursive: a body that locks again waits for ever.
@safe public final class Monitor<State: Sendable>: @unchecked Sendable {
    // Sendable: `state` is touched with the mutex held alone, and the two pointers do not change and stay allocated
    // until nobody can call any more.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    public init(_ state: State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        // The default attributes and CLOCK_MONOTONIC always succeed on Linux.
        _ = unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        _ = unsafe pthread_condattr_init(&attributes)
        _ = unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        _ = unsafe pthread_cond_init(changed, &attributes)
        _ = unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        _ = unsafe pthread_cond_destroy(changed)
        _ = unsafe pthread_mutex_destroy(mutex)
        unsafe changed.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` while no other thread has the value. It does not wake those who wait: see `wake`.
    public func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        _ = unsafe pthread_mutex_lock(mutex)
        defer { _ = unsafe pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Lets everyone who waits look again.
    public func wake() {
        _ = unsafe pthread_cond_broadcast(changed)
    }

    /// Waits until `body` gives something.
    ///
    /// - Parameter nanoseconds: how long at most, and then `body` is asked once more; nil waits for ever.
    /// - Returns: what `body` gave; nil when the time is up.
    public func wait<Result>(nanoseconds: Int64? = nil, until body: (inout State) -> Result?) -> Result? {
        _ = unsafe pthread_mutex_lock(mutex)
        defer { _ = unsafe pthread_mutex_unlock(mutex) }
        var end = timespec()
        if let nanoseconds {
            let time = SystemTime().monotonic().addingReportingOverflow(max(0, nanoseconds))
            let moment = time.overflow ? Int64.max : time.partialValue
            end.tv_sec = Int(moment / 1_000_000_000)
            end.tv_nsec = Int(moment % 1_000_000_000)
        }
        while true {
            if let result = body(&state) { return result }
            if nanoseconds == nil {
                _ = unsafe pthread_cond_wait(changed, mutex)
            } else if unsafe pthread_cond_timedwait(changed, mutex, &end) == ETIMEDOUT {
                return body(&state)
            }
        }
    }
}

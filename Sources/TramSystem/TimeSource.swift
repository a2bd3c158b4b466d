internal import Glibc

/// Where "now" comes from. Tests pass their own.
public protocol TimeSource: Sendable {
    /// Wall clock, nanoseconds UTC since 1970; it may jump when the clock is set.
    func now() -> Int64
    /// Nanoseconds since some fixed moment; never goes back, and stands still for nobody. For durations and timeouts.
    func monotonic() -> Int64
}

/// The clocks of the machine.
public struct SystemTime: TimeSource {
    public init() {}

    public func now() -> Int64 { SystemTime.read(CLOCK_REALTIME) }

    public func monotonic() -> Int64 { SystemTime.read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // Both clocks exist on every Linux; the call has no other way to fail.
        _ = unsafe clock_gettime(clock, &time)
        // Wrapping: a clock set past the year 2262 gives a wrong time, not a trap.
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}

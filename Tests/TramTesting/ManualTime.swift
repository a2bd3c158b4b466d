import Synchronization
public import TramSystem

/// A clock that stands still until a test moves it.
public final class ManualTime: TimeSource {
    private struct Hands {
        var wall: Int64
        var monotonic: Int64
    }

    private let hands: Mutex<Hands>

    /// - Parameter now: the wall clock, nanoseconds UTC; the monotonic clock starts at 0.
    public init(now: Int64 = 0) {
        hands = Mutex(Hands(wall: now, monotonic: 0))
    }

    public func now() -> Int64 { hands.withLock { $0.wall } }

    public func monotonic() -> Int64 { hands.withLock { $0.monotonic } }

    /// Lets `nanoseconds` go by on both clocks.
    public func advance(nanoseconds: Int64) {
        precondition(nanoseconds >= 0, "time goes by forwards; setWall moves a clock back")
        hands.withLock {
            $0.wall &+= nanoseconds
            $0.monotonic &+= nanoseconds
        }
    }

    /// Sets the wall clock as a person or a time server does: the monotonic clock does not notice.
    public func setWall(_ nanoseconds: Int64) {
        hands.withLock { $0.wall = nanoseconds }
    }
}

import TramStorage
import TramSystem

/// The thread that sees to the stores of all databases: seals, compacts, takes away what is too old. One for all, so
/// that however many there are, half of a small machine stays for those who wait for answers.
final class StoreKeeper: Sendable {
    private let isStopped = Monitor(false)
    private let thread: SystemThread

    /// How often stores are seen to.
    private static let restNanoseconds: Int64 = 200_000_000

    /// - Parameter stores: those that are there now.
    /// - Throws: when the process may have no more threads.
    init(time: any TimeSource, stores: @escaping @Sendable () -> [Store]) throws(SystemError) {
        let isStopped = isStopped
        thread = try SystemThread(name: "tram-store") {
            repeat {
                for store in stores() {
                    // What does not work is in the store's figures, and is tried again.
                    try? store.tend(clock: time)
                    if isStopped.withLock({ $0 }) { break }
                }
            } while isStopped.wait(nanoseconds: StoreKeeper.restNanoseconds, until: { $0 ? true : nil }) == nil
        }
    }

    /// Lets it end what it is at, and waits for that.
    func stop() {
        isStopped.withLock { $0 = true }
        isStopped.wake()
        thread.join()
    }
}

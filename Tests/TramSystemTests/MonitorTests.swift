import Testing
import TramSystem

@Suite struct MonitorTests {
    @Test func `threads take turns, and who waits sees what it waited for`() throws {
        let count = Monitor(0)
        let threads = try (0..<4).map { number in
            try SystemThread(name: "turn-\(number)") {
                for _ in 0..<1000 { count.withLock { $0 += 1 } }
                count.wake()
            }
        }
        #expect(count.wait { $0 == 4000 ? "all" : nil } == "all")
        for thread in threads {
            thread.join()
            #expect(!thread.isCurrent)
        }
    }

    @Test func `waiting ends when the time is up`() {
        let never = Monitor(false)
        #expect(never.wait(nanoseconds: 1_000_000) { $0 ? 1 : nil } == nil)
        #expect(never.wait(nanoseconds: 0) { $0 ? 1 : nil } == nil)
        #expect(never.wait(nanoseconds: -5) { _ in 2 } == 2)
    }

    @Test func `an error in the body leaves the lock free`() {
        let monitor = Monitor(1)
        let error = SystemError(errno: 5, call: "test", path: "")
        #expect(throws: error) { try monitor.withLock { _ throws(SystemError) in throw error } }
        #expect(monitor.withLock { $0 } == 1)
    }
}

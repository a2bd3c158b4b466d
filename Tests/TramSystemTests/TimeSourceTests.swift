import Testing
import TramSystem
import TramTesting

@Suite struct TimeSourceTests {
    @Test func `the monotonic clock never goes back and the wall clock is past 2020`() {
        let time = SystemTime()
        var last = time.monotonic()
        for _ in 0..<1000 {
            let next = time.monotonic()
            #expect(next >= last)
            last = next
        }
        #expect(time.now() > 1_577_836_800_000_000_000)
    }

    @Test func `a manual clock moves when the test says so`() {
        let time = ManualTime(now: 100)
        time.advance(nanoseconds: 5)
        #expect(time.now() == 105)
        #expect(time.monotonic() == 5)
        time.setWall(-1)
        #expect(time.now() == -1)
        #expect(time.monotonic() == 5)
    }
}

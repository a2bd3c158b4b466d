import Synchronization
import Testing
import TramEngine
import TramLineProtocol
import TramServer
import TramTesting

@Suite struct RefusalLogTests {
    private func line(_ number: Int, _ reason: RejectedLine.Class) -> RejectedLine {
        RejectedLine(line: number, column: 1, reason: reason, text: "wrong", excerpt: "m")
    }

    @Test func `a sender's refusals of a class are told once a minute, with how many there were`() {
        let told = Mutex<[String]>([])
        let time = ManualTime()
        let log = RefusalLog(time: time) { event in
            switch event {
            case .refused(let line, let peer, let more):
                told.withLock { $0.append("\(peer.address) \(line.line) \(line.reason.rawValue) +\(more)") }
            case .earlyTimes(let peer, let count): told.withLock { $0.append("\(peer.address) 1970 \(count)") }
            default: break
            }
        }
        let (first, second) = (
            EngineMetrics.Peer(door: .v1, address: "a"), EngineMetrics.Peer(door: .v1, address: "b")
        )
        log.note([line(2, .badValue), line(3, .badField), line(9, .badValue)], from: first)
        log.note([line(1, .badValue)], from: first)
        log.note([line(1, .badValue)], from: second)
        log.note(before1971: 3, from: first)
        log.note(before1971: 0, from: second)
        #expect(
            told.withLock { $0 } == ["a 2 bad-value +1", "a 3 bad-field +0", "b 1 bad-value +0", "a 1970 3"])
        time.advance(nanoseconds: 60_000_000_000)
        told.withLock { $0 = [] }
        log.note([line(5, .badValue)], from: first)
        #expect(told.withLock { $0 } == ["a 5 bad-value +1"])
    }
}

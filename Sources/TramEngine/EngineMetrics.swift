import Synchronization
public import TramAlerting
public import TramLineProtocol

/// What an engine has counted since it began. Safe from any thread.
public final class EngineMetrics: Sendable {
    /// The way that lines came in by.
    public enum Door: String, Sendable, CaseIterable, Hashable {
        case v1, v2, v3, tcp, udp
    }

    /// Who sent lines: an address, at one kind of door.
    public struct Peer: Hashable, Sendable {
        public var door: Door
        /// The address without its port; `other` beyond the number of peers that are counted apart.
        public var address: String

        public init(door: Door, address: String) {
            self.door = door
            self.address = address
        }
    }

    public struct PeerFigures: Sendable {
        public var bytes = 0
        public var bodies = 0
        public var accepted = 0
        public var refused: [RejectedLine.Class: Int] = [:]
        /// Rows of 1970 and before: nearly always seconds that were sent as nanoseconds.
        public var before1971 = 0
    }

    private struct State {
        var peers: [Peer: PeerFigures] = [:]
        var alerts: [String: [AlertEvent.State: Int]] = [:]
        var refusedBodies: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let maximumPeers: Int
    private let openBytes = Atomic<Int>(0)
    private let windows = Atomic<Int>(0)

    init(maximumPeers: Int) {
        self.maximumPeers = maximumPeers
    }

    public var peers: [Peer: PeerFigures] { state.withLock { $0.peers } }
    public var alerts: [String: [AlertEvent.State: Int]] { state.withLock { $0.alerts } }
    /// Bodies that were refused whole, by the code of the reason.
    public var refusedBodies: [String: Int] { state.withLock { $0.refusedBodies } }
    /// Inflated bytes of the bodies that are being read now.
    public var openBodyBytes: Int { openBytes.load(ordering: .relaxed) }
    /// Rows that standing queries have given.
    public var windowRows: Int { windows.load(ordering: .relaxed) }

    func note(_ peer: Peer, _ change: (inout PeerFigures) -> Void) {
        state.withLock { state in
            var peer = peer
            if state.peers[peer] == nil, state.peers.count >= maximumPeers { peer.address = "other" }
            change(&state.peers[peer, default: PeerFigures()])
        }
    }

    func note(refusedBody code: String) {
        state.withLock { $0.refusedBodies[code, default: 0] += 1 }
    }

    func note(_ event: AlertEvent) {
        state.withLock { $0.alerts[event.rule, default: [:]][event.state, default: 0] += 1 }
    }

    func noteWindowRow() { windows.add(1, ordering: .relaxed) }

    /// Takes room for bytes of a body; false when there is none.
    func reserve(_ count: Int, of limit: Int) -> Bool {
        let after = openBytes.add(count, ordering: .relaxed).newValue
        guard after > limit else { return true }
        release(count)
        return false
    }

    func release(_ count: Int) { openBytes.subtract(count, ordering: .relaxed) }
}

import Synchronization

/// Requests counted by route and status, with the time they took. Safe from any thread.
final class RequestMetrics: Sendable {
    struct Key: Hashable {
        var route: String
        var status: Int
    }

    struct Figures {
        var count = 0
        var nanoseconds: Int64 = 0
    }

    private let state = Mutex<[Key: Figures]>([:])

    func note(route: String, status: Int, nanoseconds: Int64) {
        state.withLock { state in
            state[Key(route: route, status: status), default: Figures()].count += 1
            state[Key(route: route, status: status), default: Figures()].nanoseconds += nanoseconds
        }
    }

    var figures: [Key: Figures] { state.withLock { $0 } }
}

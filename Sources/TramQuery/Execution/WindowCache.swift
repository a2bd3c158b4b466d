import Synchronization
import TramColumnar

/// Keeps the states of windows that were computed, so that a dashboard that asks again computes only what is new.
///
/// States are kept by slice and not as finished values: a refresh whose range has moved on costs the new slices, and
/// hopping windows find theirs again. What rows of a slice were put in or taken away since is asked of the source, and
/// such a slice is computed anew; so an answer is the same with and without. Safe from any thread.
public final class WindowCache: Sendable {
    struct Key: Hashable {
        var text: String
        var grid: WindowGrid?
        var zone: TimeZoneRules
        /// Of the definitions that queries are bound by.
        var generation: Int
    }

    /// The kept slices of one query.
    final class Entry: @unchecked Sendable {
        // Sendable: whoever has marked it busy has it alone.
        var states: SlicedStates
        var pool: TextPool
        /// Whole slices, all of which are kept.
        var coverage: TimeRange
        /// Of the source when they were computed.
        var moment: UInt64
        let textCount: UInt32
        fileprivate var isBusy = false
        fileprivate var byteCount = 0
        fileprivate var lastUse: UInt64 = 0

        init(states: SlicedStates, pool: TextPool, coverage: TimeRange, moment: UInt64) {
            self.states = states
            self.pool = pool
            self.coverage = coverage
            self.moment = moment
            textCount = pool.tableCount
        }
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var uses: UInt64 = 0
        var figures = Figures()
    }

    public struct Figures: Equatable, Sendable {
        /// Queries that found slices, and those that found none.
        public var hits = 0
        public var misses = 0
        public var entries = 0
        /// Of the kept states, about.
        public var bytes = 0
    }

    private let state = Mutex(State())
    private let mostBytes: Int

    /// - Parameter mostBytes: what is kept at most; what was not used for longest goes first.
    public init(mostBytes: Int = 64 << 20) {
        self.mostBytes = mostBytes
    }

    public var figures: Figures {
        state.withLock { state in
            var figures = state.figures
            figures.entries = state.entries.count
            figures.bytes = state.entries.values.reduce(0) { $0 + $1.byteCount }
            return figures
        }
    }

    public func removeAll() { state.withLock { $0.entries = [:] } }

    /// The entry of a query, for the caller alone until `giveBack`; nil when there is none.
    ///
    /// - Returns: `isBusy` when somebody else is computing the same windows now.
    func take(_ key: Key) -> (entry: Entry?, isBusy: Bool) {
        state.withLock { state in
            guard let entry = state.entries[key] else {
                state.figures.misses += 1
                return (nil, false)
            }
            if entry.isBusy { return (nil, true) }
            state.figures.hits += 1
            entry.isBusy = true
            return (entry, false)
        }
    }

    /// Puts an entry there, or back.
    func giveBack(_ entry: Entry, _ key: Key) {
        let bytes = entry.states.byteCount
        state.withLock { state in
            state.uses += 1
            entry.isBusy = false
            entry.byteCount = bytes
            entry.lastUse = state.uses
            if state.entries[key]?.isBusy != true { state.entries[key] = entry }
            var total = state.entries.values.reduce(0) { $0 + $1.byteCount }
            while total > mostBytes || state.entries.count > WindowCache.mostEntries {
                guard
                    let oldest = state.entries.filter({ !$0.value.isBusy }).min(by: {
                        $0.value.lastUse < $1.value.lastUse
                    })
                else { return }
                total -= oldest.value.byteCount
                state.entries[oldest.key] = nil
            }
        }
    }

    /// Takes an entry away that is not good any more.
    func drop(_ key: Key) { state.withLock { $0.entries[key] = nil } }

    private static let mostEntries = 256
}

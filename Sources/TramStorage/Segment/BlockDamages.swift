import Synchronization
import TramCodec

/// A block that could not be read: its rows are left out of every answer, and this says so.
public struct BlockDamage: Equatable, Sendable {
    public var file: String
    public var series: SeriesID
    /// Times of the first and last row that are lost, nanoseconds UTC.
    public var first: Int64
    public var last: Int64
    public var rows: Int
    public var reason: String
}

/// Damaged blocks that were met, each once.
final class BlockDamages: Sendable {
    private struct State {
        var found: [BlockDamage] = []
        var count = 0
    }

    /// So many are kept with their places; the others are counted.
    private static let maximumKept = 1000

    private let state = Mutex(State())

    func note(_ block: SealedBlock, of series: SeriesID, _ error: CodecError) {
        let damage = BlockDamage(
            file: block.segment?.name ?? "memory", series: series, first: block.first, last: block.last,
            rows: block.count, reason: error.description)
        state.withLock { state in
            guard !state.found.contains(damage) else { return }
            state.count += 1
            if state.found.count < BlockDamages.maximumKept { state.found.append(damage) }
        }
    }

    var found: [BlockDamage] { state.withLock { $0.found } }
    var count: Int { state.withLock { $0.count } }
}

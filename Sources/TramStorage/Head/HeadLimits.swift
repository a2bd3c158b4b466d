import TramColumnar

/// What the heads of all series of a store share. Changed under the store's lock only.
final class HeadLimits: @unchecked Sendable {
    // Sendable: the two that change are read and written under the store's lock; the others guard themselves.
    let gauge = MemoryGauge()
    let damages = BlockDamages()

    /// Rows at which a tail is sealed: not all that a block can have, so that late rows find room in it.
    var tailRows = HeadLimits.longestTail

    static let longestTail = Vector.maximumCount - 16
    /// A last block with fewer rows becomes a tail again when a row comes, so that blocks grow full though they are
    /// written before they are.
    var reopenRows = 512
}

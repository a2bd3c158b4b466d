import TramColumnar

/// Rows of a series before its tail, disjoint in time from all others: columns that may still be changed, or a block
/// that never changes.
enum Stretch: Sendable {
    case open(Chunk)
    case sealed(SealedBlock)

    var first: Int64 {
        switch self {
        case .open(let chunk): chunk.first
        case .sealed(let block): block.first
        }
    }

    var last: Int64 {
        switch self {
        case .open(let chunk): chunk.last
        case .sealed(let block): block.last
        }
    }

    var count: Int {
        switch self {
        case .open(let chunk): chunk.count
        case .sealed(let block): block.count
        }
    }

    /// Where the rows are in a segment; nil in memory.
    var place: BlockPlace? {
        if case .sealed(let block) = self { block.place } else { nil }
    }

    /// Whether this is the very same piece of memory or file.
    func isSame(as other: Stretch) -> Bool {
        switch (self, other) {
        case (.open(let left), .open(let right)): left === right
        case (.sealed(let left), .sealed(let right)): left === right
        default: false
        }
    }

    /// Whether the next segment has to have the rows: they are in memory only, or one of its graves lies between their
    /// times and takes away the block that has them now.
    func isUnsaved(_ graves: [TimeRange]) -> Bool {
        !isInSegment || graves.contains { $0.start <= last && first < $0.end }
    }

    /// Whether the rows are in a segment.
    var isInSegment: Bool {
        if case .sealed(let block) = self { block.isInSegment } else { false }
    }
}

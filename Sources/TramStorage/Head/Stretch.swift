import TramColumnar

/// Rows of a series before its tail, disjoint in time from all others: columns that may still be changed, a block that
/// never changes, or blocks of a segment.
enum Stretch: Sendable {
    case open(Chunk)
    /// In memory.
    case sealed(SealedBlock)
    case run(SegmentRun)

    var first: Int64 {
        switch self {
        case .open(let chunk): chunk.first
        case .sealed(let block): block.first
        case .run(let run): run.first
        }
    }

    var last: Int64 {
        switch self {
        case .open(let chunk): chunk.last
        case .sealed(let block): block.last
        case .run(let run): run.last
        }
    }

    var count: Int {
        switch self {
        case .open(let chunk): chunk.count
        case .sealed(let block): block.count
        case .run(let run): run.rows
        }
    }

    /// Whether this is the very same piece of memory or file.
    func isSame(as other: Stretch) -> Bool {
        switch (self, other) {
        case (.open(let left), .open(let right)): left === right
        case (.sealed(let left), .sealed(let right)): left === right
        case (.run(let left), .run(let right)): left === right
        default: false
        }
    }

    /// Whether the next segment has to have the rows: they are in memory only, or one of its graves lies between their
    /// times and takes away the block that has them now.
    func isUnsaved(_ graves: [TimeRange]) -> Bool { !isInSegment || Stretch.touches(graves, first, last) }

    /// Whether one of the graves has a time from `first` through `last`.
    static func touches(_ graves: [TimeRange], _ first: Int64, _ last: Int64) -> Bool {
        graves.contains { $0.start <= last && first < $0.end }
    }

    /// Whether the rows are in a segment.
    var isInSegment: Bool {
        if case .run = self { true } else { false }
    }
}

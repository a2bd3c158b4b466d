/// Blocks of one series that follow each other in a segment's directory and count: one handle for all of them, so that
/// what years of a series cost in memory does not grow with its rows.
final class SegmentRun: Sendable {
    let segment: Segment
    /// Places in the segment's directory; not empty.
    let places: Range<Int>
    let first: Int64
    let last: Int64
    let rows: Int
    private let byteCount: Int

    /// O(places).
    init(_ segment: Segment, _ places: Range<Int>) {
        precondition(!places.isEmpty, "a run has a block")
        self.segment = segment
        self.places = places
        first = segment.entry(places.lowerBound).first
        last = segment.entry(places.upperBound - 1).last
        var (rows, byteCount) = (0, 0)
        for place in places {
            let entry = segment.entry(place)
            rows += entry.rows
            byteCount += entry.byteCount
        }
        self.rows = rows
        self.byteCount = byteCount
        segment.retainBlocks(byteCount)
    }

    deinit { segment.releaseBlocks(byteCount) }

    /// A part of the run as a stretch; none when it is empty.
    func parts(_ places: Range<Int>) -> [Stretch] {
        places.isEmpty ? [] : [.run(places == self.places ? self : SegmentRun(segment, places))]
    }

    func block(_ place: Int) -> SealedBlock { SealedBlock(segment.entry(place), in: segment, place: place) }

    /// The first block that ends at or after `time`; the end of the run when there is none. O(log).
    func place(endingFrom time: Int64) -> Int {
        var (low, high) = (places.lowerBound, places.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if segment.entry(middle).last < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The last block that begins at or before `time`, the first one when none does. O(log).
    func place(beginningUpTo time: Int64) -> Int {
        var (low, high) = (places.lowerBound + 1, places.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if segment.entry(middle).first <= time { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }
}

/// Which block of which segment.
struct BlockPlace: Hashable {
    var segment: UInt64
    /// In the segment's directory.
    var place: Int
}

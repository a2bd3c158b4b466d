import TramCodec
import TramColumnar

/// How the rows of a series go to segments, come from them, and go away.
extension HeadSeries {
    // MARK: From a segment

    /// Puts blocks of a segment in, in place of all rows between their times; graves among them only take rows away.
    ///
    /// - Parameter entries: with their places in the directory; rising in time, but for graves, which may reach over
    ///   others.
    /// - Complexity: O(blocks of the series) where rows came late, else O(blocks that are put in).
    mutating func load(_ entries: [(place: Int, entry: SegmentEntry)], of segment: Segment) {
        // Newer segments have newer rows, but for those that came late.
        if let newest = stretches.last?.last, newest >= entries.first?.entry.first ?? .max {
            takeAway(HeadSeries.covered(entries.map(\.entry)))
        }
        let blocks = entries.filter { $0.entry.kind != .grave }
        var start = 0
        while start < blocks.count {
            var end = start + 1
            // Neither must a run reach over what is there already, nor what is there over it.
            let first = blocks[start].entry.first
            let host = firstStretch(after: first) - 1
            if host >= 0, case .run(let run) = stretches[host], run.last > first {
                cut(host, behind: run.place(beginningUpTo: first))
            }
            let limit = firstStretch(after: first)
            let next = limit < stretches.count ? stretches[limit].first : Int64.max
            while end < blocks.count, blocks[end].place == blocks[end - 1].place + 1, blocks[end].entry.last < next {
                end += 1
            }
            stretches.insert(.run(SegmentRun(segment, blocks[start].place..<blocks[end - 1].place + 1)), at: limit)
            start = end
        }
        last = stretches.last?.last ?? .min
    }

    /// Cuts a run in two behind one of its blocks.
    private mutating func cut(_ index: Int, behind place: Int) {
        guard case .run(let run) = stretches[index] else { return }
        stretches.replaceSubrange(
            index...index,
            with: run.parts(run.places.lowerBound..<place + 1) + run.parts(place + 1..<run.places.upperBound))
    }

    /// The times that entries lie between, as ranges that are disjoint and rise.
    private static func covered(_ entries: [SegmentEntry]) -> [ClosedRange<Int64>] {
        var covered: [ClosedRange<Int64>] = []
        for entry in entries.sorted(by: { $0.first < $1.first }) {
            if let before = covered.last, entry.first <= before.upperBound {
                covered[covered.count - 1] = before.lowerBound...max(before.upperBound, entry.last)
            } else {
                covered.append(entry.first...entry.last)
            }
        }
        return covered
    }

    /// Takes all blocks away that touch one of these ranges.
    private mutating func takeAway(_ covered: [ClosedRange<Int64>]) {
        func isTouched(_ first: Int64, _ last: Int64) -> Bool {
            var (low, high) = (0, covered.count)
            while low < high {
                let middle = (low + high) / 2
                if covered[middle].upperBound < first { low = middle + 1 } else { high = middle }
            }
            return low < covered.count && covered[low].lowerBound <= last
        }
        stretches = stretches.flatMap { stretch -> [Stretch] in
            guard isTouched(stretch.first, stretch.last), case .run(let run) = stretch else { return [stretch] }
            let kept = run.places.filter { place in
                let entry = run.segment.entry(place)
                return !isTouched(entry.first, entry.last)
            }
            return HeadSeries.runs(kept.map { (run.segment, $0) })
        }
    }

    /// Blocks as runs, as long as can be.
    private static func runs(_ blocks: [(segment: Segment, place: Int)]) -> [Stretch] {
        var runs: [Stretch] = []
        var start = 0
        while start < blocks.count {
            var end = start + 1
            while end < blocks.count, blocks[end].segment === blocks[start].segment,
                blocks[end].place == blocks[end - 1].place + 1
            {
                end += 1
            }
            runs.append(.run(SegmentRun(blocks[start].segment, blocks[start].place..<blocks[end - 1].place + 1)))
            start = end
        }
        return runs
    }

    /// Makes one run of those that follow each other in a segment.
    private mutating func joinRuns() {
        var joined: [Stretch] = []
        joined.reserveCapacity(stretches.count)
        for stretch in stretches {
            if case .run(let run) = stretch, case .run(let before)? = joined.last, before.segment === run.segment,
                before.places.upperBound == run.places.lowerBound
            {
                joined[joined.count - 1] = .run(
                    SegmentRun(run.segment, before.places.lowerBound..<run.places.upperBound))
            } else {
                joined.append(stretch)
            }
        }
        stretches = joined
    }

    // MARK: To a segment

    /// Lets blocks of a segment take the place of what was written to it, where that is unchanged.
    ///
    /// - Parameters:
    ///   - blocks: for each of its stretches that were unsaved, in order, and then for its tail when it had one. Their
    ///     indices are their places in the directory.
    ///   - written: the series as it was when it was written.
    ///   - graves: where rows were taken away since the segment before.
    mutating func adopt(
        _ blocks: ArraySlice<SegmentEntry>, of segment: Segment, for written: HeadSeries, graves: [TimeRange]
    ) {
        var rest = blocks
        var place = 0
        for stretch in written.stretches where stretch.isUnsaved(graves) {
            var parts: [(segment: Segment, place: Int)] = []
            if case .run(let run) = stretch {
                for place in run.places {
                    let entry = run.segment.entry(place)
                    if Stretch.touches(graves, entry.first, entry.last), let new = rest.first, new.first == entry.first
                    {
                        parts.append((segment, rest.startIndex))
                        rest.removeFirst()
                    } else {
                        parts.append((run.segment, place))
                    }
                }
            } else if let new = rest.first, new.first == stretch.first {
                parts.append((segment, rest.startIndex))
                rest.removeFirst()
            }
            while place < stretches.count, stretches[place].first < stretch.first { place += 1 }
            // One that could not be read was not written.
            guard !parts.isEmpty, place < stretches.count, stretches[place].isSame(as: stretch) else { continue }
            stretches.replaceSubrange(place...place, with: HeadSeries.runs(parts))
        }
        if written.count > 0, !rest.isEmpty, buffer === written.buffer, count == written.count {
            stretches.append(.run(SegmentRun(segment, rest.startIndex..<rest.startIndex + 1)))
            leaveTail()
        }
        joinRuns()
    }

    /// Blocks that a compaction has put together: those at `old` are now those at `places` of the output.
    struct Replacement {
        var old: [BlockPlace]
        var places: Range<Int>
    }

    /// Lets the output of a compaction take the place of its inputs. Where a row has come late in the meantime, or rows
    /// were removed, what is left of the old blocks goes back to memory, and from there to the next segment.
    ///
    /// - Complexity: O(blocks of the series).
    mutating func replace(
        _ replacements: [Replacement], of output: Segment?, insteadOf inputs: [Segment], id: Int, limits: HeadLimits
    ) {
        var byFirst: [BlockPlace: Replacement] = [:]
        for replacement in replacements { if let first = replacement.old.first { byFirst[first] = replacement } }
        var result: [Stretch] = []
        /// Old blocks in a row, one beside the other for readers.
        var pending: [(run: SegmentRun, place: Int)] = []
        func flush() {
            var start = 0
            while start < pending.count {
                let (run, place) = pending[start]
                let found = byFirst[BlockPlace(segment: run.segment.header.number, place: place)]
                if let output, let found, start + found.old.count <= pending.count,
                    zip(pending[start...], found.old).allSatisfy({
                        BlockPlace(segment: $0.run.segment.header.number, place: $0.place) == $1
                    })
                {
                    if !found.places.isEmpty { result.append(.run(SegmentRun(output, found.places))) }
                    start += found.old.count
                    continue
                }
                let block = run.block(place)
                do throws(CodecError) {
                    result.append(.sealed(try SealedBlock(copying: block, gauge: limits.gauge)))
                } catch {
                    limits.damages.note(block, of: SeriesID(id), error)
                }
                start += 1
            }
            pending = []
        }
        for stretch in stretches {
            if case .run(let run) = stretch, inputs.contains(where: { $0 === run.segment }) {
                for place in run.places { pending.append((run, place)) }
            } else {
                flush()
                result.append(stretch)
            }
        }
        flush()
        stretches = result
        joinRuns()
    }

    // MARK: Removal

    /// Takes the rows in `range` away. O(blocks), and O(rows · fields) of those that are cut.
    ///
    /// - Returns: how many rows are gone.
    mutating func remove(_ range: TimeRange, id: Int, measurement: MeasurementHead) -> Int {
        guard !range.isEmpty, let first = firstTimestamp, first < range.end, last >= range.start else { return 0 }
        let before = rowCount
        let limits = measurement.limits
        // The tail goes to the stretches first, so that there is one case only.
        if count > 0, let buffer {
            stretches.append(.open(Chunk(buffer, count: Int(count), gauge: limits.gauge)))
            leaveTail()
        }
        var kept: [Stretch] = []
        kept.reserveCapacity(stretches.count)
        func isWhollyIn(_ first: Int64, _ last: Int64) -> Bool { range.start <= first && last < range.end }
        func cut(_ chunk: Chunk) {
            let start = chunk.position(of: range.start)
            let end = chunk.position(of: range.end)
            if start > 0 { kept.append(.open(chunk.part(0..<start))) }
            if end < chunk.count { kept.append(.open(chunk.part(end..<chunk.count))) }
        }
        for stretch in stretches {
            guard stretch.first < range.end, stretch.last >= range.start else {
                kept.append(stretch)
                continue
            }
            switch stretch {
            case .open(let chunk): cut(chunk)
            case .sealed(let block):
                guard !isWhollyIn(block.first, block.last) else { continue }
                if let chunk = HeadSeries.chunk(block, id, limits) { cut(chunk) } else { kept.append(stretch) }
            case .run(let run):
                let start = run.place(endingFrom: range.start)
                var end = start
                while end < run.places.upperBound, run.segment.entry(end).first < range.end { end += 1 }
                kept += run.parts(run.places.lowerBound..<start)
                for place in start..<end {
                    let entry = run.segment.entry(place)
                    guard !isWhollyIn(entry.first, entry.last) else { continue }
                    // Rows that cannot be read cannot be told apart; they are not the ones that were meant.
                    if let chunk = HeadSeries.chunk(run.block(place), id, limits) {
                        cut(chunk)
                    } else {
                        kept += run.parts(place..<place + 1)
                    }
                }
                kept += run.parts(end..<run.places.upperBound)
            }
        }
        stretches = kept
        last = stretches.last?.last ?? .min
        return before - rowCount
    }
}

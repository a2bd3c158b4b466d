import Synchronization
import TramCodec
import TramColumnar
import TramSystem

extension SegmentSet {
    /// Segments next to each other in age that are to become one.
    struct Run: Equatable {
        /// Places in the manifest.
        var places: Range<Int>
        /// Most of it counts no more.
        var isDead: Bool
    }

    /// The segments that are worth putting together now: several of one size, which makes each byte be written a few
    /// times in all (O'Neil et al., "The Log-Structured Merge-Tree", Acta Informatica 33, 1996,
    /// doi:10.1007/s002360050048); or one of which most is dead.
    func nextRun() -> Run? {
        state.withLock { state in
            let segments = state.segments
            var start = 0
            while start < segments.count {
                guard let first = segments[start] else {
                    start += 1
                    continue
                }
                var end = start
                var bytes = 0
                while end < segments.count, let next = segments[end], tier(next) == tier(first),
                    bytes + next.byteCount <= SegmentSet.longestByteCount
                {
                    bytes += next.byteCount
                    end += 1
                }
                if end - start >= SegmentSet.runLength { return Run(places: start..<end, isDead: false) }
                start = max(end, start + 1)
            }
            for (place, segment) in segments.enumerated() {
                guard let segment else { continue }
                let isAllDead = segment.liveByteCount == 0 && (segment.graveCount == 0 || place == 0)
                let isMostlyDead =
                    segment.byteCount >= SegmentSet.smallestByteCount && segment.liveByteCount < segment.byteCount / 2
                if isAllDead || isMostlyDead { return Run(places: place..<place + 1, isDead: true) }
            }
            return nil
        }
    }

    /// All segments, when they are more than one or were never put together. Those behind a damaged one are left.
    var wholeRun: Run? {
        state.withLock { state in
            let count = state.segments.prefix { $0 != nil }.count
            let isDone = count == 1 && state.segments[0]?.header.generation == 1
            return count == 0 || isDone ? nil : Run(places: 0..<count, isDead: false)
        }
    }

    private static let runLength = 4
    private static let longestByteCount = 1 << 30
    private static let smallestByteCount = 1 << 20

    /// Sizes that are alike: each tier is four times the one before.
    private func tier(_ segment: Segment) -> Int {
        var tier = 0
        var bytes = segment.byteCount >> 20
        while bytes > 0 {
            tier += 1
            bytes >>= 2
        }
        return tier
    }

    /// Blocks of each series that became others.
    private typealias Replacements = [(series: SeriesID, blocks: [HeadSeries.Replacement])]

    /// Puts the segments of a run together: short blocks become long ones, dead ones go, and all are encoded for size.
    ///
    /// What counts is told by the files alone. A block whose rows have come to memory again, because a late row has
    /// opened it, counts until they are sealed: the log does not have them any more.
    ///
    /// - Throws: `.diskFull`, `.storeFailed`; then everything is as before.
    /// - Complexity: O(rows of the run). One series is in memory at a time.
    func compact(_ run: Run, _ store: Store, clock: any TimeSource) throws(StorageError) {
        let start = clock.monotonic()
        do throws(StorageError) {
            let bytes = try rewrite(run, store)
            state.withLock { state in
                state.figures.compactions += 1
                state.figures.compactedBytes += bytes
                state.figures.compactionNanoseconds += clock.monotonic() - start
            }
        } catch {
            noteFailure(error)
            throw error
        }
    }

    private func rewrite(_ run: Run, _ store: Store) throws(StorageError) -> Int {
        var (manifest, segments) = state.withLock { ($0.manifest, $0.segments) }
        let inputs = segments[run.places].compactMap { $0 }
        let stale = inputs.map(\.name)
        let number = manifest.takeNumber()
        let header = SegmentHeader(
            number: number, lsn: inputs.map(\.header.lsn).max() ?? 0, order: inputs.map(\.header.order).max() ?? number,
            generation: 1)
        var writer = try writing(StoreName.segment(number)) { () throws(SystemError) in
            try SegmentWriter(header, in: folder, fileSystem)
        }
        var replacements: Replacements = []
        do throws(StorageError) {
            let sources = try segments[run.places.lowerBound...].compactMap { $0 }.map {
                (segment) throws(StorageError) in
                try Source(segment, Segment.open(segment.name, in: folder, fileSystem))
            }
            try write(
                sources, inputCount: inputs.count, isOldest: run.places.lowerBound == 0, store, &writer, &replacements)
            if !writer.isEmpty { try writing(writer.name) { () throws(SystemError) in try writer.finish() } }
        } catch {
            writer.abandon()
            throw error
        }
        manifest.number += 1
        var output: Segment?
        if writer.isEmpty {
            writer.abandon()
            manifest.segments.removeSubrange(run.places)
            segments.removeSubrange(run.places)
        } else {
            output = try Segment.open(writer.name, in: folder, fileSystem).segment
            manifest.segments.replaceSubrange(
                run.places, with: [Manifest.File(number: number, byteCount: writer.byteCount)])
            segments.replaceSubrange(run.places, with: [output])
        }
        let rest = segments
        try install(manifest) { $0.segments = rest }
        use(output, replacements, in: store, insteadOf: inputs)
        discard(stale)
        return writer.isEmpty ? 0 : writer.byteCount
    }

    /// A segment, and what of its directory has not been looked at yet.
    private struct Source {
        let segment: Segment
        let entries: [SegmentEntry]
        var place = 0

        init(_ segment: Segment, _ opening: Segment.Opening) {
            self.segment = segment
            entries = opening.entries
        }

        /// The entries of `series`, which are the next when there are any.
        mutating func take(_ series: SeriesID) -> ArraySlice<SegmentEntry> {
            let start = place
            while place < entries.count, entries[place].series == series { place += 1 }
            return entries[start..<place]
        }
    }

    /// Writes what counts of the first `inputCount` of `sources`, series by series; the others are all newer segments.
    private func write(
        _ sources: [Source], inputCount: Int, isOldest: Bool, _ store: Store, _ writer: inout SegmentWriter,
        _ replacements: inout Replacements
    ) throws(StorageError) {
        var sources = sources
        let snapshot = store.snapshot()
        // What retention has taken away is not written again.
        let cutoff = manifest.cutoff
        var encoders: [Int: BlockEncoder] = [:]
        while let series = sources.compactMap({ $0.place < $0.entries.count ? $0.entries[$0.place].series : nil }).min()
        {
            /// What counts after all segments, in time order.
            var live: [LiveBlock] = []
            var graves: [SegmentEntry] = []
            var barriers: [SegmentEntry] = []
            for index in sources.indices {
                let entries = sources[index].take(series)
                guard !entries.isEmpty else { continue }
                SegmentSet.takeAway(entries, from: &live)
                for (place, entry) in zip(entries.indices, entries) where entry.last >= cutoff {
                    if entry.kind != .grave {
                        live.append(LiveBlock(source: index, place: place, entry: entry))
                    } else if index < inputCount {
                        graves.append(entry)
                    } else {
                        barriers.append(entry)
                    }
                }
            }
            live.sort { $0.entry.first < $1.entry.first }
            if !isOldest {
                for grave in graves {
                    try writing(writer.name) { () throws(SystemError) in
                        try writer.append(BlockEncoder.grave(of: series, from: grave.first, to: grave.last))
                    }
                }
            }
            let measurement = store.measurementNumber(of: series)
            var encoder = encoders[measurement] ?? BlockEncoder(.size)
            let inMemory = SegmentSet.places(of: series, snapshot)
            var blocks: [HeadSeries.Replacement] = []
            for group in groups(live, inputCount: inputCount, inMemory, sources) {
                try write(group, series, barriers, store, &encoder, &writer, &blocks)
            }
            replacements.append((series, blocks))
            encoders[measurement] = encoder
        }
    }

    /// A block that counts, in one of several segments.
    private struct LiveBlock {
        var source: Int
        var place: Int
        var entry: SegmentEntry
    }

    /// Takes away what newer entries take the place of. O(entries) where these are all newer in time as well.
    private static func takeAway(_ entries: ArraySlice<SegmentEntry>, from live: inout [LiveBlock]) {
        guard let first = entries.map(\.first).min(), live.contains(where: { $0.entry.last >= first }) else { return }
        live.removeAll { old in entries.contains { $0.first <= old.entry.last && old.entry.first <= $0.last } }
    }

    /// Where in a series the blocks lie that readers have.
    private static func places(of series: SeriesID, _ snapshot: Snapshot) -> [BlockPlace: Int] {
        var places: [BlockPlace: Int] = [:]
        var count = 0
        for stretch in snapshot.head(series)?.stretches ?? [] {
            if case .run(let run) = stretch {
                for place in run.places {
                    places[BlockPlace(segment: run.segment.header.number, place: place)] = count
                    count += 1
                }
            } else {
                count += 1
            }
        }
        return places
    }

    /// A block of an input, and its place there.
    private typealias OldBlock = (block: SealedBlock, place: BlockPlace)

    /// The blocks of the inputs that may be joined: neighbours on the disk, and neighbours for readers as well. The
    /// last block of a series that goes on is usually none for readers: its rows have become a tail again.
    private func groups(
        _ live: [LiveBlock], inputCount: Int, _ inMemory: [BlockPlace: Int], _ sources: [Source]
    ) -> [[OldBlock]] {
        var groups: [[OldBlock]] = []
        var before: Int?
        var isGoingOn = false
        for found in live {
            guard found.source < inputCount else {
                isGoingOn = false
                continue
            }
            let segment = sources[found.source].segment
            let place = BlockPlace(segment: segment.header.number, place: found.place)
            let position = inMemory[place]
            let old = (block: SealedBlock(found.entry, in: segment), place: place)
            if isGoingOn, let last = groups.indices.last, position == before.map({ $0 + 1 }) {
                groups[last].append(old)
            } else {
                groups.append([old])
            }
            before = position
            isGoingOn = true
        }
        return groups
    }

    /// Old blocks whose rows are cut anew together, at most: so many go back to memory when a row comes late meanwhile.
    private static let blocksCutTogether = 32

    /// Writes the rows of neighbouring blocks in blocks as long as can be.
    ///
    /// - Parameter barriers: graves of newer segments. A block must not reach over one, for it would be taken away.
    private func write(
        _ blocks: [OldBlock], _ series: SeriesID, _ barriers: [SegmentEntry], _ store: Store,
        _ encoder: inout BlockEncoder, _ writer: inout SegmentWriter, _ replacements: inout [HeadSeries.Replacement]
    ) throws(StorageError) {
        var pending: Chunk?
        var old: [BlockPlace] = []
        var start = writer.entries.count
        func put(_ chunk: Chunk) throws(StorageError) {
            let bytes = encoder.encode(chunk, series: series)
            try writing(writer.name) { () throws(SystemError) in try writer.append(bytes) }
        }
        /// What was taken up is written: from here on it is cut anew.
        func end() throws(StorageError) {
            if let pending { try put(pending) }
            pending = nil
            if !old.isEmpty {
                replacements.append(HeadSeries.Replacement(old: old, places: start..<writer.entries.count))
            }
            old = []
            start = writer.entries.count
        }
        for (block, place) in blocks {
            let chunk: Chunk
            do throws(CodecError) {
                chunk = try Chunk(block, gauge: MemoryGauge())
            } catch {
                store.note(block, of: series, error)
                keep(block)
                continue
            }
            if let before = pending, barriers.contains(where: { before.last < $0.last && $0.first < chunk.first }) {
                try end()
            }
            old.append(place)
            var rest = pending?.joined(chunk) ?? chunk
            while rest.count > Vector.maximumCount {
                try put(rest.part(0..<Vector.maximumCount))
                rest = rest.part(Vector.maximumCount..<rest.count)
            }
            pending = rest
            if rest.count == Vector.maximumCount || old.count == SegmentSet.blocksCutTogether { try end() }
        }
        try end()
    }

    /// Gives the file of a damaged block a second name, under which it outlives its use.
    private func keep(_ block: SealedBlock) {
        guard let name = block.segment?.name else { return }
        try? fileSystem.link(folder + "/" + name, as: folder + "/" + name + StoreName.damagedSuffix)
    }

    private func use(
        _ output: Segment?, _ replacements: Replacements, in store: Store, insteadOf inputs: [Segment]
    ) {
        var start = 0
        while start < replacements.count {
            let end = min(start + SegmentSet.seriesPerTurn, replacements.count)
            store.change { head in
                for (series, blocks) in replacements[start..<end] {
                    head.replace(blocks, of: output, insteadOf: inputs, series: Int(series))
                }
            }
            start = end
        }
    }
}

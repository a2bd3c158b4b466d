import Synchronization
import TramCodec
import TramColumnar
import TramSystem

extension SegmentSet {
    /// What sealing needs of a store at one moment.
    struct Moment {
        var snapshot: Snapshot
        /// Where rows were taken away since the last time.
        var graves: [SeriesID: [TimeRange]]
    }

    /// Writes all rows that are in memory only to a segment, and lets the store use that from then on.
    ///
    /// 1. A snapshot is taken; writers go on.
    /// 2. Blocks are written as they are, chunks and tails encoded. Names that are new go to a file of their own.
    /// 3. The manifest names the segment: now the log up to the snapshot is not needed any more.
    /// 4. Where a series is as it was in the snapshot, the segment takes the place of its memory.
    ///
    /// - Returns: the bytes of the segment, 0 when there was nothing to write.
    /// - Throws: `.diskFull`, `.storeFailed`; then everything is as before, and the log still has all rows.
    /// - Complexity: O(series + bytes that are new).
    func seal(_ store: Store, clock: any TimeSource) throws(StorageError) -> Int {
        let moment = store.moment()
        var isTaken = false
        defer { if !isTaken { store.giveBack(moment.graves) } }
        do throws(StorageError) {
            let start = clock.monotonic()
            let bytes = try write(moment, store)
            isTaken = true
            state.withLock { state in
                state.figures.ongoingFailure = nil
                guard bytes > 0 else { return }
                state.figures.sealings += 1
                state.figures.sealedBytes += bytes
                state.figures.sealingNanoseconds += clock.monotonic() - start
            }
            return bytes
        } catch {
            noteFailure(error)
            throw error
        }
    }

    func noteFailure(_ error: StorageError) {
        state.withLock { state in
            state.figures.failures += 1
            state.figures.lastFailure = error
            state.figures.ongoingFailure = error
        }
    }

    private func write(_ moment: Moment, _ store: Store) throws(StorageError) -> Int {
        let snapshot = moment.snapshot
        var (manifest, savedTexts, savedSeries) = state.withLock { ($0.manifest, $0.savedTexts, $0.savedSeries) }
        guard snapshot.lsn > manifest.lsn || !moment.graves.isEmpty || snapshot.hasUnsaved else { return 0 }
        var stale: [String] = []
        let number = manifest.takeNumber()
        let header = SegmentHeader(number: number, lsn: snapshot.lsn, order: number, generation: 0)
        var writer = try writing(StoreName.segment(number)) { () throws(SystemError) in
            try SegmentWriter(header, in: folder, fileSystem)
        }
        do throws(StorageError) {
            try writing(writer.name) { () throws(SystemError) in
                var encoders: [Int: BlockEncoder] = [:]
                for id in 0..<snapshot.seriesCount {
                    let graves = moment.graves[SeriesID(id)] ?? []
                    try write(snapshot.head(SeriesID(id)), id, graves, &encoders, &writer)
                }
            }
            // Texts that blocks refer to are there by now.
            let texts = store.strings.snapshot()
            if texts.count > savedTexts || snapshot.seriesCount > savedSeries || !writer.isEmpty {
                // So many files are needed in any case.
                let least = savedSeries / SegmentSet.namesSeries
                let isWhole = manifest.names.count >= SegmentSet.maximumNamesFiles + 2 * least
                if isWhole {
                    stale += manifest.names.map { StoreName.names($0.number) }
                    manifest.names = []
                    (savedTexts, savedSeries) = (0, 0)
                }
                try writeNames(
                    store, snapshot, texts, savedTexts: savedTexts, savedSeries: savedSeries, to: &manifest)
                (savedTexts, savedSeries) = (texts.count, snapshot.seriesCount)
            }
            if !writer.isEmpty {
                try writing(writer.name) { () throws(SystemError) in try writer.finish() }
                manifest.segments.append(Manifest.File(number: number, byteCount: writer.byteCount))
            }
        } catch {
            writer.abandon()
            throw error
        }
        manifest.number += 1
        manifest.lsn = snapshot.lsn
        guard !writer.isEmpty else {
            writer.abandon()
            try install(manifest) { (state: inout State) in
                (state.savedTexts, state.savedSeries) = (savedTexts, savedSeries)
            }
            discard(stale)
            return 0
        }
        let segment = try Segment.open(writer.name, in: folder, fileSystem).segment
        try install(manifest) { (state: inout State) in
            state.segments.append(segment)
            (state.savedTexts, state.savedSeries) = (savedTexts, savedSeries)
        }
        discard(stale)
        adopt(writer.entries, segment, moment, store)
        return writer.byteCount
    }

    private static let maximumNamesFiles = 8

    /// Writes what a series has in memory only.
    private func write(
        _ series: HeadSeries?, _ id: Int, _ graves: [TimeRange], _ encoders: inout [Int: BlockEncoder],
        _ writer: inout SegmentWriter
    ) throws(SystemError) {
        for grave in graves where !grave.isEmpty {
            try writer.append(BlockEncoder.grave(of: SeriesID(id), from: grave.start, to: grave.end - 1))
        }
        guard let series else { return }
        let number = series.measurement
        func encode(_ chunk: Chunk) throws(SystemError) {
            var encoder = encoders[number] ?? BlockEncoder(.speed)
            try writer.append(encoder.encode(chunk, series: SeriesID(id)))
            encoders[number] = encoder
        }
        func put(_ block: SealedBlock) throws(SystemError) {
            // One that cannot be read is not written, and says so when it is asked for.
            if let bytes = try? block.bytes() { try writer.append(bytes) }
        }
        for stretch in series.stretches {
            switch stretch {
            case .open(let chunk): try encode(chunk)
            case .sealed(let block): try put(block)
            case .run(let run):
                guard stretch.isUnsaved(graves) else { continue }
                for place in run.places {
                    let entry = run.segment.entry(place)
                    if Stretch.touches(graves, entry.first, entry.last) { try put(run.block(place)) }
                }
            }
        }
        if series.count > 0, let buffer = series.buffer {
            try encode(Chunk(buffer, count: Int(series.count), gauge: MemoryGauge()))
        }
    }

    /// Writes the names that are new, in as many files as that takes.
    private func writeNames(
        _ store: Store, _ snapshot: Snapshot, _ texts: StringTable.Texts, savedTexts: Int, savedSeries: Int,
        to manifest: inout Manifest
    ) throws(StorageError) {
        var (firstText, firstSeries) = (savedTexts, savedSeries)
        repeat {
            var (endText, byteCount) = (firstText, 0)
            while endText < texts.count, byteCount < SegmentSet.namesTextBytes {
                byteCount += texts[endText].utf8.count
                endText += 1
            }
            var names = NamesFile(
                number: manifest.takeNumber(), firstText: firstText, texts: Array(texts[firstText..<endText]),
                firstSeries: firstSeries, series: [], measurements: [])
            firstText = endText
            // Series come when all texts are there, and fields with the last of them.
            if firstText == texts.count {
                let end = max(firstSeries, min(snapshot.seriesCount, firstSeries + SegmentSet.namesSeries))
                names.series = store.index.keys(of: SeriesID(firstSeries)..<SeriesID(end))
                names.measurements = snapshot.namedMeasurements
                firstSeries = end
            }
            try write(names, store, to: &manifest)
        } while firstText < texts.count || firstSeries < snapshot.seriesCount
    }

    private func write(_ names: NamesFile, _ store: Store, to manifest: inout Manifest) throws(StorageError) {
        let name = StoreName.names(names.number)
        let bytes: [UInt8]
        do throws(CodecError) {
            bytes = try names.bytes { store.strings.existingCode($0) }
        } catch {
            throw .storeFailed(
                file: name, SystemError(errno: SystemError.outOfMemory, call: "zstd", path: folder + "/" + name))
        }
        try writing(name) { () throws(SystemError) in try fileSystem.replace(name, in: folder, with: bytes) }
        manifest.names.append(Manifest.File(number: names.number, byteCount: bytes.count))
    }

    /// Texts of one file of names, about.
    private static let namesTextBytes = 16 << 20
    /// Series of one file of names. Their keys are in memory as texts while it is written.
    private static let namesSeries = 100_000

    /// Lets the segment take the place of the memory that was written to it, page by page, so that writers never wait
    /// long.
    private func adopt(_ entries: [SegmentEntry], _ segment: Segment, _ moment: Moment, _ store: Store) {
        var start = 0
        while start < entries.count {
            var end = start
            var seriesCount = 0
            var ranges: [Range<Int>] = []
            while end < entries.count, seriesCount < SegmentSet.seriesPerTurn {
                let first = end
                while end < entries.count, entries[end].series == entries[first].series { end += 1 }
                ranges.append(first..<end)
                seriesCount += 1
            }
            store.change { head in
                for range in ranges {
                    let id = entries[range.lowerBound].series
                    guard let written = moment.snapshot.head(id) else { continue }
                    // Graves come first and stand for no memory.
                    let blocks = entries[range].drop { $0.kind == .grave }
                    head.adopt(
                        blocks, of: segment, series: Int(id), for: written, graves: moment.graves[id] ?? [])
                }
            }
            start = end
        }
    }

    static let seriesPerTurn = 512
}

import TramColumnar
import TramSystem

/// What opening a store found beside its log.
public struct SegmentReport: Equatable, Sendable {
    /// A file, or a part of one, that is not as it was written.
    public struct Damage: Equatable, Sendable {
        public var file: String
        public var offset: Int
        public var byteCount: Int
        public var reason: String
        /// Whether rows are lost.
        public var isLoss: Bool
    }

    public var segments = 0
    public var blocks = 0
    public var rows = 0
    public var damages: [Damage] = []
    /// Left by a process that ended before they counted; they were removed.
    public var removedFiles: [String] = []

    public var isDegraded: Bool { damages.contains { $0.isLoss } }
}

/// Opens what a store has on disk beside its log.
///
/// 1. The manifest says which files count. Where it is damaged, in repair mode, the files themselves say it: each
///    segment has its place in order of age in its head.
/// 2. Names first, in order: numbers get their meaning.
/// 3. Segment after segment, oldest first: blocks take the place of what older ones have between the same times.
/// 4. Files that do not count, left by a process that ended in between, are removed.
struct SegmentOpening {
    let home: String
    let fileSystem: any FileSystem
    let mode: LogRecovery.Mode
    let index: SeriesIndex
    let strings: StringTable
    private var looksOnly: Bool { mode == .look }
    private var folder: String { home + "/" + StoreName.segments }

    /// - Throws: `.newerFormat`, `.storeUnreadable`, `.segmentDamaged` in strict mode, and always when names are lost.
    func run(into head: inout Head) throws(StorageError) -> (set: SegmentSet, report: SegmentReport) {
        var report = SegmentReport()
        let names = try listing()
        let manifest: Manifest
        var isTrusted = true
        do throws(StorageError) {
            manifest = try readManifest(names)
        } catch {
            guard case .segmentDamaged(let file, let offset, let reason) = error, mode != .strict else { throw error }
            report.damages.append(
                SegmentReport.Damage(file: file, offset: offset, byteCount: 0, reason: reason, isLoss: false))
            isTrusted = false
            manifest = try rebuilt(names)
        }
        var state = SegmentSet.State(manifest: manifest, segments: [], savedTexts: 0, savedSeries: 0)
        try loadNames(manifest, &head, &state)
        for file in manifest.segments {
            let name = StoreName.segment(file.number)
            let opening: Segment.Opening
            do throws(StorageError) {
                opening = try Segment.open(name, in: folder, fileSystem)
            } catch {
                try note(error, file, &report)
                state.segments.append(nil)
                continue
            }
            if mode == .strict, let damage = opening.damages.first {
                throw .segmentDamaged(file: name, offset: damage.offset, reason: damage.reason)
            }
            for damage in opening.damages {
                report.damages.append(
                    SegmentReport.Damage(
                        file: name, offset: damage.offset, byteCount: damage.byteCount, reason: damage.reason,
                        isLoss: damage.offset >= SegmentHeader.byteCount))
            }
            if opening.segment.byteCount != file.byteCount, isTrusted, opening.damages.isEmpty {
                report.damages.append(
                    SegmentReport.Damage(
                        file: name, offset: opening.segment.byteCount, byteCount: 0,
                        reason: "the file has \(opening.segment.byteCount) bytes and should have \(file.byteCount)",
                        isLoss: true))
            }
            load(opening, manifest.cutoff, &head, &report)
            state.segments.append(opening.segment)
            report.segments += 1
        }
        head.countRows()
        report.rows = head.pointCount
        head.note(manifest.lsn)
        let set = SegmentSet(home: home, fileSystem: fileSystem, state: state)
        if !looksOnly {
            if isTrusted { report.removedFiles = removeStrays(names, manifest) }
            if !names.home.contains(StoreName.manifest) || !isTrusted { try set.install(manifest) { _ in } }
        }
        return (set, report)
    }

    private func listing() throws(StorageError) -> (home: [String], segments: [String]) {
        do throws(SystemError) {
            if !looksOnly {
                try fileSystem.createFolder(folder)
                try fileSystem.syncFolder(home)
            }
            let top = try fileSystem.names(in: home)
            return (top, top.contains(StoreName.segments) ? try fileSystem.names(in: folder) : [])
        } catch {
            throw .storeUnreadable(error)
        }
    }

    private func readManifest(_ names: (home: [String], segments: [String])) throws(StorageError) -> Manifest {
        guard names.home.contains(StoreName.manifest) else {
            // A store has one before it has anything else.
            let isOurs = names.segments.contains {
                StoreName.segmentNumber($0) != nil || StoreName.namesNumber($0) != nil
            }
            guard !isOurs else {
                throw .segmentDamaged(file: StoreName.manifest, offset: 0, reason: "the manifest is not there")
            }
            return Manifest()
        }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try fileSystem.contents(home + "/" + StoreName.manifest)
        } catch {
            throw .storeUnreadable(error)
        }
        return try Manifest(bytes)
    }

    /// A manifest of all files that are there. A segment that was put together from others and these others may both be
    /// there; the order of age makes that harmless.
    private func rebuilt(_ names: (home: [String], segments: [String])) throws(StorageError) -> Manifest {
        var manifest = Manifest()
        var headers: [(header: SegmentHeader, byteCount: Int)] = []
        for name in names.segments {
            if let number = StoreName.namesNumber(name) {
                manifest.names.append(Manifest.File(number: number, byteCount: try byteCount(of: name)))
                manifest.nextNumber = max(manifest.nextNumber, number + 1)
            }
            guard StoreName.segmentNumber(name) != nil else { continue }
            let segment = try Segment.open(name, in: folder, fileSystem).segment
            headers.append((segment.header, segment.byteCount))
        }
        headers.sort { SegmentSet.isOlder($0.header, $1.header) }
        for (header, byteCount) in headers {
            manifest.segments.append(Manifest.File(number: header.number, byteCount: byteCount))
            manifest.lsn = max(manifest.lsn, header.lsn)
            manifest.nextNumber = max(manifest.nextNumber, header.number + 1)
        }
        return manifest
    }

    private func byteCount(of name: String) throws(StorageError) -> Int {
        do throws(SystemError) {
            return try fileSystem.open(folder + "/" + name, .read).byteCount()
        } catch {
            throw .storeUnreadable(error)
        }
    }

    private func loadNames(
        _ manifest: Manifest, _ head: inout Head, _ state: inout SegmentSet.State
    ) throws(StorageError) {
        var texts: [String] = []
        for file in manifest.names {
            let name = StoreName.names(file.number)
            let bytes: [UInt8]
            do throws(SystemError) {
                bytes = try fileSystem.contents(folder + "/" + name)
            } catch {
                throw .storeUnreadable(error)
            }
            let names = try NamesFile(bytes, file: name, after: texts)
            // One that begins at 0 has all that those before it had.
            guard names.firstText <= texts.count, names.firstSeries <= index.count else {
                throw .segmentDamaged(
                    file: name, offset: 0, reason: "names between this file and the one before are missing")
            }
            for (place, text) in names.texts.enumerated() where names.firstText + place >= texts.count {
                guard strings.code(text) == UInt32(truncatingIfNeeded: texts.count) else {
                    throw .segmentDamaged(file: name, offset: 0, reason: "a text stands there twice")
                }
                texts.append(text)
            }
            var numbers: [String: Int] = [:]
            for (place, key) in names.series.enumerated() {
                let id = try index.id(for: key) { _, measurement, name in
                    head.addSeries(measurement: measurement, name: name)
                }
                guard Int(id) == names.firstSeries + place else {
                    throw .segmentDamaged(file: name, offset: 0, reason: "a series stands there twice")
                }
            }
            head.reveal(seriesBelow: index.count)
            for measurement in names.measurements {
                guard
                    let number = numbers[measurement.name]
                        ?? index.number(of: measurement.name, below: SeriesID(index.count))
                else { continue }
                numbers[measurement.name] = number
                head.loadFields(measurement.fields, of: number)
            }
        }
        state.savedTexts = texts.count
        state.savedSeries = index.count
    }

    /// Puts the blocks of a segment into their series.
    private func load(
        _ opening: Segment.Opening, _ cutoff: Int64, _ head: inout Head, _ report: inout SegmentReport
    ) {
        let entries = opening.entries
        var start = 0
        while start < entries.count {
            let series = entries[start].series
            var end = start + 1
            while end < entries.count, entries[end].series == series { end += 1 }
            if Int(series) < head.seriesCount {
                var blocks = (start..<end).map { (place: $0, entry: entries[$0]) }
                blocks.removeAll { $0.entry.last < cutoff }
                blocks.sort { ($0.entry.first, $0.entry.last) < ($1.entry.first, $1.entry.last) }
                head.load(blocks, of: opening.segment, series: Int(series))
                report.blocks += blocks.count
            } else {
                report.damages.append(
                    SegmentReport.Damage(
                        file: opening.segment.name, offset: entries[start].offset, byteCount: 0,
                        reason: "series \(series) has no name", isLoss: true))
            }
            start = end
        }
    }

    private func note(
        _ error: StorageError, _ file: Manifest.File, _ report: inout SegmentReport
    ) throws(StorageError) {
        if mode == .strict { throw error }
        if case .newerFormat = error { throw error }
        report.damages.append(
            SegmentReport.Damage(
                file: StoreName.segment(file.number), offset: 0, byteCount: file.byteCount, reason: error.description,
                isLoss: true))
    }

    private func removeStrays(_ names: (home: [String], segments: [String]), _ manifest: Manifest) -> [String] {
        let wanted = Set(
            manifest.segments.map { StoreName.segment($0.number) } + manifest.names.map { StoreName.names($0.number) })
        var removed: [String] = []
        for name in names.segments where !wanted.contains(name) {
            // Names that are none of ours are left alone.
            let plain =
                name.hasSuffix(StoreName.temporarySuffix)
                ? String(name.dropLast(StoreName.temporarySuffix.count)) : name
            guard StoreName.segmentNumber(plain) != nil || StoreName.namesNumber(plain) != nil else { continue }
            if (try? fileSystem.remove(folder + "/" + name)) != nil { removed.append(name) }
        }
        let temporary = StoreName.manifest + StoreName.temporarySuffix
        if names.home.contains(temporary), (try? fileSystem.remove(home + "/" + temporary)) != nil {
            removed.append(temporary)
        }
        return removed
    }
}

public import TramSystem

/// Reads a log back, from its oldest record to its newest.
///
/// 1. The heads of all files are read. A newer format ends it here.
/// 2. File after file, record after record is checked and handed over. The number of the first record of the next file
///    says where a file ends; what follows there was never acknowledged.
/// 3. In the newest file, what is not a whole record and was not known to be on the disk is a torn tail. Anything else
///    that is not as it was written is damage.
/// 4. Only now is the folder changed: damaged files get a second name, the torn tail is cut off, unfinished files are
///    removed. Each step can be done again, so it does not matter where this is killed.
public struct LogRecovery {
    /// What to do about damage.
    public enum Mode: Sendable {
        /// Hand over all that is whole, and report the rest.
        case repair
        /// Throw, and change nothing.
        case strict
        /// Hand over all that is whole, report the rest, and change nothing.
        case look
    }

    private let folder: String
    private let fileSystem: any FileSystem
    private let configuration: LogConfiguration
    private let mode: Mode

    /// - Parameter folder: the log's own. It may be missing: then the log is empty.
    /// - Throws: `.invalidConfiguration`.
    public init(
        folder: String, fileSystem: any FileSystem = LocalFileSystem(),
        configuration: LogConfiguration = LogConfiguration(), mode: Mode = .repair
    ) throws(StorageError) {
        try configuration.validate()
        self.folder = folder
        self.fileSystem = fileSystem
        self.configuration = configuration
        self.mode = mode
    }

    /// Reads the log. The caller has the folder to itself.
    ///
    /// - Parameters:
    ///   - needed: the lowest record that the caller still needs, 0 or 1 for all. Those before are checked and not
    ///     handed over, and it is no loss when they are gone.
    ///   - visit: gets each record and its payload, in the order of their numbers. What it throws ends the reading.
    /// - Throws: `.logUnreadable`, `.newerFormat`, in strict mode `.logDamaged`, and what `visit` throws. Nothing was
    ///   changed then. `.logFailed` when the log was read and could not be mended; another try may succeed.
    /// - Complexity: O(bytes of the log). It holds one record, or 1 MiB, in memory.
    public func run(
        from needed: LSN = 0, visit: (LogRecord, RawSpan) throws(StorageError) -> Void
    ) throws(StorageError) -> LogReport {
        var walk = try LogWalk(folder: folder, fileSystem: fileSystem, configuration: configuration, needed: needed)
        try walk.readHeaders()
        try walk.readRecords(visit)
        walk.judge()
        if mode == .strict, let damage = walk.report.damages.first(where: { $0.isLoss }) {
            throw .logDamaged(file: damage.file, offset: damage.offset, lost: damage.lost)
        }
        if mode != .look { try walk.mend() }
        return walk.report
    }
}

/// One reading of a log.
private struct LogWalk {
    private struct File {
        var sequence: UInt64
        var name: String
        var byteCount: Int
        var header: LogFileHeader?
        /// Of another log, or of an older copy of this one.
        var isForeign = false
        var nextLSN: LSN = 0
        var recordCount = 0
    }

    private let folder: String
    private let fileSystem: any FileSystem
    private let configuration: LogConfiguration
    private let needed: LSN
    private var files: [File] = []
    private var temporaries: [String] = []
    private var cut: (name: String, offset: Int)?
    var report = LogReport()

    init(
        folder: String, fileSystem: any FileSystem, configuration: LogConfiguration, needed: LSN
    ) throws(StorageError) {
        self.folder = folder
        self.fileSystem = fileSystem
        self.configuration = configuration
        self.needed = min(needed, highestNumber)
        let names: [String]
        do throws(SystemError) {
            names = try fileSystem.names(in: folder)
        } catch {
            guard error.isNoSuchFile else { throw .logUnreadable(error) }
            names = []
        }
        for name in names {
            if let sequence = LogName.sequence(of: name) {
                files.append(File(sequence: sequence, name: name, byteCount: 0))
            } else if LogName.sequence(ofTemporary: name) != nil {
                temporaries.append(name)
            } else if name.hasSuffix(LogName.damagedSuffix) {
                report.damagedFiles.append(name)
            } else {
                report.strayNames.append(name)
            }
        }
        // Names are sorted, and the numbers in them have leading zeros.
        report.fileCount = files.count
    }

    private func path(_ name: String) -> String { folder + "/" + name }

    private func open(_ name: String) throws(StorageError) -> LogWindow {
        do throws(SystemError) {
            return try LogWindow(fileSystem.open(path(name), .read))
        } catch {
            throw .logUnreadable(error)
        }
    }

    // MARK: Heads

    mutating func readHeaders() throws(StorageError) {
        var isCopy: Set<String> = []
        for index in files.indices {
            let file = files[index]
            var window = try open(file.name)
            files[index].byteCount = window.byteCount
            for offset in [0, LogFileHeader.copyOffset] {
                guard window.byteCount >= offset + LogFileHeader.byteCount else { continue }
                let start: Int
                do throws(SystemError) {
                    start = try window.load(offset, LogFileHeader.byteCount)
                } catch {
                    throw .logUnreadable(error)
                }
                switch LogFileHeader.read(window.bytes, at: start) {
                case .newer(let version):
                    throw .newerFormat(file: file.name, found: version, supported: LogFileHeader.version)
                case .damaged: isCopy.insert(file.name)
                case .header(let header):
                    // A copy of one file under the name of another.
                    guard header.sequence == file.sequence else { continue }
                    if files[index].header == nil { files[index].header = header }
                }
            }
            if files[index].header != nil, isCopy.contains(file.name) {
                note(file.name, 0..<LogFileHeader.recordsOffset, .header, lost: 0..<0)
            }
        }
        // The newest file's word counts: it is what was written last.
        report.epoch = files.last { $0.header != nil }?.header?.epoch
        var highest: LSN = 0
        for index in files.indices {
            guard let header = files[index].header else { continue }
            files[index].isForeign = header.epoch != report.epoch || header.firstLSN < highest
            if !files[index].isForeign { highest = header.firstLSN }
        }
    }

    private mutating func note(
        _ name: String, _ range: Range<Int>, _ reason: LogReport.Damage.Reason, lost: Range<LSN>?
    ) {
        report.damages.append(
            LogReport.Damage(
                file: name, offset: range.lowerBound, byteCount: range.count, reason: reason, lost: lost, isLoss: true))
    }

    // MARK: Records

    mutating func readRecords(_ visit: (LogRecord, RawSpan) throws(StorageError) -> Void) throws(StorageError) {
        var expected: LSN?
        for index in files.indices {
            let file = files[index]
            if index > 0, file.sequence - files[index - 1].sequence > 1 {
                expected = noteMissing(from: files[index - 1].sequence + 1, before: index, expected)
            }
            if file.isForeign {
                note(file.name, 0..<file.byteCount, .foreign, lost: lostRange(expected, before: index + 1))
                files[index].nextLSN = expected ?? 0
                continue
            }
            guard let epoch = report.epoch else {
                // Not one head is whole, and without it no record can be told from any other bytes.
                note(file.name, 0..<file.byteCount, .header, lost: nil)
                continue
            }
            if let header = file.header, let known = expected, header.firstLSN > known {
                // The file before ended too early, and said so when it was read.
                expected = header.firstLSN
            }
            let first = file.header?.firstLSN ?? expected
            let header = LogFileHeader(sequence: file.sequence, epoch: epoch, firstLSN: first ?? 0)
            expected = try readFile(index, header, isFirstKnown: first != nil, visit)
            files[index].nextLSN = expected ?? 0
        }
        finish(expected)
    }

    /// Number of the first record of the nearest whole file at or behind `index`.
    private func limit(from index: Int) -> LSN? {
        files[min(index, files.count)...].first { $0.header != nil && !$0.isForeign }?.header?.firstLSN
    }

    private func lostRange(_ expected: LSN?, before index: Int) -> Range<LSN>? {
        guard let expected, let limit = limit(from: index) else { return nil }
        return expected..<max(expected, limit)
    }

    private mutating func noteMissing(from sequence: UInt64, before index: Int, _ expected: LSN?) -> LSN? {
        let lost = lostRange(expected, before: index)
        note(LogName.file(sequence), 0..<0, .missing, lost: lost)
        return lost?.upperBound ?? expected
    }

    /// Reads the records of a file whose head may have been put together from its neighbours.
    ///
    /// - Returns: number of the next record.
    private mutating func readFile(
        _ index: Int, _ header: LogFileHeader, isFirstKnown: Bool,
        _ visit: (LogRecord, RawSpan) throws(StorageError) -> Void
    ) throws(StorageError) -> LSN {
        let file = files[index]
        let isNewest = index == files.count - 1
        let limit = limit(from: index + 1)
        let isFollowed =
            !isNewest && files[index + 1].sequence == file.sequence + 1 && files[index + 1].header != nil
            && !files[index + 1].isForeign
        var reader = LogReader(
            try open(file.name), header: header, limit: isNewest ? nil : limit ?? LSN.max)
        do throws(SystemError) {
            if !isFirstKnown, try !reader.takeFirst() {
                note(file.name, 0..<LogFileHeader.recordsOffset, .header, lost: 1..<max(1, reader.expected))
            }
        } catch {
            throw .logUnreadable(error)
        }
        while true {
            let step: LogReader.Step
            do throws(SystemError) {
                step = try reader.next()
            } catch {
                throw .logUnreadable(error)
            }
            switch step {
            case .record(let record):
                files[index].recordCount += 1
                try reader.withPayload { payload throws(StorageError) in
                    if record.type == .checkpoint { noteCheckpoint(payload) }
                    guard record.lsn >= needed else { return }
                    report.recordCount += 1
                    report.byteCount += payload.byteCount
                    try visit(record, payload)
                }
            case .damage(let damage):
                let reason: LogReport.Damage.Reason =
                    damage.isUnreadable ? .unreadable : damage.range.isEmpty ? .gap : .checksum
                note(file.name, damage.range, reason, lost: damage.lost)
            case .end(let end):
                return finishFile(index, end, reader.expected, limit: limit, isNewest, isFollowed)
            }
        }
    }

    private mutating func noteCheckpoint(_ payload: RawSpan) {
        guard payload.byteCount >= 8 else { return }
        let lowest = unsafe UInt64(littleEndian: payload.unsafeLoadUnaligned(as: UInt64.self))
        report.checkpoint = lowest
    }

    private mutating func finishFile(
        _ index: Int, _ end: LogReader.End, _ expected: LSN, limit: LSN?, _ isNewest: Bool, _ isFollowed: Bool
    ) -> LSN {
        let file = files[index]
        let rest = min(end.offset, file.byteCount)..<file.byteCount
        let hasNothing = file.header == nil && files[index].recordCount == 0
        if isNewest {
            if hasNothing {
                // Both heads are gone and so are all records, if there were any.
                let room = LSN(max(file.byteCount, configuration.fileBytes) / LogRecordHead.byteCount)
                note(file.name, 0..<file.byteCount, .header, lost: expected..<expected + room)
                return expected + room
            }
            if file.header == nil { note(file.name, 0..<LogFileHeader.recordsOffset, .header, lost: 0..<0) }
            if end.isZero {
                report.paddingBytes = rest.count
            } else {
                report.tornTail = LogReport.TornTail(
                    file: file.name, offset: end.offset, byteCount: rest.count, recordCount: end.recordCount)
            }
            if !rest.isEmpty { cut = (file.name, end.offset) }
            return expected
        }
        guard let limit else {
            // None of the files behind it has a head: nobody knows where this one ended.
            if file.header == nil { note(file.name, 0..<LogFileHeader.recordsOffset, .header, lost: 0..<0) }
            if !end.isZero { note(file.name, rest, .checksum, lost: nil) }
            return expected
        }
        let lost = expected..<max(expected, limit)
        if isFollowed, !lost.isEmpty {
            note(file.name, rest, file.header == nil ? .header : .checksum, lost: lost)
            return limit
        }
        if file.header == nil { note(file.name, 0..<LogFileHeader.recordsOffset, .header, lost: 0..<0) }
        if !isFollowed, !end.isZero { note(file.name, rest, .checksum, lost: nil) }
        return expected
    }

    /// What the files as a whole tell.
    private mutating func finish(_ expected: LSN?) {
        report.nextLSN = max(expected ?? 1, 1)
        report.nextSequence = (files.last?.sequence ?? 0) + 1
        let room = LSN(configuration.fileBytes / LogRecordHead.byteCount)
        // A file is prepared only while the one before it is there.
        if let prepared = temporaries.compactMap({ LogName.sequence(ofTemporary: $0) }).max(),
            prepared > report.nextSequence
        {
            note(
                LogName.file(report.nextSequence), 0..<0, .missing, lost: report.nextLSN..<report.nextLSN + room)
            report.nextLSN += room
        }
        if files.isEmpty, needed > 1 {
            note(LogName.file(1), 0..<0, .missing, lost: nil)
            report.nextLSN = needed + room
        }
        let first = limit(from: 0)
        let lowest = max(needed, report.checkpoint ?? 0)
        if let first, let oldest = files.first, lowest > 0, first > lowest, oldest.header != nil, !oldest.isForeign {
            report.damages.insert(
                LogReport.Damage(
                    file: LogName.file(oldest.sequence - min(oldest.sequence, 1)), offset: 0, byteCount: 0,
                    reason: .missing, lost: lowest..<first, isLoss: true), at: 0)
        }
        if report.nextLSN < needed {
            note(
                files.last?.name ?? LogName.file(1), 0..<0, .missing, lost: report.nextLSN..<needed)
            report.nextLSN = needed
        }
        if report.epoch == nil, !files.isEmpty { report.nextLSN = max(report.nextLSN, needed) + room }
    }

    // MARK: Consequences

    /// Tells what of the damage is a loss.
    mutating func judge() {
        let lowest = max(needed, report.checkpoint ?? 0)
        for index in report.damages.indices {
            guard let lost = report.damages[index].lost else { continue }
            report.damages[index].isLoss = !lost.isEmpty && lost.upperBound > lowest
        }
    }

    /// Changes the folder so that the log can go on.
    mutating func mend() throws(StorageError) {
        let isThere = Set(files.map(\.name))
        for index in report.damages.indices where report.damages[index].isLoss {
            let name = report.damages[index].file
            guard isThere.contains(name) else { continue }
            report.damages[index].keptAs = keep(name)
        }
        let newest = files.last
        if let cut, !report.damages.contains(where: { $0.file == cut.name && $0.isLoss }) {
            try attempt(cut.name, cut.offset) { system throws(SystemError) in
                let file = try system.open(path(cut.name), .update)
                try file.truncate(to: cut.offset)
                try file.sync()
            }
        }
        for name in temporaries {
            try attempt(name, 0) { system throws(SystemError) in try system.remove(path(name)) }
            report.removedFiles.append(name)
        }
        if !temporaries.isEmpty || report.damages.contains(where: { $0.keptAs != nil }) {
            try attempt(folder, 0) { system throws(SystemError) in try system.syncFolder(folder) }
        }
        // A file without a record is replaced by the next one, so that starts alone leave none behind.
        if let newest, newest.recordCount == 0, let header = newest.header, header.firstLSN == report.nextLSN,
            !report.damages.contains(where: { $0.file == newest.name && $0.isLoss })
        {
            report.nextSequence = newest.sequence
            files.removeLast()
        }
        report.files = files.map { LogFileEntry(sequence: $0.sequence, name: $0.name, nextLSN: $0.nextLSN) }
    }

    /// Gives a damaged file a second name, under which it outlives the log's own use of it. It takes no room.
    private mutating func keep(_ name: String) -> String? {
        let kept = name + LogName.damagedSuffix
        if report.damagedFiles.contains(kept) { return kept }
        do throws(SystemError) {
            try fileSystem.link(path(name), as: path(kept))
        } catch {
            // Where there are no links, the file stays under its own name as long as the log needs it.
            return nil
        }
        report.damagedFiles.append(kept)
        return kept
    }

    private func attempt(
        _ name: String, _ offset: Int, _ body: (any FileSystem) throws(SystemError) -> Void
    ) throws(StorageError) {
        do throws(SystemError) {
            try body(fileSystem)
        } catch {
            throw .logFailed(file: name, offset: offset, error)
        }
    }
}

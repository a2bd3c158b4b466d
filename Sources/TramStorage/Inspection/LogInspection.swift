import TramColumnar
public import TramSystem

/// A record of a log file, and what is in it.
public struct InspectedRecord: Sendable {
    /// What a record of rows holds.
    public struct Rows: Equatable, Sendable {
        /// In the order of the record, each once.
        public var measurements: [String] = []
        public var rows = 0
        public var newSeries = 0
        /// Number of the first new series; all below it were known before.
        public var firstSeries: SeriesID = 0
        /// The highest number of a series that has a row.
        public var highestSeries: SeriesID?
    }

    /// What the record is about.
    public enum Content: Equatable, Sendable {
        case rows(Rows)
        /// Rows of so many series between two times, nanoseconds UTC, go.
        case deletion(series: Int, start: Int64, end: Int64)
        /// The lowest record that is still needed.
        case checkpoint(LSN)
        /// Of a type that this version does not know, or not what its type says.
        case other
    }

    public var offset: Int
    /// Of the payload.
    public var byteCount: Int
    public var lsn: LSN
    public var type: LogRecordType
    public var flags: UInt8
    public var content: Content
    public var findings: [Finding] = []

    /// `rows`, `deletion`, `checkpoint`, or the number of the type.
    public var typeName: String {
        switch type {
        case .rows: "rows"
        case .deletion: "deletion"
        case .checkpoint: "checkpoint"
        default: String(type.rawValue)
        }
    }
}

/// A file of a log, looked at record by record.
public struct LogInspection: Sendable {
    /// Number of the file, as its head says; nil when neither head is whole.
    public private(set) var sequence: UInt64?
    /// The same in all files of a log; nil when no head of the log is whole.
    public private(set) var epoch: UInt64?
    public private(set) var firstLSN: LSN?
    /// Number of the record behind the last one.
    public private(set) var nextLSN: LSN?
    public private(set) var byteCount = 0
    public private(set) var records = 0
    public private(set) var rows = 0
    /// Bytes of records, their heads included.
    public private(set) var recordByteCount = 0
    public private(set) var findings: [Finding] = []

    /// What the files beside a file tell of it.
    struct Neighbours {
        /// Of the log, where the file itself does not tell it.
        var epoch: UInt64?
        /// Number of the first record of the next whole file; nil for the newest.
        var limit: LSN?
        /// Whether that is the file right behind it.
        var isFollowed = false
    }

    /// Looks at one file; those beside it say where it ends. Records are handed to `visit` in their order.
    ///
    /// - Throws: `.newerFormat`, `.logUnreadable`.
    /// - Complexity: O(bytes). It holds one record, or 1 MiB, in memory.
    public init(
        _ path: String, fileSystem: any FileSystem = LocalFileSystem(), visit: (InspectedRecord) -> Void
    ) throws(StorageError) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let folder = path.contains("/") ? String(path.dropLast(name.count + 1)) : "."
        let log = LogNeighbourhood(folder.isEmpty ? "/" : folder, fileSystem)
        try self.init(path, name, log.neighbours(of: name), needed: 0, fileSystem, visit: visit)
    }

    /// - Parameter needed: the lowest record that the store still needs; what is lost below it stands in segments.
    init(
        _ path: String, _ name: String, _ neighbours: Neighbours, needed: LSN, _ fileSystem: any FileSystem,
        visit: (InspectedRecord) -> Void
    ) throws(StorageError) {
        let file: any StoredFile
        var window: LogWindow
        do throws(SystemError) {
            file = try fileSystem.open(path, .read)
            window = try LogWindow(file)
        } catch {
            throw .logUnreadable(error)
        }
        byteCount = window.byteCount
        guard let header = try readHeader(&window, name, neighbours) else { return }
        do throws(SystemError) {
            try readGaps(&window)
            var reader = LogReader(try LogWindow(file), header: header, limit: neighbours.limit)
            // A head that was put together from others does not know its first record.
            if header.firstLSN == 0 { _ = try reader.takeFirst() }
            firstLSN = reader.expected
            try readRecords(&reader, file, neighbours, needed, visit)
            nextLSN = reader.expected
        } catch {
            throw .logUnreadable(error)
        }
    }

    // MARK: Heads

    /// The head of the file; where both are damaged, one put together from the file's name and its neighbours.
    private mutating func readHeader(
        _ window: inout LogWindow, _ name: String, _ neighbours: Neighbours
    ) throws(StorageError) -> LogFileHeader? {
        var whole: [LogFileHeader] = []
        var damaged: [Int] = []
        for offset in [0, LogFileHeader.copyOffset] {
            var reading = LogFileHeader.Reading.damaged
            if window.byteCount >= offset + LogFileHeader.byteCount {
                do throws(SystemError) {
                    let start = try window.load(offset, LogFileHeader.byteCount)
                    reading = LogFileHeader.read(window.bytes, at: start)
                } catch {
                    throw .logUnreadable(error)
                }
            }
            switch reading {
            case .newer(let version):
                throw .newerFormat(file: name, found: version, supported: LogFileHeader.version)
            case .damaged: damaged.append(offset)
            case .header(let header): whole.append(header)
            }
        }
        let named = LogName.sequence(of: name)
        guard let header = whole.first else {
            epoch = neighbours.epoch
            let weight: Finding.Weight = neighbours.epoch == nil || named == nil ? .loss : .damage
            findings.append(
                Finding(
                    0, min(byteCount, LogFileHeader.recordsOffset), weight,
                    vi: weight == .loss
                        ? "cả hai phần đầu đều hỏng: không còn nhận ra được bản ghi nào của tệp"
                        : "cả hai phần đầu đều hỏng; các bản ghi vẫn đọc được nhờ tệp bên cạnh",
                    en: weight == .loss
                        ? "both heads are damaged, and without them no record of the file can be told from other bytes"
                        : "both heads are damaged; its records can be read with the help of the files beside it"))
            guard let named, let epoch else { return nil }
            return LogFileHeader(sequence: named, epoch: epoch, firstLSN: 0)
        }
        (sequence, epoch) = (header.sequence, header.epoch)
        for offset in damaged {
            findings.append(
                Finding(
                    offset, LogFileHeader.byteCount, .damage, vi: "một trong hai phần đầu bị hỏng; không mất gì",
                    en: "one of the two heads is damaged; nothing is lost"))
        }
        if let named, named != header.sequence {
            findings.append(
                Finding(
                    8, 8, .loss, vi: "đây là tệp nhật ký \(header.sequence), không phải \(named) như tên tệp",
                    en: "this is file \(header.sequence) of a log, and not \(named) as its name says"))
        }
        return header
    }

    /// What stands between the heads and the records is zero.
    private mutating func readGaps(_ window: inout LogWindow) throws(SystemError) {
        let gaps = [
            LogFileHeader.byteCount..<LogFileHeader.copyOffset,
            LogFileHeader.copyOffset + LogFileHeader.byteCount..<LogFileHeader.recordsOffset,
        ]
        for gap in gaps {
            let part = gap.clamped(to: 0..<window.byteCount)
            guard !part.isEmpty else { continue }
            let start = try window.load(part.lowerBound, part.count)
            guard let place = window.bytes[start..<start + part.count].firstIndex(where: { $0 != 0 }) else { continue }
            findings.append(
                Finding(
                    part.lowerBound + place - start, 0, .damage, vi: "byte giữa hai phần đầu phải là 0; không mất gì",
                    en: "bytes beside the heads should be zero; nothing is lost"))
        }
    }

    // MARK: Records

    private mutating func readRecords(
        _ reader: inout LogReader, _ file: any StoredFile, _ neighbours: Neighbours, _ needed: LSN,
        _ visit: (InspectedRecord) -> Void
    ) throws(SystemError) {
        while true {
            let start = reader.offset
            switch try reader.next() {
            case .record(let record):
                var inspected = InspectedRecord(
                    offset: start, byteCount: 0, lsn: record.lsn, type: record.type, flags: record.flags,
                    content: .other)
                reader.withPayload { inspected.read($0) }
                if try !reader.hasZeroPadding() {
                    inspected.findings.append(
                        Finding(
                            start + LogRecordHead.byteCount + inspected.byteCount, 0, .damage,
                            vi: "byte đệm sau bản ghi phải là 0; không mất gì",
                            en: "the filling behind a record should be zero; nothing is lost"))
                }
                records += 1
                recordByteCount += reader.offset - start
                if case .rows(let content) = inspected.content { rows += content.rows }
                visit(inspected)
            case .damage(let damage):
                note(
                    damage.range, lost: damage.lost, needed,
                    vi: damage.isUnreadable ? "đĩa không trả về các byte này" : "ở đây không có bản ghi nguyên vẹn",
                    en: damage.isUnreadable ? "the disk does not give these bytes" : "no whole record is here")
            case .end(let end): return try finish(end, reader, file, neighbours, needed)
            }
        }
    }

    private mutating func note(
        _ range: Range<Int>, lost: Range<LSN>?, _ needed: LSN, vi: String, en: String
    ) {
        let text: Bilingual
        var weight = Finding.Weight.loss
        if let lost, lost.upperBound <= needed || lost.isEmpty {
            weight = .damage
            text = Bilingual(vi: "không mất gì: đã có trong phân đoạn", en: "nothing is lost: segments have it")
        } else if let lost {
            text = Bilingual(
                vi: "mất bản ghi nhật ký \(lost.lowerBound)...\(lost.upperBound - 1)",
                en: "records \(lost.lowerBound)...\(lost.upperBound - 1) of the log are lost")
        } else {
            text = Bilingual(vi: "không rõ mất bao nhiêu", en: "how much is lost is not known")
        }
        findings.append(
            Finding(range.lowerBound, range.count, weight, vi: "\(vi); \(text.vi)", en: "\(en); \(text.en)"))
    }

    private mutating func finish(
        _ end: LogReader.End, _ reader: LogReader, _ file: any StoredFile, _ neighbours: Neighbours, _ needed: LSN
    ) throws(SystemError) {
        let rest = min(end.offset, byteCount)..<byteCount
        if let limit = neighbours.limit {
            if limit == .max {
                // None of the files behind it has a head: nobody knows where this one ended.
                guard !end.isZero else { return }
                note(
                    rest, lost: nil, needed, vi: "ở đây không có bản ghi nguyên vẹn", en: "no whole record is here")
            } else if neighbours.isFollowed, reader.expected < limit {
                note(
                    rest, lost: reader.expected..<limit, needed, vi: "tệp kết thúc quá sớm",
                    en: "the file ends before the next one goes on")
            }
            return
        }
        guard !end.isZero else { return }
        if try LogTail(file, at: end.offset, seed: reader.header.seed).isUnfinished {
            findings.append(
                Finding(
                    end.offset, rest.count, .unfinished,
                    vi: "phần cuối ghi dở; chưa ai được báo là đã nhận, lần khởi động sau sẽ cắt bỏ",
                    en: "an unfinished end; nobody was told that it was kept, and the next start cuts it off"))
        } else {
            findings.append(
                Finding(
                    end.offset, rest.count, .loss,
                    vi: "phần cuối đã được ghi trọn nhưng không còn như khi được ghi; "
                        + "bản ghi nhật ký \(reader.expected) có thể đã mất",
                    en: "the end was written in full and is not as it was written; record \(reader.expected) of the "
                        + "log may be lost"))
        }
    }
}

/// What stands behind the last whole record of the newest file.
///
/// A write that was cut short leaves sectors that nothing was written to, for room is reserved as zeros; damage to a
/// record that was written in full leaves none. A start need not tell them apart, for neither record can be had;
/// whoever looks for a failing disk wants to know.
private struct LogTail {
    private static let sectorBytes = 512

    let isUnfinished: Bool

    init(_ file: any StoredFile, at offset: Int, seed: UInt32) throws(SystemError) {
        var window = try LogWindow(file)
        var end = offset + LogRecordHead.byteCount
        guard end <= window.byteCount else {
            isUnfinished = true
            return
        }
        let start = try window.load(offset, LogRecordHead.byteCount)
        if let head = LogRecordHead.read(window.bytes, at: start, seed: seed) {
            end += head.payloadBytes
        } else {
            end = max(end, try LogTail.lastUsed(&window, from: offset) + 1)
        }
        guard end <= window.byteCount else {
            isUnfinished = true
            return
        }
        var place = offset
        while place < end {
            let next = min((place / LogTail.sectorBytes + 1) * LogTail.sectorBytes, end)
            let start = try window.load(place, next - place)
            if window.bytes[start..<start + next - place].allSatisfy({ $0 == 0 }) {
                isUnfinished = true
                return
            }
            place = next
        }
        isUnfinished = false
    }

    /// The last byte that is not zero.
    private static func lastUsed(_ window: inout LogWindow, from start: Int) throws(SystemError) -> Int {
        var last = start
        var place = start
        while place < window.byteCount {
            let count = min(1 << 16, window.byteCount - place)
            let index = try window.load(place, count)
            if let found = window.bytes[index..<index + count].lastIndex(where: { $0 != 0 }) {
                last = place + found - index
            }
            place += count
        }
        return last
    }
}

/// The files of a log, by their heads alone.
struct LogNeighbourhood {
    private struct File {
        var sequence: UInt64
        var name: String
        var header: LogFileHeader?
        var isForeign = false
    }

    private var files: [File] = []

    /// Files whose heads cannot be read count as damaged.
    init(_ folder: String, _ fileSystem: any FileSystem) {
        for name in (try? fileSystem.names(in: folder)) ?? [] {
            guard let sequence = LogName.sequence(of: name) else { continue }
            files.append(
                File(
                    sequence: sequence, name: name,
                    header: LogNeighbourhood.header(folder + "/" + name, sequence, fileSystem)))
        }
        var highest: LSN = 0
        for index in files.indices {
            guard let header = files[index].header else { continue }
            files[index].isForeign = header.epoch != epoch || header.firstLSN < highest
            if !files[index].isForeign { highest = header.firstLSN }
        }
    }

    private static func header(_ path: String, _ sequence: UInt64, _ fileSystem: any FileSystem) -> LogFileHeader? {
        guard let file = try? fileSystem.open(path, .read), var window = try? LogWindow(file) else { return nil }
        for offset in [0, LogFileHeader.copyOffset] where window.byteCount >= offset + LogFileHeader.byteCount {
            guard let start = try? window.load(offset, LogFileHeader.byteCount),
                case .header(let header) = LogFileHeader.read(window.bytes, at: start), header.sequence == sequence
            else { continue }
            return header
        }
        return nil
    }

    var names: [String] { files.map(\.name) }

    /// The newest file's word counts: it is what was written last.
    var epoch: UInt64? { files.last { $0.header != nil }?.header?.epoch }

    /// What the others tell of a file; nothing for one that is none of them.
    func neighbours(of name: String) -> LogInspection.Neighbours {
        guard let index = files.firstIndex(where: { $0.name == name }) else { return LogInspection.Neighbours() }
        let behind = files[(index + 1)...]
        let next = behind.first { $0.header != nil && !$0.isForeign }
        let limit = behind.isEmpty ? nil : next?.header?.firstLSN ?? .max
        return LogInspection.Neighbours(
            epoch: epoch, limit: limit,
            isFollowed: next != nil && next?.sequence == files[index].sequence + 1)
    }
}

extension InspectedRecord {
    /// Takes the payload apart.
    mutating func read(_ payload: RawSpan) {
        byteCount = payload.byteCount
        do throws(StorageError) {
            content = try Content(type, unsafe payload.withUnsafeBytes { unsafe Array($0) })
        } catch {
            findings.append(
                Finding(
                    offset, LogRecordHead.byteCount + byteCount, .loss,
                    vi: "bản ghi nguyên vẹn nhưng nội dung sai (\(error.description)): không khởi động được",
                    en: "the record is whole and its content is wrong (\(error.description)): no start gets beyond it"))
        }
    }
}

extension InspectedRecord.Content {
    /// - Throws: `.malformedRecord`.
    init(_ type: LogRecordType, _ bytes: [UInt8]) throws(StorageError) {
        switch type {
        case .rows:
            let record = try BatchRecord(decoding: bytes[...])
            var rows = InspectedRecord.Rows(newSeries: record.newSeries.count, firstSeries: record.firstID)
            for batch in record.batches {
                rows.rows += batch.count
                if !rows.measurements.contains(batch.measurement) { rows.measurements.append(batch.measurement) }
                if let highest = batch.series.max() {
                    rows.highestSeries = max(rows.highestSeries ?? 0, highest)
                }
            }
            self = .rows(rows)
        case .deletion:
            let deletion = try Deletion(decoding: bytes[...])
            self = .deletion(series: deletion.series.count, start: deletion.range.start, end: deletion.range.end)
        case .checkpoint:
            guard bytes.count >= 8 else { throw .malformedRecord(offset: 0, expected: "the number of a record") }
            self = .checkpoint(bytes.littleEndian(at: 0, as: UInt64.self))
        default: self = .other
        }
    }
}

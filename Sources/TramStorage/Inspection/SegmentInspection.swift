public import TramCodec
public import TramColumnar
public import TramSystem

/// A block of a segment, looked at down to its last value.
public struct InspectedBlock: Sendable {
    /// A column of the block. What a compact block does not keep is computed.
    public struct Field: Sendable {
        public var number: Int
        /// Nil where no file of names has it.
        public var name: String?
        public var type: FieldType
        public var codec: Codec
        /// Rows without a value.
        public var nulls: Int
        public var byteCount: Int
        /// Of the finite values, as bits of the type; nil when there are none. Of strings they are codes.
        public var minimum: UInt64?
        public var maximum: UInt64?
        /// Nil for strings.
        public var sum: ColumnEntry.Sum?

        /// Bits a row, nulls included.
        public func bitsPerValue(rows: Int) -> Double { rows == 0 ? 0 : Double(byteCount) * 8 / Double(rows) }
    }

    /// How it is written: `full`, `compact` for few rows, `grave` for one that only takes rows away.
    public enum Kind: String, Equatable, Sendable {
        case full, compact, grave
    }

    public var offset: Int
    public var byteCount: Int
    public var kind: Kind
    public var series: SeriesID
    /// Nil where no file of names has it.
    public var key: SeriesKey?
    public var rows: Int
    /// Nanoseconds UTC.
    public var first: Int64
    public var last: Int64
    /// Bytes of the column of times.
    public var timeByteCount = 0
    /// None of a block whose columns are damaged.
    public var fields: [Field] = []
    public var findings: [Finding] = []
}

/// A segment, looked at byte by byte: every byte of it is a checksum's, or zero, or found wrong.
///
/// 1. Its head and its end are read, and the directory, if it is whole.
/// 2. From the first block on, block follows block. Where none begins, the directory says where the next one is, or
///    every eighth byte is tried.
/// 3. Each block is decoded, and what it says of itself is compared with its values; the directory and the end are
///    compared with the blocks.
public struct SegmentInspection: Sendable {
    /// Number of the segment; nil when the head is damaged.
    public private(set) var number: UInt64?
    /// Rows of the log up to this record are in this segment and those before it.
    public private(set) var lsn: LSN?
    /// Its place in order of age.
    public private(set) var order: UInt64?
    /// 1 when it was put together from others.
    public private(set) var generation: UInt8?
    public private(set) var byteCount: Int
    /// Where the directory begins; nil when the segment's end is damaged.
    public private(set) var directoryOffset: Int?
    public private(set) var blocks = 0
    public private(set) var rows = 0
    /// Of the file itself. Those of blocks are with the blocks.
    public private(set) var findings: [Finding] = []

    private var names: StoredNames?

    /// Looks at a segment. Blocks are handed to `visit` in the order of the file.
    ///
    /// - Parameters:
    ///   - names: what its numbers stand for; nil when that is not known, and then nothing is wrong with any number.
    ///   - progress: hears how many bytes were looked at since the last time.
    /// - Throws: `.newerFormat`, `.storeUnreadable`.
    /// - Complexity: O(bytes + values); one block is in memory at a time, and the directory.
    public init(
        _ path: String, names: StoredNames? = nil, fileSystem: any FileSystem = LocalFileSystem(),
        progress: (Int) -> Void = { _ in }, visit: (InspectedBlock) -> Void
    ) throws(StorageError) {
        let file: WholeFile
        do throws(SystemError) {
            file = try WholeFile(path, fileSystem)
        } catch {
            throw .storeUnreadable(error)
        }
        self.names = names
        byteCount = file.image.byteCount
        findings = file.findings
        var walk = self
        try file.image.withBytes { (bytes) throws(StorageError) in
            try walk.read(bytes, file.name, progress, visit)
        }
        self = walk
    }

    private mutating func read(
        _ bytes: RawSpan, _ name: String, _ progress: (Int) -> Void, _ visit: (InspectedBlock) -> Void
    ) throws(StorageError) {
        try readHeader(bytes, name)
        let (footer, directory) = readEnd(bytes)
        directoryOffset = footer?.directoryOffset
        let end = footer?.directoryOffset ?? bytes.byteCount
        var entries = directory?[...]
        var offset = min(SegmentHeader.byteCount, end)
        var seen = Totals()
        var lastSeries: SeriesID?
        while offset < end {
            while let entry = entries?.first, entry.offset < offset {
                noteUnusable(entry)
                entries?.removeFirst()
            }
            let entry = entries?.first.flatMap { $0.offset == offset ? $0 : nil }
            if entry != nil { entries?.removeFirst() }
            let head = BlockHead(bytes.extracting(0..<end), at: offset)
            guard let told = head.map({ SegmentEntry($0, offset: offset) }) ?? entry else {
                let next = nextBlock(bytes, after: offset, end: end, entries)
                noteGap(offset..<next, hasDirectory: directory != nil, isLast: next == end, bytes)
                progress(next - offset)
                offset = next
                continue
            }
            var block = inspect(bytes, head, told)
            if let head {
                if let entry, entry != told {
                    block.findings.append(
                        Finding(
                            offset, 0, .loss, vi: "mục lục ghi khác với chính khối này",
                            en: "the directory says something else of this block than the block itself"))
                } else if entry == nil, directory != nil {
                    block.findings.append(
                        Finding(
                            offset, 0, .loss, vi: "mục lục không có khối này",
                            en: "the directory does not have this block"))
                }
                seen.add(head)
                if let lastSeries, lastSeries > head.series {
                    block.findings.append(
                        Finding(
                            offset, 0, .loss, vi: "khối không theo thứ tự chuỗi",
                            en: "blocks do not come in the order of their series"))
                }
                lastSeries = head.series
            }
            let blockEnd = min(offset + block.byteCount, end)
            let next = max(offset + 8, min(BlockLayout.padded(offset + block.byteCount), end))
            for place in blockEnd..<max(blockEnd, min(next, end))
            where bytes.littleEndian(at: place, as: UInt8.self) != 0 {
                block.findings.append(
                    Finding(
                        place, 1, .damage, vi: "byte đệm sau khối phải là 0; không mất gì",
                        en: "the filling behind a block should be zero; nothing is lost"))
            }
            blocks += 1
            rows += block.rows
            visit(block)
            progress(next - offset)
            offset = next
        }
        for entry in entries ?? [] { noteUnusable(entry) }
        if let footer, findings.isEmpty, seen.isWhole(blocks), !seen.agrees(with: footer) {
            findings.append(
                Finding(
                    bytes.byteCount - SegmentFooter.byteCount, SegmentFooter.byteCount, .damage,
                    vi: "phần cuối ghi khác với các khối; không mất gì",
                    en: "the end of the segment says something else than its blocks; nothing is lost"))
        }
        progress(bytes.byteCount - offset)
    }

    /// What the blocks are together.
    private struct Totals {
        private var blocks = 0
        private var rows = 0
        private var first = Int64.max
        private var last = Int64.min

        mutating func add(_ head: BlockHead) {
            blocks += 1
            rows += head.rows
            first = min(first, head.first)
            last = max(last, head.last)
        }

        func isWhole(_ count: Int) -> Bool { blocks == count }

        func agrees(with footer: SegmentFooter) -> Bool {
            footer.blockCount == blocks && footer.rows == rows && footer.first == first && footer.last == last
        }
    }

    // MARK: The file

    private mutating func readHeader(_ bytes: RawSpan, _ name: String) throws(StorageError) {
        do throws(StorageError) {
            let header = try SegmentHeader(bytes, file: name)
            (number, lsn, order, generation) = (header.number, header.lsn, header.order, header.generation)
            if let named = StoreName.segmentNumber(name), named != header.number {
                findings.append(
                    Finding(
                        8, 8, .damage, vi: "đây là phân đoạn \(header.number), không phải \(named) như tên tệp",
                        en: "this is segment \(header.number), and not \(named) as the name of the file says"))
            }
        } catch {
            guard case .segmentDamaged(_, _, let reason) = error else { throw error }
            findings.append(
                Finding(
                    0, min(bytes.byteCount, SegmentHeader.byteCount), .damage,
                    vi: "phần đầu không còn như khi được ghi; các khối vẫn đọc được",
                    en: "\(reason); its blocks can be read all the same"))
        }
    }

    private mutating func readEnd(_ bytes: RawSpan) -> (SegmentFooter?, [SegmentEntry]?) {
        guard let footer = SegmentFooter(bytes) else {
            let start = max(0, bytes.byteCount - SegmentFooter.byteCount)
            findings.append(
                Finding(
                    start, bytes.byteCount - start, .damage,
                    vi: "phần cuối không còn như khi được ghi; từng khối được tìm theo phần đầu của nó",
                    en: "the end of the segment is not as it was written; each block is looked for by its own head"))
            return (nil, nil)
        }
        let end = footer.directoryOffset + footer.blockCount * SegmentEntry.byteCount
        let part = bytes.extracting(footer.directoryOffset..<end)
        var entries: [SegmentEntry] = []
        entries.reserveCapacity(footer.blockCount)
        var isWhole = CRC32C.checksum(part) == footer.directoryChecksum
        for index in 0..<(isWhole ? footer.blockCount : 0) {
            let place = footer.directoryOffset + index * SegmentEntry.byteCount
            guard let entry = SegmentEntry(bytes, at: place, fileByteCount: bytes.byteCount) else {
                isWhole = false
                break
            }
            entries.append(entry)
        }
        guard isWhole else {
            findings.append(
                Finding(
                    footer.directoryOffset, part.byteCount, .damage,
                    vi: "mục lục không còn như khi được ghi; từng khối được tìm theo phần đầu của nó",
                    en: "the directory of the segment is not as it was written; each block is looked for by its own "
                        + "head"))
            return (footer, nil)
        }
        entries.sort { $0.offset < $1.offset }
        return (footer, entries)
    }

    /// Where the next block may begin behind a place where none does.
    private func nextBlock(
        _ bytes: RawSpan, after offset: Int, end: Int, _ entries: ArraySlice<SegmentEntry>?
    ) -> Int {
        // The directory knows best, but for blocks that it does not have.
        let limit = min(entries?.first?.offset ?? end, end)
        var place = offset + 8
        while place < limit {
            if BlockHead(bytes.extracting(0..<end), at: place) != nil { return place }
            place += 8
        }
        return max(limit, offset + 1)
    }

    private mutating func noteGap(_ range: Range<Int>, hasDirectory: Bool, isLast: Bool, _ bytes: RawSpan) {
        // Without an end that can be read, the directory looks like a place without blocks.
        let rest = blocks * SegmentEntry.byteCount + SegmentFooter.byteCount
        if !hasDirectory, isLast, directoryOffset == nil, range.count == rest { return }
        findings.append(
            Finding(
                range.lowerBound, range.count, .loss,
                vi: "không khối nào bắt đầu trong \(range.count) byte này; các bản ghi ở đó đã mất",
                en: "no block begins in these \(range.count) bytes; the rows that stood there are lost"))
    }

    private mutating func noteUnusable(_ entry: SegmentEntry) {
        findings.append(
            Finding(
                entry.offset, entry.byteCount, .loss,
                vi: "mục lục có một khối ở đây, nơi khối khác đang nằm: mất \(lost(entry).vi)",
                en: "the directory has a block here, where another one lies: \(lost(entry).en)"))
    }

    // MARK: Blocks

    /// A block as its head tells of it, or the directory where the head is damaged.
    private func inspect(_ bytes: RawSpan, _ head: BlockHead?, _ told: SegmentEntry) -> InspectedBlock {
        let offset = told.offset
        var block = InspectedBlock(
            offset: offset, byteCount: told.byteCount, kind: InspectedBlock.Kind(told.kind), series: told.series,
            key: names?.key(of: told.series), rows: told.rows, first: told.first, last: told.last)
        func note(_ place: Int, _ byteCount: Int, vi: String, en: String) {
            let lost = lost(told)
            block.findings.append(
                Finding(place, byteCount, .loss, vi: "\(vi); mất \(lost.vi)", en: "\(en); \(lost.en)"))
        }
        if let names, block.key == nil {
            note(
                offset + 4, 4, vi: "chuỗi \(told.series) không có tên (có \(names.seriesCount) tên)",
                en: "series \(told.series) has no name, of which there are \(names.seriesCount)")
        }
        guard let head else {
            note(
                offset, told.byteCount, vi: "phần đầu khối không còn như khi được ghi",
                en: "the head of the block is not as it was written")
            return block
        }
        block.timeByteCount = head.timeByteCount
        let part = bytes.extracting(offset..<offset + head.byteCount)
        guard BlockDecoder.isWhole(part, head) else {
            note(
                offset + head.bodyOffset, head.byteCount - head.bodyOffset,
                vi: "các cột của khối không còn như khi được ghi",
                en: "the columns of the block are not as they were written")
            return block
        }
        do throws(CodecError) {
            let wrong = try check(part, head, &block)
            if !wrong.isEmpty {
                note(
                    offset, head.byteCount, vi: "khối ghi sai về chính nó (\(wrong))",
                    en: "the block says something wrong of itself (\(wrong))")
            }
        } catch {
            note(
                offset, head.byteCount, vi: "không giải mã được khối (\(error.description))",
                en: "the block cannot be decoded (\(error.description))")
        }
        return block
    }

    /// Decodes all of a block.
    ///
    /// - Returns: what its head says and its columns do not; empty when they agree.
    private func check(
        _ bytes: RawSpan, _ head: BlockHead, _ block: inout InspectedBlock
    ) throws(CodecError) -> String {
        var wrong: [String] = []
        let columns = try BlockDecoder.fields(bytes, head)
        if head.kind == .grave {
            if head.byteCount != BlockLayout.headByteCount { wrong.append("bytes") }
        } else {
            let times = try BlockDecoder.times(bytes, head)
            if times.first != head.first { wrong.append("first time") }
            if times.last != head.last { wrong.append("last time") }
            if !zip(times, times.dropFirst()).allSatisfy({ $0 < $1 }) { wrong.append("order of times") }
        }
        let known = block.key.flatMap { names?.fields(of: $0.measurement) }
        for (number, column) in columns {
            let vector = try BlockDecoder.vector(bytes, head, column)
            let part = bytes.extracting(column.range)
            let name = known.flatMap { number < $0.count ? $0[number].name : nil }
            if let known, !(number < known.count && known[number].type == column.type) {
                wrong.append("field \(number) without a name")
            }
            if let entry = column.entry {
                if let part = try entry.disagreement(part, vector) {
                    wrong.append("\(name ?? "field \(number)"): \(part.rawValue)")
                }
                if Int(entry.offset) != column.range.lowerBound { wrong.append("\(name ?? "field \(number)"): offset") }
            }
            if column.type == .string, let names, let code = largest(vector), code >= UInt64(names.texts.count) {
                wrong.append("\(name ?? "field \(number)"): text \(code) is not known")
            }
            block.fields.append(
                try InspectedBlock.Field(number, name, part, vector, column.entry))
        }
        return wrong.joined(separator: ", ")
    }

    private func largest(_ vector: Vector) -> UInt64? {
        vector.bits.indices.lazy.filter { vector.isPresent($0) }.map { vector.bits[$0] }.max()
    }

    /// What goes with a block, said for a person.
    private func lost(_ entry: SegmentEntry) -> Bilingual {
        let first = Timestamp(nanoseconds: entry.first).rfc3339
        let last = Timestamp(nanoseconds: entry.last).rfc3339
        let series =
            names?.key(of: entry.series).map { String(decoding: $0.canonicalBytes, as: UTF8.self) }
            ?? "series \(entry.series)"
        guard entry.kind != .grave else {
            return Bilingual(
                vi: "việc xóa \(series) từ \(first) đến \(last)",
                en: "what it took away of \(series) from \(first) to \(last) comes back")
        }
        return Bilingual(
            vi: "\(entry.rows) bản ghi của \(series) từ \(first) đến \(last)",
            en: "\(entry.rows) rows of \(series) from \(first) to \(last) are lost")
    }
}

extension InspectedBlock.Kind {
    init(_ kind: BlockHead.Kind) {
        switch kind {
        case .full: self = .full
        case .compact: self = .compact
        case .grave: self = .grave
        }
    }
}

extension InspectedBlock.Field {
    /// What a column holds; a compact block's has no entry, and one is made of its values.
    init(
        _ number: Int, _ name: String?, _ bytes: RawSpan, _ vector: Vector, _ known: ColumnEntry?
    ) throws(CodecError) {
        var state = ColumnState()
        var scratch: [UInt8] = []
        let entry = known ?? ColumnEncoder(.speed).encode(vector, state: &state, to: &scratch)
        self.number = number
        self.name = name
        type = vector.type
        byteCount = bytes.byteCount
        let tag = bytes.byteCount > 0 ? bytes.littleEndian(at: 0, as: UInt8.self) & 15 : 0
        guard let codec = Codec(rawValue: tag) else { throw .corrupt("no codec has the tag \(tag)") }
        self.codec = codec
        nulls = vector.count - entry.count
        let hasExtremes = entry.count > 0 && !(entry.hasNonFinite && entry.minimum == 0 && entry.maximum == 0)
        minimum = hasExtremes ? entry.minimum : nil
        maximum = hasExtremes ? entry.maximum : nil
        sum = vector.type == .string || entry.count == 0 ? nil : entry.sum
    }
}

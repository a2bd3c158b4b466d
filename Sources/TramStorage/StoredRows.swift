import TramCodec
public import TramColumnar
import TramSystem

/// 1...1,024 rows of one series, rising in time, that have not been read yet.
public struct StoredRows: Sendable {
    private enum Place: Sendable {
        case chunk(Chunk)
        case block(SealedBlock)
        /// A block of a segment: what many threads share is not touched before it is read.
        case run(SegmentRun, SegmentEntry, place: Int)
        case tail(RowBuffer, Range<Int>)
    }

    /// Times of the first and the last row.
    public let first: Int64
    public let last: Int64
    public let count: Int
    private let place: Place

    init(_ chunk: Chunk) {
        (first, last, count, place) = (chunk.first, chunk.last, chunk.count, .chunk(chunk))
    }

    init(_ block: SealedBlock) {
        (first, last, count, place) = (block.first, block.last, block.count, .block(block))
    }

    /// The block at `place` of a run, with its entry in the directory.
    init(_ run: SegmentRun, _ entry: SegmentEntry, place: Int) {
        (first, last, count) = (entry.first, entry.last, entry.rows)
        self.place = .run(run, entry, place: place)
    }

    /// `rows` is not empty.
    init(_ buffer: RowBuffer, _ rows: Range<Int>) {
        first = buffer.time(rows.lowerBound)
        last = buffer.time(rows.upperBound - 1)
        count = rows.count
        place = .tail(buffer, rows)
    }

    /// What is known of fields without reading the rows, in the order of `fields`; false when nothing is known.
    /// O(fields).
    public func summaries(
        of fields: [(number: Int, type: FieldType)], into summaries: inout [ColumnSummary]
    ) -> Bool {
        summaries.removeAll(keepingCapacity: true)
        switch place {
        case .block(let block):
            return (try? block.summaries(of: fields, into: &summaries)) ?? false
        case .run(let run, let entry, let place):
            return (try? run.summaries(entry, place, of: fields, into: &summaries)) ?? false
        case .chunk, .tail: return false
        }
    }

    /// Reads the rows. O(rows · fields).
    ///
    /// - Returns: times (empty when they are not needed), and columns in the order of the request.
    /// - Throws: when the rows are not as they were written.
    func read(_ request: ReadRequest) throws(CodecError) -> (timestamps: [Int64], columns: [ReadColumn]) {
        switch place {
        case .block(let block): return try block.read(request)
        case .run(let run, _, let place): return try run.block(place).read(request)
        case .chunk(let chunk):
            let columns = request.fields.map { field -> ReadColumn in
                chunk.column(of: field.number).map { .vector($0) } ?? .absent
            }
            return (request.needsTimes ? chunk.timestamps : [], columns)
        case .tail(let buffer, let rows):
            let columns = request.fields.map { field -> ReadColumn in
                guard let slot = buffer.layout.fields.firstIndex(of: field.number) else { return .absent }
                return buffer.column(slot, rows).map { .vector($0) } ?? .absent
            }
            return (request.needsTimes ? buffer.timestamps(rows) : [], columns)
        }
    }

    /// The block to blame when it could not be read.
    var block: SealedBlock? {
        switch place {
        case .block(let block): block
        case .run(let run, _, let place): run.block(place)
        case .chunk, .tail: nil
        }
    }
}

extension BlockHead {
    /// What the entries behind the head say of fields; false when there are none. `bytes` are those of the block.
    fileprivate func summaries(
        _ bytes: RawSpan, of fields: [(number: Int, type: FieldType)], into summaries: inout [ColumnSummary]
    ) throws(CodecError) -> Bool {
        guard kind == .full else { return false }
        for field in fields {
            var summary = ColumnSummary.absent(field.type)
            for index in 0..<fieldCount {
                let place = BlockLayout.headByteCount + index * ColumnEntry.byteCount
                let number = Int(bytes.littleEndian(at: place, as: UInt16.self))
                if number < field.number { continue }
                if number == field.number {
                    summary = ColumnSummary(
                        try ColumnEntry(decoding: bytes.extracting(place..<place + ColumnEntry.byteCount)))
                }
                break
            }
            summaries.append(summary)
        }
        return true
    }
}

extension SegmentRun {
    /// See `StoredRows.summaries`.
    fileprivate func summaries(
        _ entry: SegmentEntry, _ place: Int, of fields: [(number: Int, type: FieldType)],
        into summaries: inout [ColumnSummary]
    ) throws(CodecError) -> Bool {
        try segment.image.withBytes { (all) throws(CodecError) in
            guard entry.offset >= 0, entry.byteCount <= all.byteCount - entry.offset else { return false }
            let bytes = all.extracting(entry.offset..<entry.offset + entry.byteCount)
            let isKnown = segment.isHeadChecked(place)
            guard let head = BlockHead(bytes, at: 0, isKnown: isKnown) else { return false }
            if !isKnown { segment.noteHeadChecked(place) }
            return try head.summaries(bytes, of: fields, into: &summaries)
        }
    }
}

extension SealedBlock {
    /// See `StoredRows.summaries`.
    fileprivate func summaries(
        of fields: [(number: Int, type: FieldType)], into summaries: inout [ColumnSummary]
    ) throws(CodecError) -> Bool {
        try withBytes { (bytes) throws(CodecError) in try head(bytes).summaries(bytes, of: fields, into: &summaries) }
    }

    /// See `StoredRows.read`.
    fileprivate func read(
        _ request: ReadRequest
    ) throws(CodecError) -> (timestamps: [Int64], columns: [ReadColumn]) {
        try read { (bytes, head) throws(CodecError) in
            let places = try BlockDecoder.fields(bytes, head)
            var columns: [ReadColumn] = []
            columns.reserveCapacity(request.fields.count)
            for field in request.fields {
                guard let place = places.first(where: { $0.field == field.number }) else {
                    columns.append(.absent)
                    continue
                }
                let column = place.column
                if field.asMantissas, let entry = column.entry, entry.hasMantissas, entry.count == head.rows,
                    let (values, scale) = try ColumnDecoder.mantissas(
                        bytes.extracting(column.range), type: column.type, rows: head.rows)
                {
                    columns.append(.mantissas(values, scale: scale))
                } else {
                    columns.append(.vector(try BlockDecoder.vector(bytes, head, column)))
                }
            }
            return (request.needsTimes ? try BlockDecoder.times(bytes, head) : [], columns)
        }
    }
}

extension ColumnSummary {
    fileprivate init(_ entry: ColumnEntry) {
        var sum: DecimalSum?
        if case .exact(let units, let scale) = entry.sum { sum = DecimalSum(units: units, scale: scale) }
        self.init(
            type: entry.type, count: entry.count, sum: sum, minimum: entry.minimum, maximum: entry.maximum,
            first: entry.first, last: entry.last, hasNonFinite: entry.hasNonFinite)
    }
}

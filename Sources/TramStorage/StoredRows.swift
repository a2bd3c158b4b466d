import TramCodec
public import TramColumnar

/// 1...1,024 rows of one series, rising in time, that have not been read yet.
public struct StoredRows: Sendable {
    private enum Place: Sendable {
        case chunk(Chunk)
        case block(SealedBlock)
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
        guard case .block(let block) = place else { return false }
        summaries.removeAll(keepingCapacity: true)
        return (try? block.summaries(of: fields, into: &summaries)) ?? false
    }

    /// Reads the rows. O(rows · fields).
    ///
    /// - Returns: times (empty when they are not needed), and columns in the order of the request.
    /// - Throws: when the rows are not as they were written.
    func read(_ request: ReadRequest) throws(CodecError) -> (timestamps: [Int64], columns: [ReadColumn]) {
        switch place {
        case .block(let block): return try block.read(request)
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
        if case .block(let block) = place { block } else { nil }
    }
}

extension SealedBlock {
    /// See `StoredRows.summaries`.
    fileprivate func summaries(
        of fields: [(number: Int, type: FieldType)], into summaries: inout [ColumnSummary]
    ) throws(CodecError) -> Bool {
        try withBytes { (bytes) throws(CodecError) in
            let head = try head(bytes)
            guard head.kind == .full else { return false }
            for field in fields {
                var summary = ColumnSummary.absent(field.type)
                for index in 0..<head.fieldCount {
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

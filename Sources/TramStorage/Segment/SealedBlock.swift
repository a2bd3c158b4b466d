import Synchronization
import TramCodec
import TramColumnar
import TramSystem

/// Encoded rows of one series, which never change: in memory until they are part of a segment, and a part of its file
/// from then on (`SegmentRun`).
final class SealedBlock: Sendable {
    private enum Source {
        case memory([UInt8], MemoryGauge)
        case segment(Segment, offset: Int, place: Int?)
    }

    let first: Int64
    let last: Int64
    let count: Int
    let byteCount: Int
    private let source: Source
    /// Bytes of a segment were found whole. What this process has encoded needs no look.
    private let isChecked: Atomic<Bool>

    /// A block that was just encoded.
    init(_ encoded: [UInt8], chunk: Chunk, gauge: MemoryGauge) {
        // The encoder makes room for more than comes of it.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: encoded.count) { buffer, count in
            (_, count) = unsafe buffer.initialize(from: encoded)
        }
        first = chunk.first
        last = chunk.last
        count = chunk.count
        byteCount = bytes.count
        gauge.add(bytes.capacity)
        source = .memory(bytes, gauge)
        isChecked = Atomic(true)
    }

    /// A copy in memory of a block of a segment.
    ///
    /// - Throws: when the bytes are not as they were written.
    init(copying block: SealedBlock, gauge: MemoryGauge) throws(CodecError) {
        let bytes = try block.bytes()
        first = block.first
        last = block.last
        count = block.count
        byteCount = bytes.count
        gauge.add(bytes.capacity)
        source = .memory(bytes, gauge)
        isChecked = Atomic(true)
    }

    /// A block of a segment.
    ///
    /// - Parameter place: its place in the segment's directory, where it is known.
    init(_ entry: SegmentEntry, in segment: Segment, place: Int? = nil) {
        first = entry.first
        last = entry.last
        count = entry.rows
        byteCount = entry.byteCount
        source = .segment(segment, offset: entry.offset, place: place)
        isChecked = Atomic(place.map(segment.isChecked) ?? false)
    }

    deinit {
        if case .memory(let bytes, let gauge) = source { gauge.remove(bytes.capacity) }
    }

    /// The segment that holds the bytes.
    var segment: Segment? {
        if case .segment(let segment, _, _) = source { segment } else { nil }
    }

    func withBytes<Result>(_ body: (RawSpan) throws(CodecError) -> Result) throws(CodecError) -> Result {
        switch source {
        case .memory(let bytes, _): return unsafe try body(bytes.span.bytes)
        case .segment(let segment, let offset, _):
            return try segment.image.withBytes { (all) throws(CodecError) in
                guard byteCount <= all.byteCount - offset else {
                    throw .short(needed: offset + byteCount, present: all.byteCount)
                }
                return try body(all.extracting(offset..<offset + byteCount))
            }
        }
    }

    /// All bytes of the block.
    ///
    /// - Throws: when they are not there, or not as they were written.
    func bytes() throws(CodecError) -> [UInt8] {
        try read(anew: true) { (bytes, _) throws(CodecError) in unsafe bytes.withUnsafeBytes { unsafe Array($0) } }
    }

    /// Hands the checked bytes and their head to `body`.
    ///
    /// - Parameter anew: look at every byte again: what is copied to another file must not carry along what a disk has
    ///   changed since the block was first read, under a checksum that fits.
    func read<Result>(
        anew: Bool = false,
        _ body: (RawSpan, BlockHead) throws(CodecError) -> Result
    ) throws(CodecError) -> Result {
        try withBytes { (bytes) throws(CodecError) in
            let head = try head(bytes, anew: anew)
            guard head.byteCount == byteCount, head.rows == count else {
                throw .corrupt("the head of a block does not have its checksum")
            }
            if anew || !isChecked.load(ordering: .relaxed) {
                guard BlockDecoder.isWhole(bytes, head) else {
                    throw .corrupt("the columns of a block do not have their checksum")
                }
                isChecked.store(true, ordering: .relaxed)
                if case .segment(let segment, _, let place?) = source { segment.noteChecked(place) }
            }
            return try body(bytes, head)
        }
    }

    /// The block's head, checked when it is first read.
    ///
    /// - Throws: when it is not as it was written.
    func head(_ bytes: RawSpan, anew: Bool = false) throws(CodecError) -> BlockHead {
        switch source {
        case .segment(let segment, _, let place?):
            let isKnown = !anew && segment.isHeadChecked(place)
            guard let head = BlockHead(bytes, at: 0, isKnown: isKnown) else {
                throw .corrupt("the head of a block does not have its checksum")
            }
            if !isKnown { segment.noteHeadChecked(place) }
            return head
        default:
            guard let head = BlockHead(bytes, at: 0) else {
                throw .corrupt("the head of a block does not have its checksum")
            }
            return head
        }
    }

    /// The rows, with the columns of `fields`, nil where the block has none. O(rows · fields).
    ///
    /// - Throws: when the bytes are not as they were written.
    func decode(fields: [Int]) throws(CodecError) -> StoredBlock {
        try read { (bytes, head) throws(CodecError) in
            let places = try BlockDecoder.fields(bytes, head)
            var columns: [Vector?] = []
            columns.reserveCapacity(fields.count)
            for field in fields {
                guard let place = places.first(where: { $0.field == field }) else {
                    columns.append(nil)
                    continue
                }
                columns.append(try BlockDecoder.vector(bytes, head, place.column))
            }
            return StoredBlock(timestamps: try BlockDecoder.times(bytes, head), columns: columns)
        }
    }

    /// All rows, to be changed. O(rows · fields).
    ///
    /// - Throws: when the bytes are not as they were written.
    func decodeAll() throws(CodecError) -> (timestamps: [Int64], fields: [Int], columns: [Vector]) {
        try read(anew: true) { (bytes, head) throws(CodecError) in
            let places = try BlockDecoder.fields(bytes, head)
            var columns: [Vector] = []
            columns.reserveCapacity(places.count)
            for place in places { columns.append(try BlockDecoder.vector(bytes, head, place.column)) }
            return (try BlockDecoder.times(bytes, head), places.map(\.field), columns)
        }
    }

    /// What the block knows of its fields without looking at their values; none for a compact block.
    ///
    /// - Throws: when the head is not as it was written.
    func entries() throws(CodecError) -> [ColumnEntry] {
        try withBytes { (bytes) throws(CodecError) in
            guard let head = BlockHead(bytes, at: 0) else {
                throw .corrupt("the head of a block does not have its checksum")
            }
            return try BlockDecoder.fields(bytes, head).compactMap(\.column.entry)
        }
    }

    /// Whether every byte is as it was written.
    func verify() throws(CodecError) { try read(anew: true) { (_, _) in } }
}

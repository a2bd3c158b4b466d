import TramSystem

/// What a segment begins with. See SegmentFormat in the documentation.
struct SegmentHeader: Equatable {
    static let byteCount = 64
    static let version = 1
    static let magic: UInt32 = 0x4745_5354

    /// Number of the segment, and of its file.
    var number: UInt64
    /// The rows of the log up to this record are in this segment and those before it.
    var lsn: LSN
    /// Its place in order of age: its own number, or that of the newest segment that it was put together from.
    var order: UInt64
    /// 1 when it was put together from others, 0 when it was written first.
    var generation: UInt8

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: SegmentHeader.magic)
        bytes.append(littleEndian: UInt16(SegmentHeader.version))
        bytes.append(generation)
        bytes.append(0)
        bytes.append(littleEndian: number)
        bytes.append(littleEndian: lsn)
        bytes.append(littleEndian: order)
        bytes += [UInt8](repeating: 0, count: 28)
        bytes.append(littleEndian: CRC32C.checksum(bytes))
        return bytes
    }

    /// - Throws: `.newerFormat`; `.segmentDamaged` when it is no header.
    init(_ bytes: RawSpan, file: String) throws(StorageError) {
        try FileFormat.check(bytes, magic: SegmentHeader.magic, version: SegmentHeader.version, file: file)
        generation = bytes.littleEndian(at: 6, as: UInt8.self)
        number = bytes.littleEndian(at: 8, as: UInt64.self)
        lsn = bytes.littleEndian(at: 16, as: UInt64.self)
        order = bytes.littleEndian(at: 24, as: UInt64.self)
        guard number <= highestNumber, lsn <= highestNumber, order <= number else {
            throw .segmentDamaged(file: file, offset: 0, reason: "the head of the segment has numbers out of range")
        }
    }

    init(number: UInt64, lsn: LSN, order: UInt64, generation: UInt8) {
        self.number = number
        self.lsn = lsn
        self.order = order
        self.generation = generation
    }
}

/// What all our files that are not logs have in common: 64 bytes that begin with a magic and a version, and end with a
/// checksum. Magic, version and the place of the checksum stay the same in every version, so that a newer file is told
/// from a damaged one.
enum FileFormat {
    static func check(_ bytes: RawSpan, magic: UInt32, version: Int, file: String) throws(StorageError) {
        guard bytes.byteCount >= 64, bytes.littleEndian(at: 0, as: UInt32.self) == magic,
            CRC32C.checksum(bytes.extracting(0..<60)) == bytes.littleEndian(at: 60, as: UInt32.self)
        else { throw .segmentDamaged(file: file, offset: 0, reason: "the head of the file is not as it was written") }
        let found = Int(bytes.littleEndian(at: 4, as: UInt16.self))
        guard found <= version else { throw .newerFormat(file: file, found: found, supported: version) }
    }
}

/// What a segment's directory says of a block.
struct SegmentEntry: Equatable {
    static let byteCount = 40

    var series: SeriesID
    var kind: BlockHead.Kind
    var rows: Int
    var offset: Int
    var byteCount: Int
    var first: Int64
    var last: Int64

    func encode(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: series)
        bytes.append(littleEndian: UInt16(rows))
        bytes.append(kind.rawValue)
        bytes.append(0)
        bytes.append(littleEndian: UInt64(offset))
        bytes.append(littleEndian: UInt32(byteCount))
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: UInt64(bitPattern: first))
        bytes.append(littleEndian: UInt64(bitPattern: last))
    }

    /// Nil when it cannot be one of a segment of `fileByteCount` bytes.
    init?(_ bytes: RawSpan, at place: Int, fileByteCount: Int) {
        series = bytes.littleEndian(at: place, as: UInt32.self)
        rows = Int(bytes.littleEndian(at: place + 4, as: UInt16.self))
        guard let kind = BlockHead.Kind(rawValue: bytes.littleEndian(at: place + 6, as: UInt8.self)),
            let offset = Int(exactly: bytes.littleEndian(at: place + 8, as: UInt64.self))
        else { return nil }
        self.kind = kind
        self.offset = offset
        byteCount = Int(bytes.littleEndian(at: place + 16, as: UInt32.self))
        first = bytes.littleEndian(at: place + 24, as: Int64.self)
        last = bytes.littleEndian(at: place + 32, as: Int64.self)
        guard offset <= fileByteCount, byteCount <= fileByteCount - offset, first <= last else { return nil }
    }

    /// Stands for an entry that cannot be read any more: a block without a byte.
    static let unreadable = SegmentEntry(
        series: .max, kind: .full, rows: 0, offset: 0, byteCount: 0, first: .max, last: .max)

    private init(
        series: SeriesID, kind: BlockHead.Kind, rows: Int, offset: Int, byteCount: Int, first: Int64, last: Int64
    ) {
        self.series = series
        self.kind = kind
        self.rows = rows
        self.offset = offset
        self.byteCount = byteCount
        self.first = first
        self.last = last
    }

    init(_ head: BlockHead, offset: Int) {
        series = head.series
        kind = head.kind
        rows = head.rows
        self.offset = offset
        byteCount = head.byteCount
        first = head.first
        last = head.last
    }
}

/// What a segment ends with.
struct SegmentFooter: Equatable {
    static let byteCount = 64
    static let magic: UInt32 = 0x444e_4554

    var directoryOffset: Int
    var blockCount: Int
    var directoryChecksum: UInt32
    var rows: Int
    var first: Int64
    var last: Int64

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: SegmentFooter.magic)
        bytes.append(littleEndian: directoryChecksum)
        bytes.append(littleEndian: UInt64(directoryOffset))
        bytes.append(littleEndian: UInt64(blockCount))
        bytes.append(littleEndian: UInt64(rows))
        bytes.append(littleEndian: UInt64(bitPattern: first))
        bytes.append(littleEndian: UInt64(bitPattern: last))
        bytes += [UInt8](repeating: 0, count: 12)
        bytes.append(littleEndian: CRC32C.checksum(bytes))
        return bytes
    }

    init(directoryOffset: Int, blockCount: Int, directoryChecksum: UInt32, rows: Int, first: Int64, last: Int64) {
        self.directoryOffset = directoryOffset
        self.blockCount = blockCount
        self.directoryChecksum = directoryChecksum
        self.rows = rows
        self.first = first
        self.last = last
    }

    /// Nil when the last 64 bytes of `bytes` are no footer of a file this long.
    init?(_ bytes: RawSpan) {
        let start = bytes.byteCount - SegmentFooter.byteCount
        guard start >= SegmentHeader.byteCount,
            bytes.littleEndian(at: start, as: UInt32.self) == SegmentFooter.magic,
            CRC32C.checksum(bytes.extracting(start..<start + 60))
                == bytes.littleEndian(at: start + 60, as: UInt32.self),
            let offset = Int(exactly: bytes.littleEndian(at: start + 8, as: UInt64.self)),
            let count = Int(exactly: bytes.littleEndian(at: start + 16, as: UInt64.self)),
            let rows = Int(exactly: bytes.littleEndian(at: start + 24, as: UInt64.self)),
            offset <= start, count == (start - offset) / SegmentEntry.byteCount,
            (start - offset) % SegmentEntry.byteCount == 0
        else { return nil }
        directoryOffset = offset
        blockCount = count
        directoryChecksum = bytes.littleEndian(at: start + 4, as: UInt32.self)
        self.rows = rows
        first = bytes.littleEndian(at: start + 32, as: Int64.self)
        last = bytes.littleEndian(at: start + 40, as: Int64.self)
    }
}

/// The names of a store's files, beside its log.
enum StoreName {
    static let segments = "segments"
    static let manifest = "MANIFEST"
    static let temporarySuffix = ".tmp"
    static let damagedSuffix = ".damaged"

    static func segment(_ number: UInt64) -> String { "seg-" + digits(number) + ".tseg" }
    static func names(_ number: UInt64) -> String { "names-" + digits(number) + ".tnam" }

    /// The number in the name of a segment; nil for every other name.
    static func segmentNumber(_ name: String) -> UInt64? { number(name, "seg-", ".tseg") { segment($0) } }
    /// The number in the name of a file of names; nil for every other name.
    static func namesNumber(_ name: String) -> UInt64? { number(name, "names-", ".tnam") { names($0) } }

    private static func number(
        _ name: String, _ prefix: String, _ suffix: String, _ make: (UInt64) -> String
    ) -> UInt64? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix),
            let number = UInt64(name.dropFirst(prefix.count).dropLast(suffix.count)), number <= highestNumber,
            name == make(number)
        else { return nil }
        return number
    }

    private static func digits(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }
}

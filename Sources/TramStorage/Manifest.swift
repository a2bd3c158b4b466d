import TramSystem

/// Which files a store consists of, beside its log.
///
/// Layout, little-endian:
///
///     offset  bytes  field
///     0       4      "TMAN"
///     4       2      format version: 1
///     6       2      zero
///     8       8      number: rises with each manifest
///     16      8      lsn: rows of the log up to this record are in the segments
///     24      8      cutoff: rows before this time are gone (retention), nanoseconds UTC
///     32      8      next number of a file
///     40      4      files of names
///     44      4      segments
///     48      4      CRC-32C of what follows the head
///     52      8      zero
///     60      4      CRC-32C of bytes 0..<60
///     64             number and bytes of each file of names, then of each segment, in order of age; 16 bytes each
///
/// All of it stands there twice, one after the other, so that no single damage loses it. It is replaced in one step.
/// Where a newer segment has rows of a series, they take the place of those that an older one has between the same
/// times, so the order matters.
struct Manifest: Equatable {
    static let version = 1
    static let magic: UInt32 = 0x4e41_4d54
    private static let headByteCount = 64
    private static let entryByteCount = 16

    struct File: Equatable {
        var number: UInt64
        var byteCount: Int
    }

    var number: UInt64 = 0
    var lsn: LSN = 0
    var cutoff = Int64.min
    var nextNumber: UInt64 = 1
    var names: [File] = []
    /// Oldest first.
    var segments: [File] = []

    init() {}

    /// A number that no file has had.
    mutating func takeNumber() -> UInt64 {
        defer { nextNumber += 1 }
        return nextNumber
    }

    var bytes: [UInt8] {
        var list: [UInt8] = []
        for file in names + segments {
            list.append(littleEndian: file.number)
            list.append(littleEndian: UInt64(file.byteCount))
        }
        var bytes: [UInt8] = []
        bytes.append(littleEndian: Manifest.magic)
        bytes.append(littleEndian: UInt16(Manifest.version))
        bytes.append(littleEndian: UInt16(0))
        bytes.append(littleEndian: number)
        bytes.append(littleEndian: lsn)
        bytes.append(littleEndian: UInt64(bitPattern: cutoff))
        bytes.append(littleEndian: nextNumber)
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: names.count))
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: segments.count))
        bytes.append(littleEndian: CRC32C.checksum(list))
        bytes.append(littleEndian: UInt64(0))
        bytes.append(littleEndian: CRC32C.checksum(bytes))
        return TwoCopies.bytes(bytes + list)
    }

    /// - Throws: `.newerFormat`, `.segmentDamaged` when neither copy is as it was written.
    init(_ file: [UInt8]) throws(StorageError) {
        self = try TwoCopies.read(file) { (bytes) throws(StorageError) in try Manifest(copy: bytes) }
    }

    /// One of the two copies alone.
    init(copy bytes: [UInt8]) throws(StorageError) {
        let span = unsafe bytes.span.bytes
        let file = StoreName.manifest
        try FileFormat.check(span, magic: Manifest.magic, version: Manifest.version, file: file)
        number = span.littleEndian(at: 8, as: UInt64.self)
        lsn = span.littleEndian(at: 16, as: UInt64.self)
        cutoff = span.littleEndian(at: 24, as: Int64.self)
        nextNumber = span.littleEndian(at: 32, as: UInt64.self)
        let nameCount = Int(span.littleEndian(at: 40, as: UInt32.self))
        let segmentCount = Int(span.littleEndian(at: 44, as: UInt32.self))
        let end = Manifest.headByteCount + (nameCount + segmentCount) * Manifest.entryByteCount
        guard bytes.count == end, lsn <= highestNumber, nextNumber <= highestNumber, number <= highestNumber,
            CRC32C.checksum(bytes, in: Manifest.headByteCount..<end) == span.littleEndian(at: 48, as: UInt32.self)
        else {
            throw .segmentDamaged(
                file: file, offset: Manifest.headByteCount, reason: "the list of files is not as it was written")
        }
        func entry(_ index: Int) throws(StorageError) -> File {
            let place = Manifest.headByteCount + index * Manifest.entryByteCount
            let number = span.littleEndian(at: place, as: UInt64.self)
            guard let byteCount = Int(exactly: span.littleEndian(at: place + 8, as: UInt64.self)),
                number <= highestNumber
            else { throw .segmentDamaged(file: file, offset: place, reason: "a file with numbers out of range") }
            return File(number: number, byteCount: byteCount)
        }
        for index in 0..<nameCount { names.append(try entry(index)) }
        for index in nameCount..<nameCount + segmentCount { segments.append(try entry(index)) }
    }
}

/// Files that everything depends on stand twice in one: the second copy is read when the first is damaged.
enum TwoCopies {
    static func bytes(_ copy: [UInt8]) -> [UInt8] { copy + copy }

    static func read<Value>(
        _ file: [UInt8], _ parse: ([UInt8]) throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        let half = file.count / 2
        do throws(StorageError) {
            return try parse(Array(file[..<half]))
        } catch {
            if case .newerFormat = error { throw error }
            return try parse(Array(file[half...]))
        }
    }
}

import TramSystem

/// What a record is about. The log keeps the number and does not look at it, but for `checkpoint`.
public struct LogRecordType: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The log's own: the lowest record that is still needed, as 8 bytes, lowest first; what follows them is the
    /// caller's.
    public static let checkpoint = LogRecordType(rawValue: 3)
}

/// A record of the log, without its payload.
public struct LogRecord: Equatable, Sendable {
    public var lsn: LSN
    public var type: LogRecordType
    /// As given to `append`; the log does not look at it.
    public var flags: UInt8
}

/// What stands before a payload.
///
/// Layout, little-endian; a record begins at a multiple of 8 bytes, and up to 7 zeros follow the payload:
///
///     offset  bytes  field
///     0       4      CRC-32C of bytes 4..<32, begun with epoch and sequence of the file
///     4       4      bytes of the payload
///     8       8      lsn
///     16      4      how many records before it were not known to be synced when it was written
///     20      4      CRC-32C of the payload
///     24      1      type
///     25      1      flags
///     26      6      zero
///     32             payload
///
/// The payload has a checksum of its own, so that a damaged one does not hide where the next record begins, and so that
/// it can be computed before the record has a number.
struct LogRecordHead: Equatable, Sendable {
    static let byteCount = 32
    /// What any configuration allows at most. Reading back keeps to this and to the size of the file, not to the
    /// configuration: a limit that was lowered must not make records unreadable that were kept before.
    static let maximumPayloadBytes = 1 << 30

    /// Bytes that a record takes in a file.
    static func footprint(_ payloadBytes: Int) -> Int { (byteCount + payloadBytes + 7) & ~7 }

    var payloadBytes: Int
    var lsn: LSN
    var unsynced: UInt32
    var payloadChecksum: UInt32
    var type: LogRecordType
    var flags: UInt8

    var footprint: Int { LogRecordHead.footprint(payloadBytes) }
    var record: LogRecord { LogRecord(lsn: lsn, type: type, flags: flags) }
    /// When this record was written, all up to this one were on the disk.
    var syncedLSN: LSN { lsn - 1 - LSN(unsynced) }

    /// Appends the 32 bytes.
    func write(to bytes: inout [UInt8], seed: UInt32) {
        let start = bytes.count
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: payloadBytes))
        bytes.append(littleEndian: lsn)
        bytes.append(littleEndian: unsynced)
        bytes.append(littleEndian: payloadChecksum)
        bytes.append(type.rawValue)
        bytes.append(flags)
        bytes += [0, 0, 0, 0, 0, 0]
        let checksum = CRC32C.checksum(bytes, in: start + 4..<start + 32, after: seed)
        for index in 0..<4 { bytes[start + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index)) }
    }

    /// Reads the 32 bytes at `offset`, which must be there; nil when they are no head of a record of this file.
    static func read(_ bytes: [UInt8], at offset: Int, seed: UInt32) -> LogRecordHead? {
        // The zeros first: they tell nearly everything that is no head without a checksum.
        guard bytes.littleEndian(at: offset + 24, as: UInt64.self) >> 16 == 0 else { return nil }
        let checksum = CRC32C.checksum(bytes, in: offset + 4..<offset + 32, after: seed)
        guard checksum == bytes.littleEndian(at: offset, as: UInt32.self) else { return nil }
        let lsn = bytes.littleEndian(at: offset + 8, as: UInt64.self)
        let unsynced = bytes.littleEndian(at: offset + 16, as: UInt32.self)
        guard lsn > LSN(unsynced), lsn <= highestNumber else { return nil }
        return LogRecordHead(
            payloadBytes: Int(bytes.littleEndian(at: offset + 4, as: UInt32.self)), lsn: lsn, unsynced: unsynced,
            payloadChecksum: bytes.littleEndian(at: offset + 20, as: UInt32.self),
            type: LogRecordType(rawValue: bytes[offset + 24]), flags: bytes[offset + 25])
    }
}

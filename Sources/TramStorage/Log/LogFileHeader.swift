import TramSystem

/// Number of a record in its log: 1 for the first, one more for each that was kept.
public typealias LSN = UInt64

/// Numbers beyond it are in no log, so that what is counted up from one that was read never overflows.
let highestNumber: UInt64 = 1 << 62

/// What a file of the log begins with: which one it is, and the number of its first record.
///
/// Layout, little-endian, at byte 0 and once more at byte 2,048; the records begin at byte 4,096:
///
///     offset  bytes  field
///     0       4      "TRWL"
///     4       2      format version: 1
///     6       2      zero
///     8       8      sequence: number of the file, 1 more than that of the file before
///     16      8      epoch: random, the same in all files of a log
///     24      8      number of the first record
///     32      28     zero
///     60      4      CRC-32C of bytes 0..<60
///
/// Magic, version, and the checksum's place stay the same in every version, so that a newer file is told from a damaged
/// one.
struct LogFileHeader: Equatable, Sendable {
    static let byteCount = 64
    static let copyOffset = 2048
    /// Where the records begin.
    static let recordsOffset = 4096
    static let version = 1
    private static let magic = Array("TRWL".utf8)
    /// The four bytes as a number.
    static let magicNumber = magic.littleEndian(at: 0, as: UInt32.self)

    var sequence: UInt64
    var epoch: UInt64
    var firstLSN: LSN

    /// Everything before the records.
    var block: [UInt8] {
        var bytes = LogFileHeader.magic
        bytes.append(littleEndian: UInt16(LogFileHeader.version))
        bytes.append(littleEndian: UInt16(0))
        bytes.append(littleEndian: sequence)
        bytes.append(littleEndian: epoch)
        bytes.append(littleEndian: firstLSN)
        bytes += [UInt8](repeating: 0, count: 28)
        bytes.append(littleEndian: CRC32C.checksum(bytes))
        let gap = [UInt8](repeating: 0, count: LogFileHeader.copyOffset - LogFileHeader.byteCount)
        return bytes + gap + bytes + gap
    }

    /// What the checksums of the records of this file begin with, so that no record of another file or log, wherever
    /// its bytes turn up, counts as one of this.
    var seed: UInt32 { LogFileHeader.seed(epoch: epoch, sequence: sequence) }

    static func seed(epoch: UInt64, sequence: UInt64) -> UInt32 {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: epoch)
        bytes.append(littleEndian: sequence)
        return CRC32C.checksum(bytes)
    }

    enum Reading: Equatable {
        case header(LogFileHeader)
        case newer(version: Int)
        case damaged
    }

    /// Reads one of the two headers from 64 bytes at `offset`; fewer are damage.
    static func read(_ bytes: [UInt8], at offset: Int) -> Reading {
        guard bytes.count >= offset + byteCount, bytes[offset..<offset + 4].elementsEqual(magic) else {
            return .damaged
        }
        let checksum = CRC32C.checksum(bytes, in: offset..<offset + 60)
        guard checksum == bytes.littleEndian(at: offset + 60, as: UInt32.self) else { return .damaged }
        let version = Int(bytes.littleEndian(at: offset + 4, as: UInt16.self))
        guard version <= LogFileHeader.version else { return .newer(version: version) }
        let firstLSN = bytes.littleEndian(at: offset + 24, as: UInt64.self)
        guard (1...highestNumber).contains(firstLSN) else { return .damaged }
        return .header(
            LogFileHeader(
                sequence: bytes.littleEndian(at: offset + 8, as: UInt64.self),
                epoch: bytes.littleEndian(at: offset + 16, as: UInt64.self), firstLSN: firstLSN))
    }
}

/// The names of the log's files.
enum LogName {
    static func file(_ sequence: UInt64) -> String {
        let digits = String(sequence)
        return "wal-" + String(repeating: "0", count: 20 - digits.count) + digits + ".log"
    }

    static let temporarySuffix = ".tmp"
    static let damagedSuffix = ".damaged"

    /// The number in the name of a file that is not finished yet.
    static func sequence(ofTemporary name: String) -> UInt64? {
        name.hasSuffix(temporarySuffix) ? sequence(of: name.dropLast(temporarySuffix.count)) : nil
    }

    /// The number in a name that `file` made; nil for every other name.
    static func sequence(of name: some StringProtocol) -> UInt64? {
        guard name.hasPrefix("wal-"), name.hasSuffix(".log"), let number = UInt64(name.dropFirst(4).dropLast(4)),
            number <= highestNumber, name == file(number)
        else { return nil }
        return number
    }
}

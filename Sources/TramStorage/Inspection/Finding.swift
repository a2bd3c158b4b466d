public import TramColumnar
public import TramSystem

/// Something about a place in a file of a store that is worth a word.
public struct Finding: Equatable, Sendable {
    /// How bad it is, mildest first.
    public enum Weight: Int, Equatable, Sendable, Comparable {
        /// As it should be, but worth knowing.
        case note
        /// A write that had not ended when its process or machine did. Nobody was told that it had.
        case unfinished
        /// Not as it was written; everything that it said stands elsewhere too.
        case damage
        /// Not as it was written, and what it said is lost or may be.
        case loss

        public static func < (left: Weight, right: Weight) -> Bool { left.rawValue < right.rawValue }
    }

    /// Where it begins, bytes from the start of the file.
    public var offset: Int
    /// 0 where its end is not known.
    public var byteCount: Int
    public var weight: Weight
    /// What is wrong, and what is lost with it. Names in it are the data's own and may hold any character.
    public var text: Bilingual

    init(_ offset: Int, _ byteCount: Int, _ weight: Weight, vi: String, en: String) {
        self.offset = offset
        self.byteCount = byteCount
        self.weight = weight
        text = Bilingual(vi: vi, en: en)
    }
}

/// What a file of a store is for.
public enum StoredFileKind: String, Equatable, Sendable {
    case manifest, names, segment, log

    /// Told by the first bytes of either copy of the head; nil when they are those of no file of a store.
    ///
    /// - Throws: what keeps the file from being read.
    public static func of(
        _ path: String, fileSystem: any FileSystem = LocalFileSystem()
    ) throws(StorageError) -> StoredFileKind? {
        do throws(SystemError) {
            var window = try LogWindow(fileSystem.open(path, .read))
            let half = window.byteCount / 2
            for offset in [0, half, LogFileHeader.copyOffset] where offset <= window.byteCount - 4 {
                let place = try window.load(offset, 4)
                switch window.bytes.littleEndian(at: place, as: UInt32.self) {
                case Manifest.magic: return .manifest
                case NamesFile.magic: return .names
                case SegmentHeader.magic: return .segment
                case LogFileHeader.magicNumber: return .log
                default: continue
                }
            }
        } catch {
            throw .storeUnreadable(error)
        }
        // Where the magic is gone, the name tells.
        let name = path.split(separator: "/").last.map(String.init) ?? path
        if name == StoreName.manifest { return .manifest }
        if StoreName.segmentNumber(name) != nil { return .segment }
        if StoreName.namesNumber(name) != nil { return .names }
        return LogName.sequence(of: name) == nil ? nil : .log
    }
}

/// All bytes of a file, also of one that the disk gives in part only: zeros stand for what is lost.
///
/// A page of a mapped file that the disk cannot give ends the process. Whoever looks for damage expects such pages, so
/// each file is read through once before it is mapped.
struct WholeFile {
    let name: String
    let image: FileImage
    let unreadable: [Range<Int>]

    init(_ path: String, _ fileSystem: any FileSystem) throws(SystemError) {
        name = path.split(separator: "/").last.map(String.init) ?? path
        let file = try fileSystem.open(path, .read)
        var window = try LogWindow(file)
        try WholeFile.readThrough(&window) { _ in }
        unreadable = window.unreadable
        if unreadable.isEmpty {
            image = try file.image()
            return
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(window.byteCount)
        var again = try LogWindow(file)
        try WholeFile.readThrough(&again) { bytes.append(contentsOf: $0) }
        image = FileImage(bytes)
    }

    private static func readThrough(
        _ window: inout LogWindow, _ visit: (ArraySlice<UInt8>) -> Void
    ) throws(SystemError) {
        var offset = 0
        while offset < window.byteCount {
            let count = min(1 << 20, window.byteCount - offset)
            let place = try window.load(offset, count)
            visit(window.bytes[place..<place + count])
            offset += count
        }
    }

    var bytes: [UInt8] { image.withBytes { bytes in unsafe bytes.withUnsafeBytes { unsafe Array($0) } } }

    /// What the disk did not give.
    var findings: [Finding] {
        unreadable.map { range in
            Finding(
                range.lowerBound, range.count, .damage, vi: "đĩa không trả về \(range.count) byte này (EIO)",
                en: "the disk does not give these \(range.count) bytes any more (EIO)")
        }
    }
}

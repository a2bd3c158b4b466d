import Synchronization
import TramSystem

/// An immutable file of blocks, mapped into memory as long as anybody reads it.
final class Segment: Sendable {
    let header: SegmentHeader
    let name: String
    let image: FileImage
    private let liveBytes = Atomic<Int>(0)
    /// Blocks that only take rows away.
    let graves: [SegmentEntry]
    private let directory: Directory
    /// For each place of the directory what of its block was found as it was written: once is enough.
    private let marks: BlockMarks

    /// Where the entries are.
    private enum Directory {
        /// In the file, from this offset on; each was looked at when the file was opened.
        case mapped(offset: Int)
        /// Found block by block, for the file's own is damaged.
        case salvaged([SegmentEntry])
    }

    private init(
        header: SegmentHeader, name: String, image: FileImage, directory: Directory, graves: [SegmentEntry], count: Int
    ) {
        marks = BlockMarks(count: count)
        self.graves = graves
        self.directory = directory
        self.header = header
        self.name = name
        self.image = image
    }

    var byteCount: Int { image.byteCount }
    var graveCount: Int { graves.count }
    /// Bytes of the blocks that somebody still has.
    var liveByteCount: Int { liveBytes.load(ordering: .relaxed) }

    /// Entry `place` of the directory, which has so many.
    func entry(_ place: Int) -> SegmentEntry {
        switch directory {
        case .salvaged(let entries): return entries[place]
        case .mapped(let offset):
            return image.withBytes { bytes in
                let offset = offset + place * SegmentEntry.byteCount
                // It was right when the file was opened. A page that the disk gives otherwise by now names no whole
                // block, and reading it says so.
                return SegmentEntry(bytes, at: offset, fileByteCount: bytes.byteCount) ?? .unreadable
            }
        }
    }

    /// Whether the block at `place` was found whole since the segment was opened.
    func isChecked(_ place: Int) -> Bool { marks.has(BlockMarks.whole, place) }
    func noteChecked(_ place: Int) { marks.set(BlockMarks.whole, place) }
    /// The same of the block's head and entries.
    func isHeadChecked(_ place: Int) -> Bool { marks.has(BlockMarks.head, place) }
    func noteHeadChecked(_ place: Int) { marks.set(BlockMarks.head, place) }

    func retainBlocks(_ byteCount: Int) { liveBytes.wrappingAdd(byteCount, ordering: .relaxed) }
    func releaseBlocks(_ byteCount: Int) { liveBytes.wrappingSubtract(byteCount, ordering: .relaxed) }

    /// A place in a segment that is not as it was written.
    struct Damage: Equatable {
        var offset: Int
        var byteCount: Int
        var reason: String
    }

    /// An opened segment and what it holds.
    struct Opening {
        var segment: Segment
        /// In the order of the file: by series, then by time.
        var entries: [SegmentEntry]
        /// Places that are damaged; the blocks elsewhere are all there.
        var damages: [Damage]
    }

    /// Opens a segment. Its head and directory are checked; blocks are when they are first read. With a damaged
    /// directory the blocks themselves are looked for, and nothing that is whole is left out.
    ///
    /// - Throws: `.newerFormat`; `.segmentDamaged` when it is not a segment at all; `.storeUnreadable`.
    /// - Complexity: O(blocks), O(bytes) when the directory is damaged.
    static func open(
        _ name: String, in folder: String, _ fileSystem: any FileSystem
    ) throws(StorageError) -> Opening {
        let image: FileImage
        do throws(SystemError) {
            image = try fileSystem.open(folder + "/" + name, .read).image()
        } catch {
            throw .storeUnreadable(error)
        }
        typealias Content = (
            header: SegmentHeader, directory: Directory, entries: [SegmentEntry], damages: [Damage]
        )
        let (header, directory, entries, damages) = try image.withBytes { (bytes) throws(StorageError) -> Content in
            let header: SegmentHeader
            var damages: [Damage] = []
            do throws(StorageError) {
                header = try SegmentHeader(bytes, file: name)
            } catch {
                guard case .segmentDamaged(_, _, let reason) = error, let number = StoreName.segmentNumber(name),
                    bytes.byteCount >= SegmentHeader.byteCount
                else { throw error }
                // The file's name says which it is, and that is all that is needed of the head.
                header = SegmentHeader(number: number, lsn: 0, order: number, generation: 0)
                damages.append(Damage(offset: 0, byteCount: SegmentHeader.byteCount, reason: reason))
            }
            if let (offset, entries) = readDirectory(bytes) {
                return (header, Directory.mapped(offset: offset), entries, damages)
            }
            let (entries, found) = salvage(bytes)
            return (header, .salvaged(entries), entries, damages + found)
        }
        let segment = Segment(
            header: header, name: name, image: image, directory: directory,
            graves: entries.filter { $0.kind == .grave }, count: entries.count)
        return Opening(segment: segment, entries: entries, damages: damages)
    }

    private static func readDirectory(_ bytes: RawSpan) -> (offset: Int, entries: [SegmentEntry])? {
        guard let footer = SegmentFooter(bytes) else { return nil }
        let end = footer.directoryOffset + footer.blockCount * SegmentEntry.byteCount
        let part = bytes.extracting(footer.directoryOffset..<end)
        guard CRC32C.checksum(part) == footer.directoryChecksum else { return nil }
        var entries: [SegmentEntry] = []
        entries.reserveCapacity(footer.blockCount)
        for index in 0..<footer.blockCount {
            let place = footer.directoryOffset + index * SegmentEntry.byteCount
            guard let entry = SegmentEntry(bytes, at: place, fileByteCount: bytes.byteCount) else { return nil }
            entries.append(entry)
        }
        return (footer.directoryOffset, entries)
    }

    /// The blocks themselves, each found by its head.
    private static func salvage(_ bytes: RawSpan) -> (entries: [SegmentEntry], damages: [Damage]) {
        var entries: [SegmentEntry] = []
        var damages: [Damage] = []
        var offset = SegmentHeader.byteCount
        var gap: Int?
        while offset <= bytes.byteCount - BlockLayout.headByteCount {
            guard let head = BlockHead(bytes, at: offset) else {
                gap = gap ?? offset
                offset += 8
                continue
            }
            if let start = gap {
                damages.append(Damage(offset: start, byteCount: offset - start, reason: "no block begins here"))
                gap = nil
            }
            entries.append(SegmentEntry(head, offset: offset))
            offset = BlockLayout.padded(offset + head.byteCount)
        }
        let start = gap ?? min(offset, bytes.byteCount)
        damages.append(
            Damage(
                offset: start, byteCount: bytes.byteCount - start,
                reason: "the directory of the segment is not as it was written"))
        return (entries, damages)
    }
}

/// A byte for each block, set by whoever reads it first. Safe from any thread.
@safe private final class BlockMarks: Sendable {
    static let head: UInt8 = 1
    static let whole: UInt8 = 2

    private nonisolated(unsafe) let bytes: UnsafeMutablePointer<Atomic<UInt8>>
    private let count: Int

    init(count: Int) {
        self.count = count
        unsafe bytes = .allocate(capacity: max(count, 1))
        for place in 0..<count { unsafe (bytes + place).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe bytes.deinitialize(count: count)
        unsafe bytes.deallocate()
    }

    func has(_ mark: UInt8, _ place: Int) -> Bool {
        guard place >= 0, place < count else { return false }
        let marks = unsafe bytes[place].load(ordering: .relaxed)
        return marks & mark != 0
    }

    func set(_ mark: UInt8, _ place: Int) {
        guard place >= 0, place < count else { return }
        unsafe bytes[place].bitwiseOr(mark, ordering: .relaxed)
    }
}

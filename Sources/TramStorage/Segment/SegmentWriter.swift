import TramSystem

/// Writes a segment, block after block.
///
/// The file has its name only when all of it is on the disk: it is written under a temporary name, synced, renamed, and
/// its folder is synced.
struct SegmentWriter {
    private let path: String
    private let folder: String
    private let fileSystem: any FileSystem
    private let file: any StoredFile
    private var offset = 0
    private var pieces: [[UInt8]] = []
    private var piecesByteCount = 0
    private var directory: [UInt8] = []
    private(set) var entries: [SegmentEntry] = []
    private var rows = 0
    private var first = Int64.max
    private var last = Int64.min
    let name: String

    private static let flushByteCount = 1 << 20

    /// Begins a file that nobody has.
    init(_ header: SegmentHeader, in folder: String, _ fileSystem: any FileSystem) throws(SystemError) {
        name = StoreName.segment(header.number)
        self.folder = folder
        self.fileSystem = fileSystem
        path = folder + "/" + name
        file = try fileSystem.open(path + StoreName.temporarySuffix, .replace)
        try add(header.bytes)
    }

    var byteCount: Int { offset }
    var isEmpty: Bool { entries.isEmpty }

    /// Appends a block. Blocks come by series, then by time.
    mutating func append(_ block: [UInt8]) throws(SystemError) {
        guard let head = unsafe BlockHead(block.span.bytes, at: 0) else {
            preconditionFailure("bytes that are no block go into no segment")
        }
        let entry = SegmentEntry(head, offset: offset)
        entries.append(entry)
        entry.encode(to: &directory)
        rows += head.rows
        first = min(first, head.first)
        last = max(last, head.last)
        try add(block)
        let padding = BlockLayout.padded(block.count) - block.count
        if padding > 0 { try add([UInt8](repeating: 0, count: padding)) }
    }

    private mutating func add(_ bytes: [UInt8]) throws(SystemError) {
        offset += bytes.count
        piecesByteCount += bytes.count
        // Few long pieces and not many short ones: each is an address of its own to the kernel.
        if bytes.count < 4096, let end = pieces.indices.last, pieces[end].count < 1 << 16 {
            pieces[end] += bytes
        } else {
            pieces.append(bytes)
        }
        if piecesByteCount >= SegmentWriter.flushByteCount { try flush() }
    }

    private mutating func flush() throws(SystemError) {
        guard !pieces.isEmpty else { return }
        try file.write(pieces, at: offset - piecesByteCount)
        pieces = []
        piecesByteCount = 0
    }

    /// Ends the file: from now on it has its name, and is there after a power cut.
    mutating func finish() throws(SystemError) {
        let footer = SegmentFooter(
            directoryOffset: offset, blockCount: entries.count, directoryChecksum: CRC32C.checksum(directory),
            rows: rows, first: first, last: last)
        try add(directory)
        try add(footer.bytes)
        try flush()
        try file.sync()
        try fileSystem.rename(path + StoreName.temporarySuffix, to: path)
        try fileSystem.syncFolder(folder)
    }

    /// Takes away what was written, as far as that works; a next start does it as well.
    func abandon() { try? fileSystem.remove(path + StoreName.temporarySuffix) }
}

extension FileSystem {
    /// Puts a small file in place of one of this name, in one step and durable.
    func replace(_ name: String, in folder: String, with bytes: [UInt8]) throws(SystemError) {
        let path = folder + "/" + name
        let file = try open(path + StoreName.temporarySuffix, .replace)
        try file.write([bytes], at: 0)
        try file.sync()
        try rename(path + StoreName.temporarySuffix, to: path)
        try syncFolder(folder)
    }

    /// All bytes of a file.
    func contents(_ path: String) throws(SystemError) -> [UInt8] {
        let file = try open(path, .read)
        var bytes = [UInt8](repeating: 0, count: try file.byteCount())
        let count = try file.read(into: &bytes, 0..<bytes.count, at: 0)
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}

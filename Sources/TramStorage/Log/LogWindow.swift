import TramSystem

/// A part of a file in memory that moves along as it is read.
struct LogWindow {
    private static let leastBytes = 1 << 20
    /// A page: what a disk that fails loses at once.
    private static let retryBytes = 4096

    private let file: any StoredFile
    /// Bytes of the whole file.
    let byteCount: Int
    /// Holds the bytes that were asked for last, from the index that `load` gave.
    private(set) var bytes: [UInt8] = []
    private var held = 0..<0
    /// What the disk does not give any more; zeros stand for it. In rising order.
    private(set) var unreadable: [Range<Int>] = []

    init(_ file: any StoredFile) throws(SystemError) {
        self.file = file
        byteCount = try file.byteCount()
    }

    /// Makes `count` bytes from byte `offset` of the file available, which must be inside it.
    ///
    /// - Returns: where in `bytes` they begin.
    /// - Throws: whatever keeps the file from being read, but for bytes that are lost.
    mutating func load(_ offset: Int, _ count: Int) throws(SystemError) -> Int {
        let wanted = offset..<offset + count
        if held.lowerBound <= wanted.lowerBound, wanted.upperBound <= held.upperBound {
            return offset - held.lowerBound
        }
        let length = min(max(count, LogWindow.leastBytes), byteCount - offset)
        if bytes.count < length { bytes += [UInt8](repeating: 0, count: length - bytes.count) }
        held = 0..<0
        let got: Int?
        do throws(SystemError) {
            got = try file.read(into: &bytes, 0..<length, at: offset)
        } catch {
            guard error.isInputOutput else { throw error }
            got = nil
        }
        if let got {
            // Another process cut the file meanwhile.
            if got < length { lose(offset + got..<offset + length, windowAt: offset) }
        } else {
            for start in stride(from: 0, to: length, by: LogWindow.retryBytes) {
                let piece = start..<min(start + LogWindow.retryBytes, length)
                do throws(SystemError) {
                    let got = try file.read(into: &bytes, piece, at: offset + start)
                    if got < piece.count { lose(offset + start + got..<offset + piece.upperBound, windowAt: offset) }
                } catch {
                    guard error.isInputOutput else { throw error }
                    lose(offset + piece.lowerBound..<offset + piece.upperBound, windowAt: offset)
                }
            }
        }
        held = offset..<offset + length
        return 0
    }

    private mutating func lose(_ range: Range<Int>, windowAt offset: Int) {
        for index in range { bytes[index - offset] = 0 }
        unreadable.append(range)
    }
}

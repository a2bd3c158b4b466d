import TramCodec
import TramSystem

/// A recorded feed as plain bytes: a file or standard input (`-`), plain, gzip or zstd, told by its first bytes.
///
/// Memory stays at a few chunks, however long the feed is or however far a compressed one swells.
public final class FeedReader {
    static let chunkByteCount = 1 << 20

    public let path: String
    /// The file's length where it has one, for progress.
    public let byteCount: Int?
    /// Bytes read from the file so far.
    public private(set) var bytesRead = 0
    private let file: File
    private var decoder: (any StreamDecoder)?
    private var buffer = [UInt8](repeating: 0, count: FeedReader.chunkByteCount)
    private var hasStarted = false
    private var isAtEnd = false
    /// Whether the decoder may have more to give before it needs input.
    private var isDraining = false

    /// - Throws: `FeedError` when the file cannot be opened.
    public init(path: String) throws(FeedError) {
        self.path = path
        do {
            file = path == "-" ? File.standardInput() : try File.open(path)
            byteCount = try file.isRegular() ? try file.byteCount() : nil
        } catch {
            throw FeedError(path: path, reason: error.reason)
        }
    }

    /// Replaces `chunk` by the next plain bytes, false at the end.
    ///
    /// - Throws: `FeedError` when the file cannot be read or decompressed; what came before was handed out.
    public func next(into chunk: inout [UInt8]) throws(FeedError) -> Bool {
        do {
            while true {
                if let decoder, isDraining {
                    if try decoder.nextChunk(into: &chunk) { return true }
                    isDraining = false
                }
                if isAtEnd { return false }
                let count = try fill()
                if count == 0 {
                    isAtEnd = true
                    try decoder?.finish()
                    return false
                }
                if !hasStarted {
                    hasStarted = true
                    if let name = FeedReader.foreignFormat(buffer[..<count]) {
                        throw FeedError(
                            path: path, reason: "this is \(name); line protocol comes plain, as .gz or as .zst")
                    }
                    decoder = try Compression.detect(buffer[..<count]).makeDecoder()
                }
                if let decoder {
                    decoder.push(Array(buffer[..<count]))
                    isDraining = true
                } else {
                    chunk.removeAll(keepingCapacity: true)
                    chunk.append(contentsOf: buffer[..<count])
                    return true
                }
            }
        } catch let error as FeedError {
            throw error
        } catch let error as SystemError {
            throw FeedError(path: path, reason: error.reason)
        } catch let error as CodecError {
            throw FeedError(path: path, reason: error.description)
        } catch {
            throw FeedError(path: path, reason: "\(error)")
        }
    }

    /// What a file is that is certainly no line protocol, by its first bytes.
    private static func foreignFormat(_ first: ArraySlice<UInt8>) -> String? {
        let formats: [([UInt8], String)] = [
            ([0xfd, 0x37, 0x7a, 0x58], "an xz file"), ([0x42, 0x5a, 0x68], "a bzip2 file"),
            ([0x50, 0x4b, 0x03, 0x04], "a zip file"), ([0x7f, 0x45, 0x4c, 0x46], "a program"),
            ([0xff, 0xfe], "text in UTF-16"), ([0xfe, 0xff], "text in UTF-16"),
            ([0x50, 0x41, 0x52, 0x31], "a Parquet file"),
            ([0x53, 0x51, 0x4c, 0x69], "an SQLite file"), ([0x25, 0x50, 0x44, 0x46], "a PDF file"),
        ]
        return formats.first { first.starts(with: $0.0) }?.1
    }

    /// Reads what comes next; the first time enough to tell the format, for a pipe may give a byte at a time.
    private func fill() throws(SystemError) -> Int {
        let wanted = hasStarted ? 1 : Compression.detectionByteCount
        // A span of a class's property would outlive the access to it.
        var buffer: [UInt8] = []
        swap(&buffer, &self.buffer)
        defer { swap(&buffer, &self.buffer) }
        var span = buffer.mutableSpan
        var count = try file.read(into: &span)
        if count > 0 && count < wanted {
            var more = [UInt8](repeating: 0, count: 1)
            while count < wanted {
                var rest = more.mutableSpan
                if try file.read(into: &rest) == 0 { break }
                buffer[count] = more[0]
                count += 1
            }
        }
        bytesRead += count
        return count
    }
}

/// A feed that cannot be read, and why.
public struct FeedError: Error, Equatable, Sendable, CustomStringConvertible {
    public var path: String
    public var reason: String

    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    /// `day.lp.zst: No such file or directory`
    public var description: String { "\(path): \(reason)" }
}

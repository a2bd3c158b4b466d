/// Decompresses a stream in pieces: give it what came in, take out what it makes of it, say when the input is over.
///
///     while let bytes = read() {
///         decoder.push(bytes)
///         while try decoder.nextChunk(into: &chunk) { use(chunk) }
///     }
///     try decoder.finish()
///
/// Nothing is decompressed before it is asked for, so a small input that swells to gigabytes never costs more memory
/// than one chunk: whoever counts the bytes can stop between two. Frames (zstd) and members (gzip) that follow each
/// other are one stream. After an error the decoder answers with the same error. One thread at a time.
public protocol StreamDecoder: AnyObject {
    /// Gives the next input. The input before it must be used up: `nextChunk` has returned false.
    func push(_ input: [UInt8])

    /// Replaces `output` by the next 1...`maximumByteCount` decompressed bytes and returns true; empties it and returns
    /// false when more input is needed first. Keeps the capacity of `output`, so one array serves a whole stream.
    ///
    /// - Throws: `.corrupt` when the input is not of the format; what was decompressed before the bad place has been
    ///   handed out, except for the chunk that was being filled.
    func nextChunk(into output: inout [UInt8], maximumByteCount: Int) throws(CodecError) -> Bool

    /// To be called when the input is over and `nextChunk` has returned false.
    ///
    /// - Throws: `.truncated` when the last frame is not complete, or no frame ever began.
    func finish() throws(CodecError)
}

extension StreamDecoder {
    /// `nextChunk` with chunks of at most 1 MiB.
    public func nextChunk(into output: inout [UInt8]) throws(CodecError) -> Bool {
        try nextChunk(into: &output, maximumByteCount: 1 << 20)
    }
}

/// The input of a decoder and how far it is used up. Shared by both formats.
struct PendingInput {
    private(set) var bytes: [UInt8] = []
    var position = 0

    var isUsedUp: Bool { position == bytes.count }

    mutating func replace(by input: [UInt8]) {
        precondition(isUsedUp, "the input before is used up")
        bytes = input
        position = 0
    }
}

/// How a stream is packed, told by its first bytes and not by the name of its file.
public enum Compression: Hashable, Sendable, CaseIterable {
    case none
    case gzip
    case zstandard

    /// As many first bytes as `detect` needs to be sure; fewer only where the stream is that short.
    public static let detectionByteCount = 4

    /// What a stream that begins with `first` is. No line protocol and no CSV begins with any of these bytes.
    public static func detect(_ first: some Sequence<UInt8>) -> Compression {
        let magic = Array(first.prefix(detectionByteCount))
        if magic.starts(with: [0x1f, 0x8b]) { return .gzip }
        if magic == [0x28, 0xb5, 0x2f, 0xfd] { return .zstandard }
        // A zstd stream may begin with a skippable frame, 0x184d2a50...0x184d2a5f.
        if magic.count == 4, magic[0] & 0xf0 == 0x50, magic[1...] == [0x2a, 0x4d, 0x18] { return .zstandard }
        return .none
    }

    /// A decoder for a stream of this kind; nil where there is nothing to decode.
    ///
    /// - Throws: `.outOfMemory`.
    public func makeDecoder() throws(CodecError) -> (any StreamDecoder)? {
        switch self {
        case .none: nil
        case .gzip: try GzipDecoder()
        case .zstandard: try ZstandardDecoder()
        }
    }
}

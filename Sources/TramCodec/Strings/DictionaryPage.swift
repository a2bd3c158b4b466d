/// The texts that the codes of string columns stand for, in the order of their codes.
///
///     bytes   field
///     ...     texts, varint
///     1       form: 0 plain, 1 zstd level 3
///     ...     byteCount, varint: of the part below when it is not packed
///     ...     packedByteCount, varint: of the part below as it is here
///     ...     lengths of all texts, varint each; then their bytes, UTF-8, one after the other
///
/// A page is read whole: texts are asked for by the hundred, when a result is written.
public enum DictionaryPage {
    /// No page unpacks to more; a store opens another then.
    public static let maximumByteCount = 1 << 28
    private static let plainForm: UInt8 = 0
    private static let zstdForm: UInt8 = 1

    /// Appends the page.
    ///
    /// - Throws: `.outOfMemory`.
    public static func encode(_ texts: [String], to bytes: inout [UInt8]) throws(CodecError) {
        var plain: [UInt8] = []
        for text in texts { plain.appendVarint(UInt64(text.utf8.count)) }
        for text in texts { plain.append(contentsOf: text.utf8) }
        precondition(plain.count <= maximumByteCount, "a page holds at most 256 MiB")
        let packed = try Zstandard.compress(plain, level: 3)
        let isSmaller = packed.count < plain.count
        bytes.appendVarint(UInt64(texts.count))
        bytes.append(isSmaller ? zstdForm : plainForm)
        bytes.appendVarint(UInt64(plain.count))
        bytes.appendVarint(UInt64(isSmaller ? packed.count : plain.count))
        bytes += isSmaller ? packed : plain
    }

    /// Decodes a page from the start of `bytes`.
    ///
    /// - Throws: `.short` when the bytes end before the page, `.corrupt` when they are none, a text is not UTF-8 among
    ///   the reasons, `.outOfMemory`.
    public static func decode(_ bytes: RawSpan) throws(CodecError) -> [String] {
        unsafe try bytes.withUnsafeBytes { bytes throws(CodecError) in
            var reader = unsafe ByteReader(bytes)
            // A text takes a byte of length at least.
            let count = try reader.count(in: 0...maximumByteCount, "the number of texts")
            let form = try reader.byte()
            let byteCount = try reader.count(in: 0...maximumByteCount, "the size of the texts")
            let packedByteCount = try reader.count(in: 0...maximumByteCount, "the packed size of the texts")
            let packed = unsafe Array(try reader.take(packedByteCount))
            switch form {
            case plainForm:
                guard packed.count == byteCount else { throw .corrupt("a plain page with another size") }
                return try texts(packed, count)
            case zstdForm:
                let plain = try Zstandard.decompress(packed, byteCount: byteCount)
                return try texts(plain, count)
            default: throw .corrupt("no page has the form \(form)")
            }
        }
    }

    private static func texts(_ plain: [UInt8], _ count: Int) throws(CodecError) -> [String] {
        guard count <= plain.count else { throw .corrupt("\(count) texts in \(plain.count) bytes") }
        return unsafe try plain.span.bytes.withUnsafeBytes { plain throws(CodecError) in
            var reader = unsafe ByteReader(plain)
            var lengths: [Int] = []
            lengths.reserveCapacity(count)
            for _ in 0..<count {
                lengths.append(try reader.count(in: 0...maximumByteCount, "the length of a text"))
            }
            var texts: [String] = []
            texts.reserveCapacity(count)
            for length in lengths {
                let bytes = unsafe try reader.take(length)
                guard let text = unsafe String(validating: bytes, as: UTF8.self) else {
                    throw .corrupt("text \(texts.count) is not UTF-8")
                }
                texts.append(text)
            }
            guard reader.remaining == 0 else { throw .corrupt("\(reader.remaining) bytes behind the last text") }
            return texts
        }
    }
}

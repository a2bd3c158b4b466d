/// Bytes of any kind, packed where that makes them fewer.
///
///     bytes   field
///     1       form: 0 plain, 1 zstd level 3
///     ...     byteCount, varint: as they are
///     ...     packedByteCount, varint: as they are here
///     ...     the bytes
public enum BytesPage {
    /// No page unpacks to more.
    public static let maximumByteCount = 1 << 30

    /// Appends the page.
    ///
    /// - Throws: `.outOfMemory`.
    public static func encode(_ plain: [UInt8], to bytes: inout [UInt8]) throws(CodecError) {
        precondition(plain.count <= maximumByteCount, "a page holds at most 1 GiB")
        let packed = try Zstandard.compress(plain, level: 3)
        let isSmaller = packed.count < plain.count
        bytes.append(isSmaller ? 1 : 0)
        bytes.appendVarint(UInt64(plain.count))
        bytes.appendVarint(UInt64(isSmaller ? packed.count : plain.count))
        bytes += isSmaller ? packed : plain
    }

    /// Decodes a page from the start of `bytes`, and says how many bytes it took.
    ///
    /// - Throws: `.short` when the bytes end before the page, `.corrupt` when they are none, `.outOfMemory`.
    public static func decode(_ bytes: RawSpan) throws(CodecError) -> (plain: [UInt8], byteCount: Int) {
        unsafe try bytes.withUnsafeBytes { bytes throws(CodecError) in
            var reader = unsafe ByteReader(bytes)
            let form = try reader.byte()
            let byteCount = try reader.count(in: 0...maximumByteCount, "the size of the bytes")
            let packedByteCount = try reader.count(in: 0...maximumByteCount, "the packed size of the bytes")
            let packed = unsafe Array(try reader.take(packedByteCount))
            switch form {
            case 0:
                guard packed.count == byteCount else { throw .corrupt("a plain page with another size") }
                return (packed, reader.offset)
            case 1: return (try Zstandard.decompress(packed, byteCount: byteCount), reader.offset)
            default: throw .corrupt("no page has the form \(form)")
            }
        }
    }
}

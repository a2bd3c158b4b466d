internal import CZstd

/// Decompresses Zstandard frames (RFC 8878), skippable ones among them.
///
/// A frame may ask for a window of at most 128 MiB (`zstd --long=27`); one that asks for more is refused.
@safe public final class ZstandardDecoder: StreamDecoder {
    private static let windowLogMaximum: Int32 = 27

    private let context: OpaquePointer
    private var input = PendingInput()
    /// A frame has begun and is not complete.
    private var isInsideFrame = false
    /// The library may hold output back, because the last chunk was full.
    private var mayHoldOutput = false
    private var hasBegun = false
    private var failure: CodecError?

    /// - Throws: `.outOfMemory`.
    public init() throws(CodecError) {
        guard let context = unsafe ZSTD_createDCtx() else { throw .outOfMemory }
        unsafe self.context = unsafe context
        let status = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, ZstandardDecoder.windowLogMaximum)
        if let failure = ZstandardDecoder.failure(status) { throw failure }
    }

    deinit {
        unsafe ZSTD_freeDCtx(context)
    }

    public func push(_ input: [UInt8]) {
        self.input.replace(by: input)
    }

    public func nextChunk(into output: inout [UInt8], maximumByteCount: Int) throws(CodecError) -> Bool {
        precondition(maximumByteCount > 0, "a chunk holds at least one byte")
        if let failure { throw failure }
        output.removeAll(keepingCapacity: true)
        guard !input.isUsedUp || mayHoldOutput else { return false }
        output.reserveCapacity(maximumByteCount)
        output.append(addingCapacity: maximumByteCount) { span in
            unsafe span.withUnsafeMutableBufferPointer { buffer, count in
                unsafe fill(UnsafeMutableRawBufferPointer(buffer), limit: maximumByteCount, &count)
            }
        }
        if let failure {
            output.removeAll(keepingCapacity: true)
            throw failure
        }
        return !output.isEmpty
    }

    /// Decompresses until `target` is full, the input is used up, or it turns out bad, which `failure` then says.
    private func fill(_ target: UnsafeMutableRawBufferPointer, limit: Int, _ count: inout Int) {
        var out = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: min(limit, target.count), pos: 0)
        let bytes = input.bytes
        unsafe bytes.withUnsafeBytes { bytes in
            var source = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: input.position)
            // The library is not called without need: called once more after the end of a frame, it waits for another
            // frame.
            while unsafe out.pos < out.size, unsafe source.pos < source.size || mayHoldOutput {
                hasBegun = true
                let status = unsafe ZSTD_decompressStream(context, &out, &source)
                if let error = ZstandardDecoder.failure(status) {
                    failure = error
                    break
                }
                isInsideFrame = status != 0
                mayHoldOutput = unsafe isInsideFrame && out.pos == out.size
            }
            input.position = unsafe source.pos
        }
        count = unsafe out.pos
    }

    public func finish() throws(CodecError) {
        if let failure { throw failure }
        if isInsideFrame || !hasBegun || !input.isUsedUp { throw .truncated }
    }

    private static func failure(_ status: Int) -> CodecError? {
        guard ZSTD_isError(status) != 0 else { return nil }
        if ZSTD_getErrorCode(status) == ZSTD_error_memory_allocation { return .outOfMemory }
        guard let name = unsafe ZSTD_getErrorName(status) else { return .corrupt("error \(status)") }
        return unsafe .corrupt(String(cString: name))
    }
}

/// One frame at once, for what is small enough to hold.
enum Zstandard {
    /// `bytes` as one frame with its size and a checksum.
    ///
    /// - Throws: `.outOfMemory`.
    static func compress(_ bytes: [UInt8], level: Int32) throws(CodecError) -> [UInt8] {
        guard let context = unsafe ZSTD_createCCtx() else { throw .outOfMemory }
        defer { unsafe ZSTD_freeCCtx(context) }
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        let bound = ZSTD_compressBound(bytes.count)
        var status = 0
        let packed = unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            unsafe bytes.withUnsafeBytes { source in
                unsafe status = ZSTD_compress2(context, buffer.baseAddress, bound, source.baseAddress, source.count)
            }
            count = ZSTD_isError(status) != 0 ? 0 : status
        }
        // There is room for any input, so all that can be missing is memory.
        if ZSTD_isError(status) != 0 { throw .outOfMemory }
        return packed
    }

    /// What one frame holds, which must be `byteCount` bytes.
    ///
    /// - Throws: `.corrupt` when it is not, `.truncated`, `.outOfMemory`.
    static func decompress(_ packed: [UInt8], byteCount: Int) throws(CodecError) -> [UInt8] {
        let decoder = try ZstandardDecoder()
        decoder.push(packed)
        var bytes: [UInt8] = []
        var chunk: [UInt8] = []
        while try decoder.nextChunk(into: &chunk) {
            bytes += chunk
            guard bytes.count <= byteCount else { throw .corrupt("more than \(byteCount) bytes") }
        }
        try decoder.finish()
        guard bytes.count == byteCount else { throw .corrupt("\(bytes.count) bytes and not \(byteCount)") }
        return bytes
    }
}

internal import CZlib

/// Decompresses gzip members (RFC 1952), one after the other; each member's checksum and length are verified.
@safe public final class GzipDecoder: StreamDecoder {
    /// On the heap, because zlib keeps a pointer back to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private var input = PendingInput()
    private var isInsideMember = false
    /// zlib may hold output back, because the last chunk was full.
    private var mayHoldOutput = false
    private var hasBegun = false
    private var failure: CodecError?

    /// - Throws: `.outOfMemory`.
    public init() throws(CodecError) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        guard unsafe tram_inflate_init_gzip(stream) == Z_OK else {
            // deinit runs after this throw, too, and is harmless for a stream that was never set up.
            throw .outOfMemory
        }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deinitialize(count: 1)
        unsafe stream.deallocate()
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
                unsafe fill(buffer, limit: maximumByteCount, &count)
            }
        }
        if let failure {
            output.removeAll(keepingCapacity: true)
            throw failure
        }
        return !output.isEmpty
    }

    /// Decompresses until `target` is full, the input is used up, or it turns out bad, which `failure` then says.
    private func fill(_ target: UnsafeMutableBufferPointer<UInt8>, limit: Int, _ count: inout Int) {
        let limit = min(limit, target.count)
        let bytes = input.bytes
        unsafe bytes.withUnsafeBufferPointer { bytes in
            while count < limit, !input.isUsedUp || mayHoldOutput {
                if !isInsideMember {
                    // The member before is complete, and this is the first byte of the next.
                    if hasBegun, unsafe inflateReset(stream) != Z_OK {
                        failure = .corrupt("the decoder cannot begin again")
                        return
                    }
                    hasBegun = true
                    isInsideMember = true
                }
                // zlib counts in 32 bits.
                let given = min(bytes.count - input.position, Int(UInt32.max))
                let room = min(limit - count, Int(UInt32.max))
                // zlib reads through next_in and never writes.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: bytes.baseAddress?.advanced(by: input.position))
                unsafe stream.pointee.avail_in = UInt32(given)
                unsafe stream.pointee.next_out = target.baseAddress?.advanced(by: count)
                unsafe stream.pointee.avail_out = UInt32(room)
                let status = unsafe inflate(stream, Z_NO_FLUSH)
                input.position += given - Int(unsafe stream.pointee.avail_in)
                let restingRoom = unsafe Int(stream.pointee.avail_out)
                count += room - restingRoom
                unsafe stream.pointee.next_in = nil
                unsafe stream.pointee.next_out = nil
                switch status {
                case Z_STREAM_END:
                    isInsideMember = false
                    mayHoldOutput = false
                case Z_OK:
                    mayHoldOutput = restingRoom == 0
                case Z_BUF_ERROR where given == 0:
                    // No step was possible: there was nothing held back after all.
                    mayHoldOutput = false
                case Z_MEM_ERROR:
                    failure = .outOfMemory
                    return
                default:
                    failure = unsafe .corrupt(
                        stream.pointee.msg.map { unsafe String(cString: $0) } ?? "error \(status)")
                    return
                }
            }
        }
    }

    public func finish() throws(CodecError) {
        if let failure { throw failure }
        if isInsideMember || !hasBegun || !input.isUsedUp { throw .truncated }
    }
}

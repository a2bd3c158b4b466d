import Testing
import TramCodec

@Suite struct ZstandardTests {
    @Test func `a frame that asks for a window beyond 128 MiB is refused`() {
        // Magic, a frame header without content size, and a window descriptor of 2^(10 + exponent) bytes; then one
        // empty last block.
        func frame(windowLog: UInt8) -> [UInt8] {
            [0x28, 0xb5, 0x2f, 0xfd, 0x00, (windowLog - 10) << 3, 0x01, 0x00, 0x00]
        }
        #expect(throws: Never.self) { try decode(frame(windowLog: 27), as: .zstandard) }
        let error = #expect(throws: CodecError.self) { try decode(frame(windowLog: 28), as: .zstandard) }
        #expect(error?.code.description == "codec.corrupt")
    }

    @Test func `skippable frames are passed over wherever they stand`() throws {
        let skippable: [UInt8] = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]
        let packed = skippable + Samples.zstandard + skippable + Samples.zstandard + skippable
        #expect(Compression.detect(packed) == .zstandard)
        for step in [1, 4, 100] {
            #expect(try decode(packed, as: .zstandard, step: step) == Samples.text + Samples.text)
        }
    }
}

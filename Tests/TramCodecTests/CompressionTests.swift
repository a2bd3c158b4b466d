import Testing
import TramCodec

@Suite struct CompressionTests {
    @Test func `the first bytes tell the format`() {
        #expect(Compression.detect(Samples.gzip) == .gzip)
        #expect(Compression.detect(Samples.zstandard) == .zstandard)
        #expect(Compression.detect(Samples.text) == .none)
    }

    @Test(arguments: [[], [0x1f], [0x28, 0xb5, 0x2f], Array("P*M".utf8), Array("P*Mx".utf8)] as [[UInt8]])
    func `what is too short or only similar is taken as it is`(first: [UInt8]) {
        #expect(Compression.detect(first) == .none)
    }

    @Test func `plain bytes need no decoder`() throws {
        #expect(try Compression.none.makeDecoder() == nil)
    }
}

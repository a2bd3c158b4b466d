import Testing
import TramCodec
import TramTesting

/// What holds for both formats.
@Suite struct StreamDecoderTests {
    static let formats = [Compression.gzip, .zstandard]

    @Test(arguments: formats, [1, 2, 7, 1000])
    func `the text comes back whatever the size of the pieces`(format: Compression, step: Int) throws {
        for limit in [1, 3, 41, 42, 43, 1 << 20] {
            #expect(try decode(Samples.packed(format), as: format, step: step, limit: limit) == Samples.text)
        }
    }

    @Test(arguments: formats)
    func `frames that follow each other are one stream`(format: Compression) throws {
        let packed = Samples.packed(format) + Samples.packed(format) + Samples.packed(format)
        for step in [1, 13, 64, 1000] {
            let text = try decode(packed, as: format, step: step, limit: 50)
            #expect(text == Samples.text + Samples.text + Samples.text)
        }
    }

    @Test(arguments: formats)
    func `a stream cut at any byte is truncated`(format: Compression) {
        let packed = Samples.packed(format)
        for cut in 0..<packed.count {
            #expect(throws: CodecError.truncated) { try decode(Array(packed[..<cut]), as: format, step: 5) }
            let second = try? decode(packed + packed[..<cut], as: format)
            #expect(second == (cut == 0 ? Samples.text : nil))
        }
    }

    @Test(arguments: formats)
    func `junk after the last frame is refused`(format: Compression) {
        for junk in [[UInt8](repeating: 0, count: 8), Array("air pm=1 1\n".utf8)] {
            let error = #expect(throws: CodecError.self) { try decode(Samples.packed(format) + junk, as: format) }
            #expect(error != .truncated)
        }
    }

    @Test(arguments: formats, [UInt64(1), 2, 3])
    func `damaged bytes throw or come back as they were`(format: Compression, seed: UInt64) {
        // Both samples carry a checksum, so damage that decodes to another text cannot pass; a bit of the header that
        // says nothing about the text (the time, the system) may.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var packed = Samples.packed(format)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let byte = Int.random(in: 0..<packed.count, using: &generator)
                packed[byte] = UInt8.random(in: 0...255, using: &generator)
            }
            if let text = try? decode(packed, as: format, step: 9, limit: 16) { #expect(text == Samples.text) }
        }
    }

    @Test(arguments: formats, [UInt64(4), 5])
    func `random bytes never come through`(format: Compression, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let count = Int.random(in: 1...200, using: &generator)
            let junk = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let head = Samples.packed(format).prefix(Int.random(in: 0...10, using: &generator))
            #expect(throws: CodecError.self) { try decode(head + junk, as: format) }
        }
    }

    @Test(arguments: formats)
    func `after an error the decoder stays with it`(format: Compression) throws {
        let decoder = try #require(try format.makeDecoder())
        var chunk: [UInt8] = []
        decoder.push([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        let first = #expect(throws: CodecError.self) { try decoder.nextChunk(into: &chunk) }
        #expect(chunk.isEmpty)
        let second = #expect(throws: CodecError.self) { try decoder.nextChunk(into: &chunk) }
        let third = #expect(throws: CodecError.self) { try decoder.finish() }
        #expect(first == second)
        #expect(first == third)
    }

    @Test(arguments: [
        (Compression.gzip, "gzip -1 -c"), (.gzip, "gzip -9 -c"), (.zstandard, "zstd -q -1 -c"),
        (.zstandard, "zstd -q -19 --long=27 -c"), (.zstandard, "zstd -q --no-check -c"),
    ])
    func `a feed packed by the tools comes back`(format: Compression, command: String) throws {
        let feed = Samples.feed(rows: 120_000, seed: 7)
        guard let packed = Samples.output(of: command, for: feed) else { return }
        #expect(Compression.detect(packed) == format)
        #expect(try decode(packed, as: format, step: 1 << 16) == feed)
        #expect(try decode(packed, as: format, step: 4099, limit: 10_007) == feed)
        #expect(throws: CodecError.truncated) { try decode(Array(packed.dropLast()), as: format) }
    }

    @Test(arguments: [(Compression.gzip, "gzip -c"), (.zstandard, "zstd -q -c")])
    func `a small input that swells is handed out one bounded chunk at a time`(format: Compression, command: String)
        throws
    {
        let zeros = [UInt8](repeating: 0, count: 50_000_000)
        guard let packed = Samples.output(of: command, for: zeros) else { return }
        #expect(packed.count < 100_000)
        let decoder = try #require(try format.makeDecoder())
        decoder.push(packed)
        var chunk: [UInt8] = []
        var total = 0
        while try decoder.nextChunk(into: &chunk, maximumByteCount: 1 << 16) {
            #expect(chunk.count <= 1 << 16)
            total += chunk.count
        }
        try decoder.finish()
        #expect(total == zeros.count)
    }
}

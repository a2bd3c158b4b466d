import Testing
import TramSystem
import TramTesting

@Suite struct CRC32CTests {
    /// "check" of the catalogue of CRC algorithms, and RFC 3720, B.4.
    private static let known: [([UInt8], UInt32)] = [
        ([], 0),
        (Array("123456789".utf8), 0xe306_9283),
        ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
        ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
        (Array(0..<32), 0x46dd_794e),
        (Array((0..<32).reversed()), 0x113f_db5c),
    ]

    private func software(_ bytes: [UInt8], after before: UInt32 = 0) -> UInt32 {
        unsafe CRC32C.softwareChecksum(bytes.span.bytes, after: before)
    }

    @Test func `the known answers come out, with the processor's help and without`() {
        for (bytes, checksum) in CRC32CTests.known {
            #expect(CRC32C.checksum(bytes) == checksum)
            #expect(software(bytes) == checksum)
        }
    }

    @Test(arguments: [UInt64](1...20))
    func `a checksum goes on where another ended`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 0..<5000, using: &generator)
        let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        let whole = software(bytes)
        #expect(CRC32C.checksum(bytes) == whole)
        for _ in 0..<20 {
            let cut = Int.random(in: 0...count, using: &generator)
            let first = CRC32C.checksum(bytes, in: 0..<cut)
            #expect(CRC32C.checksum(bytes, in: cut..<count, after: first) == whole)
            #expect(software(Array(bytes[cut...]), after: software(Array(bytes[..<cut]))) == whole)
        }
    }

    @Test func `every flipped bit changes it`() {
        let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        for bit in 0..<800 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(CRC32C.checksum(flipped) != CRC32C.checksum(bytes))
        }
    }
}

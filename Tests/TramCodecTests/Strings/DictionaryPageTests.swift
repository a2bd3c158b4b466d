import Testing
import TramCodec
import TramTesting

@Suite struct DictionaryPageTests {
    private static let texts = ["", "NNW", "Trạm Hà Nội", "a", "a", String(repeating: "xy", count: 3000), "🚦"]

    private func page(_ texts: [String]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try DictionaryPage.encode(texts, to: &bytes)
        return bytes
    }

    @Test(arguments: [[], [""], ["one"], texts, (0..<5000).map { "station-\($0)" }])
    func `texts come back in their order`(texts: [String]) throws {
        let bytes = try page(texts)
        #expect(try DictionaryPage.decode((bytes + [1])) == texts)
    }

    @Test func `texts that repeat are packed`() throws {
        let texts = (0..<5000).map { "station-\($0)" }
        #expect(try page(texts).count < texts.reduce(0) { $0 + $1.utf8.count } / 3)
    }

    @Test(arguments: [["one", "two"], texts])
    func `a page cut at any byte throws`(texts: [String]) throws {
        let bytes = try page(texts)
        for cut in 0..<bytes.count {
            let part = Array(bytes[..<cut])
            let error = #expect(throws: CodecError.self) { try DictionaryPage.decode(part) }
            guard case .short(let needed, cut) = error, needed > cut else {
                Issue.record("cut at \(cut): \(String(describing: error))")
                continue
            }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `flipped bits throw or give texts`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for texts in [["one", "two", "Hà Nội"], DictionaryPageTests.texts] {
            let bytes = try page(texts)
            for _ in 0..<500 {
                var damaged = bytes
                damaged[Int.random(in: damaged.indices, using: &generator)] ^=
                    1 << UInt8.random(in: 0...7, using: &generator)
                if let other = try? DictionaryPage.decode(damaged) { #expect(other.count < 1000) }
            }
        }
    }

    @Test func `a size that the frame does not have is refused`() {
        // Two texts, zstd, 100 bytes, packed in 3 bytes that are no frame.
        #expect(throws: CodecError.self) { try DictionaryPage.decode(([2, 1, 100, 3, 1, 2, 3] as [UInt8])) }
        // No other form is known.
        #expect(throws: CodecError.corrupt("no page has the form 2")) {
            try DictionaryPage.decode(([0, 2, 0, 0] as [UInt8]))
        }
        // Text that is not UTF-8.
        #expect(throws: CodecError.corrupt("text 0 is not UTF-8")) {
            try DictionaryPage.decode(([1, 0, 2, 2, 1, 0xff] as [UInt8]))
        }
    }
}

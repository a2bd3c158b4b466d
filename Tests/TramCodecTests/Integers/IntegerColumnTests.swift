import Testing
import TramCodec
import TramTesting

@Suite struct IntegerColumnTests {
    private func encode(
        _ values: [Int64], areTimes: Bool = false, preference: CodecPreference = .size
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        var state = ColumnState()
        IntegerColumn.encode(values, areTimes: areTimes, preference: preference, state: &state, to: &bytes)
        return bytes
    }

    private func expectBack(_ values: [Int64], areTimes: Bool = false, _ comment: Comment? = nil) throws {
        for preference in CodecPreference.allCases {
            let bytes = encode(values, areTimes: areTimes, preference: preference)
            #expect(try IntegerColumn.decode(bytes, count: values.count) == values, comment)
            #expect(try IntegerColumn.byteCount((bytes + [1, 2, 3]), count: values.count) == bytes.count)
        }
    }

    @Test(arguments: ColumnSamples.integers, [1, 2, 3, 15, 16, 17, 31, 100, 1000, 1023, 1024])
    func `every sequence comes back`(name: String, count: Int) throws {
        for seed in [UInt64(1), 2, 3] {
            let values = ColumnSamples.integers(name, count: count, seed: seed)
            try expectBack(values)
            try expectBack(values, areTimes: true)
        }
    }

    @Test(arguments: 0...64, [1, 5, 16, 63, 1024])
    func `numbers of every width come back`(width: Int, count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(width * 2048 + count))
        for base in [Int64(0), -1, .min, .max, 1 << 50] {
            let values = (0..<count).map { _ in
                base &+ Int64(bitPattern: width == 0 ? 0 : generator.next() >> UInt64(64 - width))
            }
            try expectBack(values)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `mixtures of widths come back`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let count = Int.random(in: 1...1024, using: &generator)
            let usual = UInt64.random(in: 0...63, using: &generator)
            let rare = Int.random(in: 1...200, using: &generator)
            let values = (0..<count).map { _ in
                let bits = generator.next()
                return Int64(bitPattern: Int(bits & 0xffff) % rare == 0 ? bits : bits >> usual)
            }
            try expectBack(values, "count \(count), \(usual) bits fewer, one in \(rare) longer")
        }
    }

    @Test(arguments: ColumnSamples.integers, [1, 2, 47, 1024])
    func `a single value is the one that decoding gives`(name: String, count: Int) throws {
        let values = ColumnSamples.integers(name, count: count, seed: 4)
        for preference in CodecPreference.allCases {
            let bytes = encode(values, areTimes: true, preference: preference)
            for row in stride(from: 0, to: count, by: max(1, count / 50)) {
                #expect(try IntegerColumn.value(at: row, in: bytes, count: count) == values[row])
            }
        }
    }

    @Test(arguments: ["stride", "jitter", "seconds", "counter", "constant"])
    func `a time is found where a search of the values finds it`(name: String) throws {
        let values = ColumnSamples.integers(name, count: 1000, seed: 5)
        let bytes = encode(values, areTimes: true)
        for value in [Int64.min, values[0], values[0] + 1, values[500] - 1, values[500], values[999], .max] {
            let expected = values.firstIndex { $0 >= value } ?? 1000
            #expect(try IntegerColumn.lowerBound(of: value, in: bytes, count: 1000) == expected)
        }
    }

    @Test func `equal values and equal steps cost a few bytes whatever their number`() {
        // Tag, and -77 as a varint of two bytes.
        #expect(encode([Int64](repeating: -77, count: 1024)).count == 3)
        // Tag; 0 in one byte; 60 in one byte.
        #expect(encode((0..<1024).map { Int64($0) * 60 }).count == 3)
    }

    @Test func `the layout is the documented one`() {
        // Tag 2, plain; form 2, the width; base 0; one position a lane, so a byte for each of the sixteen lanes.
        let few: [Int64] = [3, 1, 2, 0, 3, 1, 2, 0, 2, 1, 3, 0, 1, 1, 2, 0]
        #expect(encode(few, preference: .speed) == [2, 2, 0] + few.map { UInt8($0) })
        // Two positions a lane at two bits: the second sixteen lie two bits higher.
        let twice = few + few.reversed()
        let bytes = zip(few, few.reversed()).map { UInt8($0 | $1 << 2) }
        #expect(encode(twice, preference: .speed) == [2, 2, 0] + bytes)
        // Tag 1, stride: first -5 is 9 and step 7 is 14 in zigzag.
        #expect(encode([-5, 2, 9, 16]) == [1, 9, 14])
    }

    @Test func `numbers of w bits cost w bits`() {
        var generator = SeededGenerator(seed: 6)
        let values = (0..<1024).map { _ in Int64.random(in: 0..<1 << 13, using: &generator) }
        // Tag, form, base of at most three bytes; 13 bits each.
        let size = encode(values, preference: .speed).count
        #expect(size <= 1024 * 13 / 8 + 5)
        #expect(size > 1024 * 13 / 8)
    }

    @Test func `whole seconds kept in nanoseconds cost what seconds cost`() {
        let times = ColumnSamples.integers("seconds", count: 1024, seed: 7)
        let seconds = times.map { $0 / 1_000_000_000 }
        let size = encode(seconds, areTimes: true).count
        #expect(encode(times, areTimes: true).count <= size + 16)
        // Ten different rests need four bits at most.
        #expect(size <= 1024 / 2 + 32)
    }

    @Test func `a clock that jitters costs its jitter`() {
        let times = ColumnSamples.integers("jitter", count: 1024, seed: 8)
        // 1,801 different distances from the line take 11 bits.
        #expect(encode(times, areTimes: true).count <= 1024 * 11 / 8 + 32)
    }

    @Test func `a few outliers do not widen the others`() {
        let values = ColumnSamples.integers("outliers", count: 1024, seed: 9)
        // Five bits each; ten outliers of 10 + 63 bits and what the rows beside them need.
        #expect(encode(values, preference: .speed).count <= 1024 * 5 / 8 + 11 * 10 + 32)
    }

    @Test func `a small alphabet costs its codes`() {
        // Four of eleven bits' worth of numbers, in no order: two bits each, and the dictionary.
        var generator = SeededGenerator(seed: 10)
        let alphabet: [Int64] = [17, 344, 1201, 2040]
        let values = (0..<1024).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
        #expect(encode(values).count <= 1024 * 2 / 8 + 40)
    }

    @Test(arguments: ColumnSamples.integers)
    func `a column cut at any byte says how much is missing`(name: String) {
        let values = ColumnSamples.integers(name, count: 300, seed: 11)
        for preference in CodecPreference.allCases {
            let bytes = encode(values, areTimes: true, preference: preference)
            for cut in 0..<bytes.count {
                let part = Array(bytes[..<cut])
                let error = #expect(throws: CodecError.self) {
                    try IntegerColumn.decode(part, count: values.count)
                }
                guard case .short(let needed, cut) = error else {
                    Issue.record("cut at \(cut): \(String(describing: error))")
                    continue
                }
                #expect(needed > cut && needed <= bytes.count)
            }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `flipped bits and random bytes throw or give values`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for name in ColumnSamples.integers {
            let bytes = encode(ColumnSamples.integers(name, count: 200, seed: seed))
            for _ in 0..<200 {
                var damaged = bytes
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    damaged[Int.random(in: damaged.indices, using: &generator)] ^=
                        1 << UInt8.random(in: 0...7, using: &generator)
                }
                let count = Int.random(in: 1...1024, using: &generator)
                for rows in [200, count] {
                    let values = try? IntegerColumn.decode(damaged, count: rows)
                    #expect(values == nil || values?.count == rows)
                    _ = try? IntegerColumn.value(at: rows - 1, in: damaged, count: rows)
                    _ = try? IntegerColumn.lowerBound(of: 12, in: damaged, count: rows)
                }
            }
        }
        for _ in 0..<5000 {
            var junk = (0..<Int.random(in: 0...80, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            if !junk.isEmpty, Bool.random(using: &generator) { junk[0] &= 0x0f }
            let count = Int.random(in: 1...1024, using: &generator)
            _ = try? IntegerColumn.decode(junk, count: count)
        }
    }
}

import Testing
import TramCodec
import TramColumnar
import TramTesting

@Suite struct ColumnEntryTests {
    private func entries() -> [ColumnEntry] {
        var state = ColumnState()
        return ColumnSamples.floats.enumerated().map { index, name in
            var vector = Vector(type: .float, bits: ColumnSamples.bits(float: name, count: 1000, seed: 1))
            if index % 3 == 1 { vector.appendAbsent() }
            var bytes: [UInt8] = []
            var entry = ColumnEncoder().encode(vector, state: &state, to: &bytes)
            entry.field = UInt16(index * 3000)
            entry.offset = UInt32(index) << 24
            return entry
        }
    }

    @Test func `an entry comes back from its 64 bytes`() throws {
        for entry in entries() {
            var bytes: [UInt8] = []
            entry.encode(to: &bytes)
            #expect(bytes.count == 64)
            // Compared as bytes, since a sum may hold NaN bits that are not equal to themselves.
            var again: [UInt8] = []
            try ColumnEntry(decoding: (bytes + [7])).encode(to: &again)
            #expect(again == bytes)
        }
    }

    @Test func `the layout is the documented one`() throws {
        var state = ColumnState()
        var bytes: [UInt8] = []
        let vector = Vector(type: .float, bits: [1.5, -2.25, 3].map(\.bitPattern))
        var entry = ColumnEncoder().encode(vector, state: &state, to: &bytes)
        entry.field = 0x0102
        entry.offset = 0x0304_0506
        var encoded: [UInt8] = []
        entry.encode(to: &encoded)
        #expect(encoded[0..<2] == [0x02, 0x01])
        #expect(encoded[4..<6] == [2, 0b101])
        #expect(encoded[8..<12] == [0x06, 0x05, 0x04, 0x03])
        #expect(encoded[12..<16] == [3, 0, 0, 0])
        // The minimum, -2.25, and the sum, 2.25 as 225 hundredths.
        #expect(encoded[16..<24] == [0, 0, 0, 0, 0, 0, 0x02, 0xc0])
        #expect(Array(encoded[48..<64]) == [225] + [UInt8](repeating: 0, count: 15))
    }

    @Test func `fewer than 64 bytes are short`() {
        for count in 0..<64 {
            let bytes = [UInt8](repeating: 0, count: count)
            #expect(throws: CodecError.short(needed: 64, present: count)) {
                try ColumnEntry(decoding: bytes)
            }
        }
    }

    @Test(arguments: [UInt64(1), 2])
    func `any 64 bytes are an entry or refused`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var read = 0
        for _ in 0..<20_000 {
            var bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) }
            if Bool.random(using: &generator) {
                for index in [2, 3, 4, 5, 13, 15] { bytes[index] &= 7 }
            }
            if (try? ColumnEntry(decoding: bytes)) != nil { read += 1 }
        }
        #expect(read > 0)
        #expect(read < 20_000)
    }

    @Test(arguments: CodecPreference.allCases, [UInt64(1), 2, 3, 4])
    func `integers are promised only where all of them have room in one scale`(
        preference: CodecPreference, seed: UInt64
    ) throws {
        var generator = SeededGenerator(seed: seed)
        var state = ColumnState()
        // Air pressure, interpolated over a gap: a few values with many more digits than the others.
        for digits in 1...15 {
            let power = (0..<digits).reduce(Int64(1)) { power, _ in power * 10 }
            let values = (0..<1000).map { row -> Double in
                guard row % 97 < digits % 3 else { return Double(Int.random(in: 9900...10400, using: &generator)) / 10 }
                return Double(Int64.random(in: 0..<power, using: &generator)) / Double(power) + 1013
            }
            let vector = Vector(type: .float, bits: values.map(\.bitPattern))
            var bytes: [UInt8] = []
            let entry = ColumnEncoder(preference).encode(vector, state: &state, to: &bytes)
            let found = try unsafe ColumnDecoder.mantissas(bytes.span.bytes, type: .float, rows: vector.count)
            guard entry.hasMantissas else { continue }
            let (mantissas, scale) = try #require(found)
            guard case .exact(let sum, let sumScale) = entry.sum else {
                Issue.record("a promise of integers without an exact sum")
                continue
            }
            #expect(sumScale == scale)
            #expect(mantissas.reduce(Int128(0)) { $0 + Int128($1) } == sum, "\(digits) digits")
            let isEqual = zip(mantissas, values).allSatisfy {
                Double($0) / (0..<scale).reduce(1.0) { power, _ in power * 10 } == $1
            }
            #expect(isEqual || scale > 15, "\(digits) digits")
        }
    }

    @Test(arguments: CodecPreference.allCases)
    func `means of three readings have a sum that is theirs`(preference: CodecPreference) throws {
        for digits in [0, 4, 9, 11, 15] {
            var state = ColumnState()
            let power = (0..<digits).reduce(1.0) { power, _ in power * 10 }
            for size in [7.0, 1016, 99_999] {
                let values = (0..<1008).map { row -> Double in
                    let third = (size * 3 + Double(row % 30)) / 3
                    return digits == 0 ? third : (third * power).rounded() / power
                }
                let vector = Vector(type: .float, bits: values.map { $0.bitPattern })
                var bytes: [UInt8] = []
                let entry = ColumnEncoder(preference).encode(vector, state: &state, to: &bytes)
                let expected = values.reduce(0, +)
                let sum =
                    switch entry.sum {
                    case .exact(let sum, let scale): Double(sum) / (0..<scale).reduce(1.0) { power, _ in power * 10 }
                    case .double(let high, let low): high + low
                    }
                #expect(abs(sum - expected) < 1e-9 * expected, "\(digits) digits of \(size)")
            }
        }
    }

    @Test func `sums of floats that are no decimals are close`() {
        var state = ColumnState()
        var bytes: [UInt8] = []
        let bits = ColumnSamples.bits(float: "full-precision", count: 1000, seed: 3)
        let entry = ColumnEncoder().encode(Vector(type: .float, bits: bits), state: &state, to: &bytes)
        guard case .double(let high, let low) = entry.sum else {
            Issue.record("an exact sum")
            return
        }
        let plain = bits.reduce(0) { $0 + Double(bitPattern: $1) }
        #expect(abs(high + low - plain) < 1e-9)
    }
}

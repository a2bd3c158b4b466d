import Testing
import TramCodec
import TramColumnar
import TramTesting

@Suite struct ColumnTests {
    struct Encoded {
        var bytes: [UInt8] = []
        var entry: ColumnEntry
    }

    private func encode(
        _ vector: Vector, hint: Int? = nil, preference: CodecPreference = .size, _ state: inout ColumnState
    ) -> Encoded {
        var bytes: [UInt8] = [9]
        let entry = ColumnEncoder(preference).encode(vector, scaleHint: hint, state: &state, to: &bytes)
        return Encoded(bytes: Array(bytes.dropFirst()), entry: entry)
    }

    private func expectBack(_ vector: Vector, hint: Int? = nil, _ state: inout ColumnState) throws {
        for preference in CodecPreference.allCases {
            let column = encode(vector, hint: hint, preference: preference, &state)
            let bytes = column.bytes
            #expect(column.entry.byteCount == bytes.count)
            let decoded = try ColumnDecoder.decode(bytes, type: vector.type, rows: vector.count)
            #expect(decoded.bits == vector.bits)
            let all = Bitmap(repeating: true, count: vector.count)
            #expect(decoded.presence ?? all == vector.presence ?? all)
            try expectStatistics(column.entry, of: vector)
            try expectMantissas(bytes, column.entry, of: vector)
        }
    }

    /// Against plain loops over the present values.
    private func expectStatistics(_ entry: ColumnEntry, of vector: Vector) throws {
        let present = vector.bits.indices.filter { vector.isPresent($0) }.map { vector.bits[$0] }
        #expect(entry.count == present.count)
        #expect(entry.type == vector.type)
        #expect(entry.first == present.first ?? 0)
        #expect(entry.last == present.last ?? 0)
        switch vector.type {
        case .float:
            let finite = present.map { Double(bitPattern: $0) }.filter(\.isFinite)
            #expect(entry.hasNonFinite == (finite.count < present.count))
            #expect(Double(bitPattern: entry.minimum) == finite.min() ?? 0)
            #expect(Double(bitPattern: entry.maximum) == finite.max() ?? 0)
        case .int:
            let values = present.map { Int64(bitPattern: $0) }
            #expect(Int64(bitPattern: entry.minimum) == values.min() ?? 0)
            #expect(Int64(bitPattern: entry.maximum) == values.max() ?? 0)
            #expect(entry.sum == .exact(values.reduce(Int128(0)) { $0 + Int128($1) }, scale: 0))
        case .uint, .bool, .string:
            #expect(entry.minimum == present.min() ?? 0)
            #expect(entry.maximum == present.max() ?? 0)
            let sum = vector.type == .string ? 0 : present.reduce(Int128(0)) { $0 + Int128($1) }
            #expect(entry.sum == .exact(sum, scale: 0))
        }
    }

    /// Mantissa / 10^scale is each value, and they add up to the entry's sum.
    private func expectMantissas(_ bytes: [UInt8], _ entry: ColumnEntry, of vector: Vector) throws {
        let mantissas = try ColumnDecoder.mantissas(bytes, type: vector.type, rows: vector.count)
        #expect((mantissas != nil) == (entry.hasMantissas || entry.count == 0))
        guard let mantissas, vector.type == .float else { return }
        let present = vector.bits.indices.filter { vector.isPresent($0) }.map { vector.bits[$0] }
        let power = (0..<mantissas.scale).reduce(1.0) { power, _ in power * 10 }
        #expect(mantissas.values.map { (Double($0) / power).bitPattern } == present)
        if entry.count > 0 {
            let sum = mantissas.values.reduce(Int128(0)) { $0 + Int128($1) }
            #expect(entry.sum == .exact(sum, scale: mantissas.scale))
        }
    }

    @Test(arguments: ColumnSamples.floats, [1, 2, 7, 8, 9, 16, 17, 100, 1023, 1024])
    func `floats come back bit for bit`(name: String, count: Int) throws {
        var state = ColumnState()
        for seed in UInt64(1)...3 {
            let vector = Vector(type: .float, bits: ColumnSamples.bits(float: name, count: count, seed: seed))
            try expectBack(vector, &state)
            // A hint may be wrong, and a state may be another column's.
            for hint in [0, 1, 15, 99, -3] { try expectBack(vector, hint: hint, &state) }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `a series that changes its kind comes back with the state of what it was`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var state = ColumnState()
        for _ in 0..<60 {
            let name = ColumnSamples.floats.randomElement(using: &generator) ?? "level"
            let count = Int.random(in: 1...1024, using: &generator)
            let bits = ColumnSamples.bits(float: name, count: count, seed: generator.next())
            try expectBack(Vector(type: .float, bits: bits), hint: Int.random(in: 0...6, using: &generator), &state)
        }
    }

    @Test(arguments: 0...15, [UInt64(1), 2])
    func `decimals of every scale need no exceptions and have their exact sum`(scale: Int, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let power = (0..<scale).reduce(1.0) { power, _ in power * 10 }
        let mantissas = (0..<1024).map { _ in Int64.random(in: -999_999...999_999, using: &generator) }
        let vector = Vector(type: .float, bits: mantissas.map { (Double($0) / power).bitPattern })
        var state = ColumnState()
        let column = encode(vector, hint: scale, &state)
        #expect(column.entry.exceptionCount == 0)
        #expect(column.entry.hasMantissas)
        #expect(column.entry.sum == .exact(Int128(mantissas.reduce(0, +)), scale: scale))
        try expectBack(vector, &state)
    }

    @Test(arguments: [
        ("temperature", 4.5), ("level", 7.5), ("speed-averages", 11.5), ("states", 0.5), ("constant", 0.1),
        ("moved-decimals", 13.5),
    ])
    func `a sensor's column takes few bits a value`(name: String, most: Double) {
        var state = ColumnState()
        let vector = Vector(type: .float, bits: ColumnSamples.bits(float: name, count: 1024, seed: 3))
        let column = encode(vector, &state)
        #expect(Double(column.bytes.count) * 8 / 1024 <= most)
    }

    @Test func `doubles without a pattern take no more than their bits and a few bytes`() {
        var state = ColumnState()
        let vector = Vector(type: .float, bits: ColumnSamples.bits(float: "random-bits", count: 1024, seed: 1))
        #expect(encode(vector, &state).bytes.count <= 8192 + 32)
    }

    @Test(arguments: FieldType.allCases, [1, 16, 50, 1000, 1024])
    func `columns of every type come back with every kind of nulls`(type: FieldType, count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        var state = ColumnState()
        for absent in [0, 1, 10, 50, 90, 99, 100] {
            for run in [1, 40] {
                var vector = Vector(type: type)
                while vector.count < count {
                    let isAbsent = Int.random(in: 0..<100, using: &generator) < absent
                    for _ in 0..<min(run, count - vector.count) {
                        if isAbsent {
                            vector.appendAbsent()
                        } else {
                            vector.append(value(type, &generator))
                        }
                    }
                }
                try expectBack(vector, &state)
            }
        }
    }

    private func value(_ type: FieldType, _ generator: inout SeededGenerator) -> UInt64 {
        switch type {
        case .float: (Double(Int.random(in: -500...500, using: &generator)) / 10).bitPattern
        case .int: UInt64(bitPattern: Int64.random(in: -40...40, using: &generator))
        case .uint: Int.random(in: 0..<9, using: &generator) == 0 ? .max : generator.next() >> 50
        case .bool: generator.next() & 1
        case .string: UInt64(UInt32.random(in: 0...300, using: &generator))
        }
    }

    @Test func `no rows are a column`() throws {
        var state = ColumnState()
        for type in FieldType.allCases { try expectBack(Vector(type: type), &state) }
    }

    @Test func `flags and states cost runs or a bit`() {
        var state = ColumnState()
        var generator = SeededGenerator(seed: 5)
        let random = Vector(type: .bool, bits: (0..<1024).map { _ in generator.next() & 1 })
        #expect(encode(random, &state).bytes.count <= 128 + 8)
        let steady = Vector(type: .bool, bits: (0..<1024).map { $0 < 700 ? 0 : 1 })
        #expect(encode(steady, &state).bytes.count <= 16)
    }

    @Test(arguments: ColumnSamples.floats)
    func `a column cut at any byte says how much is missing`(name: String) {
        var vector = Vector(type: .float, bits: ColumnSamples.bits(float: name, count: 200, seed: 2))
        for _ in 0..<9 { vector.appendAbsent() }
        var state = ColumnState()
        for preference in CodecPreference.allCases {
            let bytes = encode(vector, preference: preference, &state).bytes
            for cut in 0..<bytes.count {
                let part = Array(bytes[..<cut])
                let error = #expect(throws: CodecError.self) {
                    try ColumnDecoder.decode(part, type: .float, rows: vector.count)
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
    func `flipped bits and random bytes throw or give a column`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var state = ColumnState()
        for name in ColumnSamples.floats {
            var vector = Vector(type: .float, bits: ColumnSamples.bits(float: name, count: 150, seed: seed))
            if seed == 2 { vector.appendAbsent() }
            let bytes = encode(vector, &state).bytes
            for _ in 0..<200 {
                var damaged = bytes
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    damaged[Int.random(in: damaged.indices, using: &generator)] ^=
                        1 << UInt8.random(in: 0...7, using: &generator)
                }
                for rows in [vector.count, Int.random(in: 0...1024, using: &generator)] {
                    let column = try? ColumnDecoder.decode(damaged, type: .float, rows: rows)
                    #expect(column == nil || column?.count == rows)
                    _ = try? ColumnDecoder.mantissas(damaged, type: .float, rows: rows)
                }
            }
        }
        for _ in 0..<5000 {
            var junk = (0..<Int.random(in: 0...90, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            if !junk.isEmpty { junk[0] = UInt8.random(in: 0...0x26, using: &generator) }
            for type in FieldType.allCases {
                let rows = Int.random(in: 0...1024, using: &generator)
                _ = try? ColumnDecoder.decode(junk, type: type, rows: rows)
                _ = try? ColumnDecoder.mantissas(junk, type: type, rows: rows)
            }
        }
    }
}

import Testing
import TramColumnar
import TramQuery
import TramTesting

/// What holds for the serialised form of every state.
@Suite struct StateCodingTests {
    static let calls = GoldenStateTests.calls

    private static func samples(_ type: ColumnType) -> [Rows] {
        [CodingRows.plain(type, 90), CodingRows.wild(type), CodingRows.plain(type, 20, from: 77)]
    }

    /// Feeds the rows in parts, each on a node with its own numbering of texts, and merges what the nodes send over a
    /// random tree.
    private func sent(_ call: Call, _ rows: Rows, using generator: inout SeededGenerator) throws -> [UInt8] {
        var parts: [[UInt8]] = []
        var start = 0
        while start < rows.values.count {
            let end = min(rows.values.count, start + Int.random(in: 1...40, using: &generator))
            let states = try call.node(rows.type, NodeTexts(CodingRows.words), slots: 3)
            if Bool.random(using: &generator) {
                try states.scatter(
                    slots: rows.values.indices.map { (start..<end).contains($0) ? 2 : 1 },
                    column: call.column(rows, for: states),
                    timestamps: rows.times, series: rows.series)
            } else {
                try call.feed(rows, start..<end, into: 2, of: states)
            }
            parts.append(states.bytes(2))
            start = end
        }
        while parts.count > 1 {
            parts.shuffle(using: &generator)
            // Another numbering of texts at every node.
            let node = NodeTexts(CodingRows.words.shuffled(using: &generator).suffix(parts.count % 5))
            let states = try call.node(rows.type, node, slots: 2)
            try states.decode(into: 0, from: parts.removeLast())
            try states.decode(into: 1, from: parts.removeLast())
            try states.merge(slot: 0, from: states, slot: 1)
            parts.append(states.bytes(0))
        }
        return try parts.first ?? call.bytes(Rows(rows.type, []))
    }

    @Test(arguments: calls.filter(\.isExact), [UInt64(1), 2, 3])
    func `any order of rows and any tree of nodes gives the same bytes`(call: Call, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for type in call.types() {
            for rows in Self.samples(type) {
                let expected = try call.bytes(rows)
                let shuffled = rows.shuffled(using: &generator)
                #expect(try call.bytes(shuffled) == expected, "\(call) of \(type)")
                #expect(try sent(call, rows, using: &generator) == expected, "\(call) of \(type)")
                #expect(try sent(call, shuffled, using: &generator) == expected, "\(call) of \(type)")
            }
        }
    }

    @Test(arguments: calls)
    func `merging from either side gives the same bytes`(call: Call) throws {
        for type in call.types() {
            let samples = Self.samples(type) + [Rows(type, [])]
            for left in samples {
                for right in samples {
                    let states = try call.node(type, NodeTexts(CodingRows.words), slots: 4)
                    for slot in 0..<2 { try call.feed(left, 0..<left.values.count, into: slot, of: states) }
                    for slot in 2..<4 { try call.feed(right, 0..<right.values.count, into: slot, of: states) }
                    try states.merge(slot: 0, from: states, slot: 2)
                    try states.merge(slot: 3, from: states, slot: 1)
                    #expect(states.bytes(0) == states.bytes(3))
                }
            }
        }
    }

    @Test(arguments: calls)
    func `a state that was sent goes on as the one that stayed`(call: Call) throws {
        for type in call.types() {
            for rows in Self.samples(type) {
                let texts = NodeTexts(CodingRows.words)
                let states = try call.node(type, texts, slots: 2)
                try call.feed(rows, 0..<rows.values.count, into: 0, of: states)
                try states.decode(into: 1, from: states.bytes(0))
                #expect(states.outcome(1, texts) == states.outcome(0, texts))
                let more = CodingRows.plain(type, 30, from: 500)
                for slot in 0..<2 { try call.feed(more, 0..<more.values.count, into: slot, of: states) }
                #expect(states.bytes(1) == states.bytes(0))
                #expect(states.outcome(1, texts) == states.outcome(0, texts))
            }
        }
    }

    @Test(arguments: calls)
    func `a state that is cut anywhere is refused`(call: Call) throws {
        for type in call.types() {
            for rows in Self.samples(type) {
                let bytes = try call.bytes(rows)
                let states = try call.node(type, NodeTexts())
                for cut in bytes.indices {
                    #expect(throws: PartialStateError.self) {
                        try states.decode(into: 0, from: Array(bytes[..<cut]))
                    }
                }
                #expect(throws: PartialStateError.malformed(at: bytes.count)) {
                    try states.decode(into: 0, from: bytes + [0])
                }
                #expect(try states.bytes(0) == call.bytes(Rows(type, [])))
            }
        }
    }

    @Test(arguments: calls)
    func `a flipped bit is refused or makes another good state`(call: Call) throws {
        for type in call.types() {
            for rows in [CodingRows.plain(type, 24), CodingRows.wild(type)] {
                let bytes = try call.bytes(rows)
                try flip(call, type, bytes, bits: 0..<(bytes.count * 8))
            }
        }
    }

    @Test(arguments: calls.filter(\.followsSeries))
    func `a flipped bit in folded series is refused or makes another good state`(call: Call) throws {
        for type in call.types() {
            var generator = SeededGenerator(seed: 5)
            for bytes in [
                try call.bytes(CodingRows.long(type, 400)),
                try sent(call, CodingRows.long(type, 900), using: &generator),
            ] {
                try flip(call, type, bytes, bits: (0..<150).map { $0 * 7919 % (bytes.count * 8) })
            }
        }
    }

    @Test(arguments: calls.filter(\.followsSeries), [UInt64(1), 2, 3])
    func
        `long series have the same bytes from any order of rows, and the same value from parts in any order`(
            call: Call, seed: UInt64
        ) throws
    {
        var generator = SeededGenerator(seed: seed)
        for type in call.types() {
            let rows = CodingRows.long(type, 900)
            let expected = try call.bytes(rows)
            let texts = NodeTexts()
            let ends = try call.node(type, texts, slots: 2)
            try ends.decode(into: 0, from: expected)
            try ends.decode(into: 1, from: sent(call, rows, using: &generator))
            #expect(ends.outcome(1, texts) == ends.outcome(0, texts), "\(call) of \(type)")
            let shuffled = rows.shuffled(using: &generator)
            #expect(try call.bytes(shuffled) == expected, "\(call) of \(type), shuffled")
            let states = try call.node(type, NodeTexts(), slots: 2)
            try call.feed(rows, 0..<600, into: 0, of: states)
            try states.decode(into: 1, from: states.bytes(0))
            for slot in 0..<2 { try call.feed(rows, 600..<900, into: slot, of: states) }
            #expect(states.bytes(0) == expected && states.bytes(1) == expected)
            #expect(states.outcome(0, NodeTexts()) == states.outcome(1, NodeTexts()))
        }
    }

    @Test func `what a window knows of the windows beside it is sent with it`() throws {
        for name in ["increase", "twa"] {
            let states = try Call(name).node(.float, NodeTexts(), slots: 3)
            for slot in 0..<3 {
                states.assign(slot: slot, group: 4)
                try states.update(
                    slot: slot, column: Column(type: .float, bits: [1.5, 4, 9].map(\.bitPattern)),
                    timestamps: [10, 20, 30], rows: slot..<(slot + 1), series: 8)
            }
            let alone = try Call(name).node(.float, NodeTexts())
            try alone.decode(into: 0, from: states.bytes(1))
            let frame = TimeRange(start: 15, end: 25)
            let found = try #require(try alone.finish(slot: 0, frame: frame))
            #expect(try states.finish(slot: 1, frame: frame) == found)
            #expect(Double(bitPattern: found) == (name == "twa" ? 2.75 : 2.5))
            #expect(alone.bytes(0) == states.bytes(1))
        }
    }

    @Test func `series are told apart by their keys and not by their numbers`() throws {
        func bytes(_ order: [UInt32]) throws -> [UInt8] {
            let clock = QueryClock(seriesKey: { UInt64(order[Int($0)]) << 40 + 7 })
            let states = try AggregateFunction.make(name: "increase", inputType: .float, clock: clock)
            states.grow(to: 1)
            for row in [0, 1, 2, 3] {
                let series = order.firstIndex(of: UInt32(row % 2)) ?? 0
                try states.update(
                    slot: 0, column: Column(type: .float, bits: [1.5, 4, 9, 16].map(\.bitPattern)),
                    timestamps: [10, 20, 30, 40], rows: row..<(row + 1), series: UInt32(series))
            }
            #expect(try states.finish(slot: 0) == 19.5.bitPattern)
            return states.bytes(0)
        }
        #expect(try bytes([0, 1]) == bytes([1, 0]))
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `pairs from many nodes differ in the last digits only`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for call in [Call("corr"), Call("covar")] {
            for type in call.types() {
                let rows = CodingRows.plain(type, 300)
                let texts = NodeTexts()
                let states = try call.node(type, texts, slots: 2)
                try states.decode(into: 0, from: call.bytes(rows))
                try states.decode(into: 1, from: sent(call, rows, using: &generator))
                let (one, many) = (try states.finish(slot: 0), try states.finish(slot: 1))
                let expected = Double(bitPattern: try #require(one))
                #expect(abs(Double(bitPattern: try #require(many)) - expected) <= 1e-9 * max(1e-3, abs(expected)))
            }
        }
    }

    @Test func `a flipped bit in registers and many buckets is refused or makes another good state`() throws {
        for call in [Call("distinct"), Call("p95")] {
            for count in [300, 3000] {
                let bytes = try call.bytes(CodingRows.different(.float, count))
                let bits = (0..<400).map { $0 * 7919 % (bytes.count * 8) }
                try flip(call, .float, bytes, bits: bits)
            }
        }
    }

    private func flip(_ call: Call, _ type: ColumnType, _ bytes: [UInt8], bits: some Sequence<Int>) throws {
        let texts = NodeTexts()
        let states = try call.node(type, texts, slots: 2)
        for bit in bits {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            guard (try? states.decode(into: 0, from: damaged)) != nil else { continue }
            #expect(states.bytes(0) == damaged)
            _ = states.outcome(0, texts)
            try states.decode(into: 1, from: bytes)
            for _ in 0..<3 { try? states.merge(slot: 1, from: states, slot: 0) }
            _ = states.outcome(1, texts)
            let again = states.bytes(1)
            try states.decode(into: 0, from: again)
            #expect(states.bytes(0) == again)
        }
    }

    @Test func `the state of another function, type or version is refused`() throws {
        let states = try Call("min").node(.float, NodeTexts())
        let bytes = try Call("min").bytes(CodingRows.plain(.float, 9))
        #expect(throws: PartialStateError.unfitKind(expected: 3, found: 4)) {
            try states.decode(into: 0, from: Call("max").bytes(CodingRows.plain(.float, 9)))
        }
        #expect(throws: PartialStateError.unfitType(expected: 0, found: 1)) {
            try states.decode(into: 0, from: Call("min").bytes(CodingRows.plain(.int, 9)))
        }
        #expect(throws: PartialStateError.unknownVersion(2)) {
            try states.decode(into: 0, from: [2] + bytes.dropFirst())
        }
    }

    @Test func `a state without values fits every type`() throws {
        let states = try Call("sum").node(.float, NodeTexts())
        try states.decode(into: 0, from: Call("sum").bytes(Rows(.int, [nil])))
        #expect(try states.finish(slot: 0) == nil)
    }

    @Test func `states are read one behind the other`() throws {
        var bytes: [UInt8] = []
        let low = try Call("min").node(.float, NodeTexts())
        let count = try Call("count").node(.float, NodeTexts())
        let rows = CodingRows.plain(.float, 20)
        try Call("min").feed(rows, 0..<20, into: 0, of: low)
        try Call("count").feed(rows, 0..<20, into: 0, of: count)
        low.encode(slot: 0, to: &bytes)
        count.encode(slot: 0, to: &bytes)
        var reader = StateReader(bytes)
        try low.decode(into: 0, from: &reader)
        try count.decode(into: 0, from: &reader)
        #expect(reader.isAtEnd)
        #expect(try count.finish(slot: 0) == 18)
    }

    @Test func `counts that no rows give are refused, one by one and together`() throws {
        let count = try Call("count").node(.float, NodeTexts(), slots: 2)
        // 2^62 as a varint, then one more.
        let most: [UInt8] = [1, 1, 9, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]
        try count.decode(into: 0, from: most)
        #expect(throws: PartialStateError.self) {
            try count.decode(into: 1, from: [1, 1, 9, 0x81] + most[4...])
        }
        #expect(throws: QueryError.self) { try count.merge(slot: 0, from: count, slot: 0) }
        #expect(count.bytes(0) == most)
        try count.update(slot: 0, column: nil, timestamps: [1, 2], rows: 0..<2, series: 0)
    }

    @Test func `texts that differ only in how accents are written are told apart on every node`() throws {
        for name in ["min", "max", "first", "last", "mode"] {
            var results: Set<[UInt8]> = []
            for order in [[UInt64(10), 11], [11, 10]] {
                results.insert(try Call(name).bytes(Rows(.string, order, times: [5, 5])))
            }
            #expect(results.count == 1, "\(name)")
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `quantiles of sketches from many nodes are within a hundredth`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let values = (0..<4000).map { _ in
            (Double.random(in: -8...8, using: &generator) * 10).rounded()
                * Double.random(in: 0...1e5, using: &generator)
        }
        let rows = Rows(floats: values)
        let sorted = values.sorted()
        let bytes = try sent(Call("p95"), rows, using: &generator)
        for share in [0.0, 0.01, 0.3, 0.5, 0.9, 0.99, 1] {
            let states = try Call("quantile", .number(share)).node(.float, NodeTexts())
            try states.decode(into: 0, from: bytes)
            let found = Double(bitPattern: try #require(try states.finish(slot: 0)))
            let rank = share * Double(sorted.count - 1)
            let low = sorted[Int(rank)]
            let exact = low + (sorted[min(Int(rank) + 1, sorted.count - 1)] - low) * (rank - rank.rounded(.down))
            #expect(abs(found - exact) <= 0.010_000_1 * abs(exact))
        }
    }
}

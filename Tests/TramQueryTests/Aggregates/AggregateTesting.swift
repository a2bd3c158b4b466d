import TramColumnar
import TramQuery
import TramTesting

/// Values of one column with times and series, to be fed to states in different ways.
struct Rows {
    let type: ColumnType
    let values: [UInt64?]
    let times: [Int64]
    let series: [UInt32]
    let column: Column
    /// For calls with two columns; a row's own value whatever the order of rows.
    let second: Column

    init(_ type: ColumnType, _ values: [UInt64?], times: [Int64]? = nil, series: [UInt32]? = nil) {
        self.type = type
        self.values = values
        self.times = times ?? values.indices.map { Int64($0) }
        self.series = series ?? values.map { _ in 0 }
        var presence = Bitmap(repeating: false, count: values.count)
        for row in values.indices where values[row] != nil { presence[row] = true }
        column = Column(type: type, bits: values.map { $0 ?? 0 }, presence: presence.isAllSet ? nil : presence)
        second = Column(
            type: .float,
            bits: zip(self.times, self.series).map { Double($0 % 17 * 3 + Int64($1)).bitPattern })
    }

    init(floats: [Double?]) {
        self.init(.float, floats.map { $0?.bitPattern })
    }

    init(ints: [Int64?], type: ColumnType = .int) {
        self.init(type, ints.map { $0.map { UInt64(bitPattern: $0) } })
    }

    func shuffled(using generator: inout SeededGenerator) -> Rows {
        let order = Array(values.indices).shuffled(using: &generator)
        return Rows(type, order.map { values[$0] }, times: order.map { times[$0] }, series: order.map { series[$0] })
    }
}

/// One aggregate call.
struct Call: Sendable, CustomStringConvertible {
    var name: String
    var parameters: [AggregateParameter] = []

    init(_ name: String, _ parameters: AggregateParameter...) {
        self.name = name
        self.parameters = parameters
    }

    var description: String { parameters.isEmpty ? name : "\(name) \(parameters)" }

    func states(_ type: ColumnType?, slots: Int = 1, texts: [String] = []) throws -> any AggregateStates {
        let states = try AggregateFunction.make(
            name: name, inputType: type, parameters: parameters, texts: StateTexts { texts })
        states.grow(to: slots)
        return states
    }

    /// All rows in one slot, `update` for each stretch of rows of one series.
    func onePass(_ rows: Rows, texts: [String] = []) throws -> UInt64? {
        let states = try states(rows.type, texts: texts)
        try feed(rows, 0..<rows.values.count, into: 0, of: states)
        return try states.finish(slot: 0)
    }

    /// All rows in one slot, by `scatter`.
    func scattered(_ rows: Rows, texts: [String] = []) throws -> UInt64? {
        let states = try states(rows.type, slots: 2, texts: texts)
        try states.scatter(
            slots: rows.values.map { _ in 1 }, column: rows.column, timestamps: rows.times,
            series: rows.series)
        return try states.finish(slot: 1)
    }

    /// The rows cut into parts, each part in states of its own or in another slot, merged pairwise in random order.
    func merged(_ rows: Rows, using generator: inout SeededGenerator, texts: [String] = []) throws -> UInt64? {
        var parts: [(states: any AggregateStates, slot: Int)] = []
        let shared = try states(rows.type, slots: 64, texts: texts)
        var start = 0
        while start < rows.values.count {
            let end = min(rows.values.count, start + Int.random(in: 1...97, using: &generator))
            let part: (states: any AggregateStates, slot: Int) =
                parts.count < 64 && Bool.random(using: &generator)
                ? (shared, parts.count) : (try states(rows.type, slots: 3, texts: texts), 2)
            try feed(rows, start..<end, into: part.slot, of: part.states)
            parts.append(part)
            start = end
        }
        parts.append((try states(rows.type, texts: texts), 0))
        while parts.count > 1 {
            parts.shuffle(using: &generator)
            let part = parts.removeLast()
            let into = parts[parts.count - 1]
            try into.states.merge(slot: into.slot, from: part.states, slot: part.slot)
            part.states.reset(slot: part.slot)
        }
        return try parts[0].states.finish(slot: parts[0].slot)
    }

    /// The column that the call's states are fed, if it has one.
    func column(_ rows: Rows, for states: any AggregateStates) -> Column? {
        if let states = states as? any PairedStates { states.second = rows.second }
        return AggregateFunction(rawValue: name)?.takesColumn ?? true ? rows.column : nil
    }

    func feed(_ rows: Rows, _ range: Range<Int>, into slot: Int, of states: any AggregateStates) throws {
        let column = column(rows, for: states)
        var start = range.lowerBound
        while start < range.upperBound {
            var end = start + 1
            while end < range.upperBound, rows.series[end] == rows.series[start] { end += 1 }
            try states.update(
                slot: slot, column: column, timestamps: rows.times, rows: start..<end,
                series: rows.series[start])
            start = end
        }
    }

    func float(_ rows: Rows) throws -> Double? { try onePass(rows).map { Double(bitPattern: $0) } }

    func int(_ rows: Rows) throws -> Int64? { try onePass(rows).map { Int64(bitPattern: $0) } }
}

extension AggregateParameter {
    static let exact = AggregateParameter.word("exact")
    static let disc = AggregateParameter.word("disc")
}

/// A decimal as a person writes it: mantissa / 10^places.
struct WrittenDecimal {
    var mantissa: Int64
    var places: Int

    var text: String {
        var digits = String(mantissa.magnitude)
        if digits.count <= places { digits = String(repeating: "0", count: places - digits.count + 1) + digits }
        let point = digits.index(digits.endIndex, offsetBy: -places)
        return (mantissa < 0 ? "-" : "") + digits[..<point] + (places > 0 ? "." : "") + digits[point...]
    }

    /// What the reader of text makes of it.
    var value: Double? { Double(text) }
}

import TramColumnar
import TramQuery
import TramTesting

/// The string table of one node.
final class NodeTexts {
    private(set) var texts: [String]

    init(_ texts: [String] = []) { self.texts = texts }

    var access: StateTexts {
        StateTexts(all: { self.texts }, intern: { self.code($0) })
    }

    private func code(_ text: String) -> UInt64 {
        if let known = texts.firstIndex(where: { $0.utf8.elementsEqual(text.utf8) }) { return UInt64(known) }
        texts.append(text)
        return UInt64(texts.count - 1)
    }
}

/// Rows for the coding of states. Made by sums and products alone: they never change with the toolchain.
enum CodingRows {
    static let words = ["hà nội", "ẩm", "bến nghé", "", "a", "zz", "đông", "Đông", "b", "c", "e\u{301}", "\u{e9}"]

    static func value(_ row: Int, _ type: ColumnType) -> UInt64 {
        switch type {
        case .float: (Double(row * 7919 % 1301 - 400) / 10).bitPattern
        case .int, .duration, .time: UInt64(bitPattern: Int64(row * 7919 % 70_507 - 500))
        case .uint: UInt64(row * 7919 % 907)
        case .bool: UInt64(row * 7919 % 5 % 2)
        case .string, .tag: UInt64(row * 7919 % words.count)
        }
    }

    static func plain(_ type: ColumnType, _ count: Int, from start: Int = 0) -> Rows {
        let rows = start..<(start + count)
        return Rows(
            type, rows.map { $0 % 9 == 4 ? nil : value($0, type) }, times: rows.map { Int64($0 / 3) - 40 },
            series: rows.map { UInt32($0 % 3) })
    }

    /// What lies at the ends of a type, and floats of every kind.
    static func wild(_ type: ColumnType) -> Rows {
        var values: [UInt64] = []
        switch type {
        case .float:
            let floats: [Double] = [
                0.1, 1 / 3, -2 / 3, 1e300, -1e300, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
                .leastNormalMagnitude / 64, 0, -0.0, .nan, .infinity, -.infinity, 4e15,
                1e18, -123_456_789.123456, 0.000_000_000_000_001, 2.5e-15, .greatestFiniteMagnitude, 1e200, 1e200, -7,
                21.034567, 105.8342, 1e22, 3e-9, .leastNormalMagnitude, 0x1p51, 0x1p52, -0x1p63,
            ]
            values = floats.map(\.bitPattern)
        case .int, .duration, .time:
            values = [Int64.max, .min, 0, -1, 1, .max, .max, .max, .min + 1, 1 << 55, 1 << 53 + 1].map {
                UInt64(bitPattern: $0)
            }
        case .uint: values = [.max, 0, 1, .max, 1 << 63, 1 << 55, .max - 1]
        case .bool: values = [1, 0, 1]
        case .string, .tag: values = words.indices.map { UInt64($0) }
        }
        return Rows(
            type, values, times: values.indices.map { $0 % 4 == 0 ? .max : Int64($0) - 3 },
            series: values.map { _ in 1 })
    }

    /// Long series in order of time.
    static func long(_ type: ColumnType, _ count: Int) -> Rows {
        var values: [UInt64?] = []
        var times: [Int64] = []
        var series: [UInt32] = []
        for row in 0..<count {
            values.append(row % 9 == 4 ? nil : value(row, type))
            times.append(Int64(row / 2 * 1000 + row * 7919 % 900))
            series.append(UInt32(row % 2))
        }
        return Rows(type, values, times: times, series: series)
    }

    /// Many different values.
    static func different(_ type: ColumnType, _ count: Int) -> Rows {
        Rows(
            type,
            (0..<count).map {
                type == .float
                    ? (Double($0) / 8).bitPattern
                    : type == .string || type == .tag || type == .bool ? value($0, type) : UInt64($0 * 3)
            })
    }
}

extension Call {
    func node(_ type: ColumnType?, _ texts: NodeTexts, slots: Int = 1) throws -> any AggregateStates {
        let takesColumn = AggregateFunction(rawValue: name)?.takesColumn ?? true
        let states = try AggregateFunction.make(
            name: name, inputType: takesColumn ? type : nil, parameters: parameters, texts: texts.access)
        states.grow(to: slots)
        return states
    }

    /// The types of columns; any one for calls that have no column.
    func types() -> [ColumnType] {
        let types = AggregateFunction(rawValue: name)?.inputTypes ?? []
        return types.isEmpty ? [.bool] : types
    }

    /// Whether a state holds rows of series, of which it folds the older ones.
    var followsSeries: Bool {
        ["increase", "rate", "resets", "twa", "integral", "duration", "uptime", "gaps"].contains(name)
    }

    /// Whether states of the same rows are the same to the bit in any order.
    var isExact: Bool { !["corr", "covar"].contains(name) }

    /// The bytes of one pass over `rows`.
    func bytes(_ rows: Rows) throws -> [UInt8] {
        let states = try node(rows.type, NodeTexts(CodingRows.words))
        try feed(rows, 0..<rows.values.count, into: 0, of: states)
        return states.bytes(0)
    }
}

extension AggregateStates {
    func bytes(_ slot: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(slot: slot, to: &bytes)
        return bytes
    }

    /// What `finish` gives or that it throws, as text; texts by themselves and not by their codes.
    func outcome(_ slot: Int, _ texts: NodeTexts) -> String {
        do {
            guard let bits = try finish(slot: slot) else { return "null" }
            if resultType == .string || resultType == .tag { return "text \(texts.texts[Int(bits)])" }
            return "\(bits)"
        } catch {
            return "\(error.code)"
        }
    }
}

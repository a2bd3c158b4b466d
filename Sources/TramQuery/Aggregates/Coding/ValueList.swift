import TramColumnar

/// Values in ascending order, as `mode`, exact quantiles and exact `distinct` write them.
///
///     bytes    field
///     varint   number of values, 1 or more
///     8        order key of the first number, its sign bit turned; then for every further one
///     varint   distance of its order key from the one before; 0 where values may repeat
///
/// Texts stand as length and UTF-8, in the order of their bytes. Behind each value is what belongs to it.
struct ValueList {
    /// In order.
    private var values: [UInt64]
    private let kind: ValueKind
    /// By code; empty unless the values are texts.
    private let texts: [String]

    /// - Complexity: O(values * log(values)).
    init(_ values: [UInt64], _ kind: ValueKind, _ texts: StateTexts) {
        let all = kind == .text ? texts.all() : []
        if kind == .text {
            self.values = values.sorted { all[Int($0)].utf8.lexicographicallyPrecedes(all[Int($1)].utf8) }
        } else {
            self.values = values.sorted { kind.orderKey($0) < kind.orderKey($1) }
        }
        self.kind = kind
        self.texts = all
    }

    func append(to bytes: inout [UInt8], each: (UInt64, inout [UInt8]) -> Void = { _, _ in }) {
        bytes.appendVarint(count: values.count)
        var before: Int64?
        for value in values {
            if kind == .text {
                bytes.appendText(texts[Int(value)])
            } else {
                let key = kind.orderKey(value)
                if let before {
                    bytes.appendVarint(UInt64(bitPattern: key &- before))
                } else {
                    bytes.appendWord(UInt64(bitPattern: key) ^ 1 << 63)
                }
                before = key
            }
            each(value, &bytes)
        }
    }

    /// Reads a list; `each` gets every value, and reads what belongs to it.
    ///
    /// - Parameter isSet: Whether equal values are refused. Texts are always different.
    static func read(
        _ reader: inout StateReader, _ kind: ValueKind, as type: ColumnType, _ texts: StateTexts, isSet: Bool,
        each: (UInt64, inout StateReader) throws(PartialStateError) -> Void
    ) throws(PartialStateError) {
        let start = reader.offset
        let count = try reader.varint()
        // Each value takes a byte at least, so that no number makes this long.
        guard count > 0, count <= UInt64(reader.rest) else { throw .malformed(at: start) }
        var before: Int64?
        var textBefore: String?
        for _ in 0..<count {
            let start = reader.offset
            if kind == .text {
                let text = try reader.text()
                if let textBefore, !textBefore.utf8.lexicographicallyPrecedes(text.utf8) {
                    throw .malformed(at: start)
                }
                textBefore = text
                try each(try texts.code(text), &reader)
                continue
            }
            var key: Int64
            if let before {
                let distance = try reader.varint()
                // Above `before` there is room for so much.
                guard distance <= UInt64(bitPattern: Int64.max &- before), distance > 0 || !isSet else {
                    throw .malformed(at: start)
                }
                key = before &+ Int64(bitPattern: distance)
            } else {
                key = Int64(bitPattern: try reader.word() ^ 1 << 63)
            }
            let value = kind.bits(ofKey: key)
            guard kind.canonical(value) == value, type != .bool || value <= 1 else { throw .malformed(at: start) }
            before = key
            try each(value, &reader)
        }
    }
}

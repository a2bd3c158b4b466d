import TramColumnar

/// `list(f, n)`: the first n values in time order, as a text in the spelling of JSON: `[1,2.5]`.
final class ListStates: PresentStates {
    private struct Item {
        var time: Int64
        var key: Int64
        var series: UInt32
        var bits: UInt64

        static func precedes(_ left: Item, _ right: Item) -> Bool {
            (left.time, left.key, left.series) < (right.time, right.key, right.series)
        }
    }

    let resultType = ColumnType.string
    private let count: Int
    private let inputType: ColumnType
    private let kind: ValueKind
    private let texts: () -> [String]
    private let code: (String) -> UInt64
    private var items: [[Item]] = []
    private var itemCount = 0

    /// - Parameter count: At least 1.
    init(
        count: Int, inputType: ColumnType, texts: @escaping () -> [String], code: @escaping (String) -> UInt64
    ) {
        self.count = count
        self.inputType = inputType
        kind = ValueKind(inputType)
        self.texts = texts
        self.code = code
    }

    var slotCount: Int { items.count }
    var byteCount: Int { items.count * 8 + itemCount * 32 }
    func grow(to count: Int) { items.extend(to: count, with: []) }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        for row in bits.indices { take(bits[row], timestamps[row], series, slot) }
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        for row in bits.indices where slots[row] >= 0 {
            take(bits[row], timestamps[row], series[row], Int(slots[row]))
        }
    }

    private func take(_ bits: UInt64, _ time: Int64, _ series: UInt32, _ slot: Int) {
        guard let value = kind.canonical(bits) else { return }
        insert(Item(time: time, key: kind.orderKey(value), series: series, bits: value), slot)
    }

    private func insert(_ item: Item, _ slot: Int) {
        if items[slot].count == count, let last = items[slot].last, !Item.precedes(item, last) { return }
        var low = 0
        var high = items[slot].count
        while low < high {
            let middle = (low + high) / 2
            if Item.precedes(items[slot][middle], item) { low = middle + 1 } else { high = middle }
        }
        items[slot].insert(item, at: low)
        itemCount += 1
        if items[slot].count > count {
            items[slot].removeLast()
            itemCount -= 1
        }
    }

    func absorb(_ other: ListStates, slot otherSlot: Int, into slot: Int) {
        for item in other.items[otherSlot] { insert(item, slot) }
    }

    func reset(slot: Int) {
        itemCount -= items[slot].count
        items[slot] = []
    }

    func finish(slot: Int) -> UInt64? {
        guard !items[slot].isEmpty else { return nil }
        let texts = kind == .text ? texts() : []
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        for (place, item) in items[slot].enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            switch inputType {
            case .float: bytes += NumberText.shortest(Double(bitPattern: item.bits)).utf8
            case .int: bytes += String(Int64(bitPattern: item.bits)).utf8
            case .uint: bytes += String(item.bits).utf8
            case .bool: bytes += (item.bits == 1 ? "true" : "false").utf8
            case .string, .tag:
                JSONText.append(item.bits < UInt64(texts.count) ? texts[Int(item.bits)] : "", to: &bytes)
            case .time: JSONText.append(Timestamp(nanoseconds: Int64(bitPattern: item.bits)).rfc3339, to: &bytes)
            case .duration: JSONText.append(Value.durationText(Int64(bitPattern: item.bits)), to: &bytes)
            }
        }
        bytes.append(UInt8(ascii: "]"))
        return code(String(decoding: bytes, as: UTF8.self))
    }
}

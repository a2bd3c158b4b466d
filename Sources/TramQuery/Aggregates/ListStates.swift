import TramColumnar

/// `list(f, n)`: the first n values in time order, as a text in the spelling of JSON: `[1,2.5]`. Of values at the same
/// time the smaller one stands first (texts in the order of `min` and `max`), so that neither the order of arrival nor
/// the numbers that a node gave to its series and texts can show.
final class ListStates: PresentStates {
    private struct Item {
        var time: Int64
        var bits: UInt64
    }

    let resultType = ColumnType.string
    private let count: Int
    private let inputType: ColumnType
    private let kind: ValueKind
    private let texts: StateTexts
    private var items: [[Item]] = []
    private var itemCount = 0

    /// - Parameter count: At least 1.
    init(count: Int, inputType: ColumnType, texts: StateTexts) {
        self.count = count
        self.inputType = inputType
        kind = ValueKind(inputType)
        self.texts = texts
    }

    var slotCount: Int { items.count }
    var byteCount: Int { items.count * 8 + itemCount * 16 }
    func grow(to count: Int) { items.extend(to: count, with: []) }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        for row in bits.indices { take(bits[row], timestamps[row], slot) }
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        for row in bits.indices where slots[row] >= 0 {
            take(bits[row], timestamps[row], Int(slots[row]))
        }
    }

    private func take(_ bits: UInt64, _ time: Int64, _ slot: Int) {
        guard let value = kind.canonical(bits) else { return }
        insert(Item(time: time, bits: value), slot)
    }

    private func precedes(_ left: Item, _ right: Item) -> Bool {
        if left.time != right.time { return left.time < right.time }
        guard kind == .text else { return kind.orderKey(left.bits) < kind.orderKey(right.bits) }
        if left.bits == right.bits { return false }
        let all = texts.all()
        return StateTexts.isOrdered(all[Int(left.bits)], before: all[Int(right.bits)])
    }

    private func insert(_ item: Item, _ slot: Int) {
        if items[slot].count == count, let last = items[slot].last, !precedes(item, last) { return }
        var low = 0
        var high = items[slot].count
        while low < high {
            let middle = (low + high) / 2
            if precedes(items[slot][middle], item) { low = middle + 1 } else { high = middle }
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
        let all = kind == .text ? texts.all() : []
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        for (place, item) in items[slot].enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            switch inputType {
            case .float: bytes += NumberText.shortest(Double(bitPattern: item.bits)).utf8
            case .int: bytes += String(Int64(bitPattern: item.bits)).utf8
            case .uint: bytes += String(item.bits).utf8
            case .bool: bytes += (item.bits == 1 ? "true" : "false").utf8
            case .string, .tag:
                JSONText.append(item.bits < UInt64(all.count) ? all[Int(item.bits)] : "", to: &bytes)
            case .time: JSONText.append(Timestamp(nanoseconds: Int64(bitPattern: item.bits)).rfc3339, to: &bytes)
            case .duration: JSONText.append(Value.durationText(Int64(bitPattern: item.bits)), to: &bytes)
            }
        }
        bytes.append(UInt8(ascii: "]"))
        return texts.intern(String(decoding: bytes, as: UTF8.self))
    }

    var stateKind: PartialState.Kind { .list }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        guard let first = items[slot].first else { return }
        bytes.append(PartialState.typeCode(inputType))
        bytes.appendVarint(count: items[slot].count)
        bytes.appendWord(UInt64(bitPattern: first.time))
        var time = first.time
        for (place, item) in items[slot].enumerated() {
            if place > 0 { bytes.appendVarint(UInt64(bitPattern: item.time &- time)) }
            time = item.time
            kind.append(item.bits, to: &bytes, texts.all())
        }
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(inputType)
        let held = try reader.varint(in: 1...UInt64(max(1, count)))
        for place in 0..<held {
            let start = reader.offset
            let before = items[slot].last
            let time = place == 0 ? Int64(bitPattern: try reader.word()) : try reader.time(notBefore: before?.time ?? 0)
            let item = Item(time: time, bits: try kind.read(&reader, as: inputType, texts))
            if let before, precedes(item, before) { throw .malformed(at: start) }
            items[slot].append(item)
            itemCount += 1
        }
    }
}

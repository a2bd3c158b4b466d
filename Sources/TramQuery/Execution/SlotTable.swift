import TramColumnar

/// Numbers for pairs of a group and a window's start: a hash table with linear probing and no deletion marks.
///
/// Freed slots are given out again, so a standing query's states stay in a bounded array.
struct SlotTable {
    /// Group and start of each slot.
    private(set) var groups: [Int32] = []
    private(set) var starts: [Int64] = []
    private var free: [Int32] = []
    private var cells: [Int32]
    private var mask: Int
    private var used = 0

    init() {
        cells = [Int32](repeating: -1, count: 64)
        mask = 63
    }

    /// Slots ever made, free ones included.
    var capacity: Int { groups.count }
    /// Slots in use.
    var count: Int { used }

    @inline(__always)
    private static func hash(_ group: Int32, _ start: Int64) -> Int {
        let mixed =
            (UInt64(bitPattern: start) ^ UInt64(UInt32(bitPattern: group)) &* 0x9e37_79b9_7f4a_7c15)
            .multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
        return Int(truncatingIfNeeded: mixed.high ^ mixed.low)
    }

    /// Whether a slot is in use and that of the pair.
    @inline(__always)
    func has(_ slot: Int, _ group: Int32, _ start: Int64) -> Bool {
        slot < groups.count && starts[slot] == start && groups[slot] == group
    }

    /// The slot of the pair, nil when there is none.
    func existing(_ group: Int32, _ start: Int64) -> Int? {
        var cell = SlotTable.hash(group, start) & mask
        while cells[cell] >= 0 {
            let slot = Int(cells[cell])
            if starts[slot] == start && groups[slot] == group { return slot }
            cell = (cell + 1) & mask
        }
        return nil
    }

    /// The slot of the pair, made when there is none.
    mutating func slot(_ group: Int32, _ start: Int64) -> Int {
        var cell = SlotTable.hash(group, start) & mask
        while cells[cell] >= 0 {
            let slot = Int(cells[cell])
            if starts[slot] == start && groups[slot] == group { return slot }
            cell = (cell + 1) & mask
        }
        let slot: Int
        if let freed = free.popLast() {
            slot = Int(freed)
            groups[slot] = group
            starts[slot] = start
        } else {
            slot = groups.count
            groups.append(group)
            starts.append(start)
        }
        cells[cell] = Int32(truncatingIfNeeded: slot)
        used += 1
        if used * 2 > mask { grow() }
        return slot
    }

    /// Gives a slot in use back.
    mutating func release(_ slot: Int) {
        var cell = SlotTable.hash(groups[slot], starts[slot]) & mask
        while cells[cell] != Int32(truncatingIfNeeded: slot) {
            precondition(cells[cell] >= 0, "a slot in use")
            cell = (cell + 1) & mask
        }
        // Backward-shift deletion: entries that were pushed past the hole move into it.
        var hole = cell
        var next = (cell + 1) & mask
        while cells[next] >= 0 {
            let occupant = Int(cells[next])
            let home = SlotTable.hash(groups[occupant], starts[occupant]) & mask
            if (next &- home) & mask >= (next &- hole) & mask {
                cells[hole] = cells[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        cells[hole] = -1
        groups[slot] = -1
        free.append(Int32(truncatingIfNeeded: slot))
        used -= 1
    }

    private mutating func grow() {
        mask = mask * 2 + 1
        cells = [Int32](repeating: -1, count: mask + 1)
        for slot in groups.indices where groups[slot] >= 0 {
            var cell = SlotTable.hash(groups[slot], starts[slot]) & mask
            while cells[cell] >= 0 { cell = (cell + 1) & mask }
            cells[cell] = Int32(truncatingIfNeeded: slot)
        }
    }
}

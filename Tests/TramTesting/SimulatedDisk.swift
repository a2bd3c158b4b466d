/// A file's bytes as the program sees them, and all that a disk may hold of them after the power went.
struct SimulatedDisk {
    static let sectorBytes = 512

    /// What reads give.
    private(set) var bytes: [UInt8] = []
    /// What is on the disk for certain.
    private(set) var syncedBytes: [UInt8] = []
    /// Every state of a sector since the last sync, oldest first. A disk may have stopped at any of them.
    private var states: [Int: [[UInt8]]] = [:]
    private var sizes: [Int] = []

    private static func sector(_ number: Int, of bytes: [UInt8]) -> [UInt8] {
        let start = min(number * sectorBytes, bytes.count)
        let part = bytes[start..<min(start + sectorBytes, bytes.count)]
        return part + [UInt8](repeating: 0, count: sectorBytes - part.count)
    }

    private mutating func note(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        for number in range.lowerBound / SimulatedDisk.sectorBytes...(range.upperBound - 1) / SimulatedDisk.sectorBytes
        {
            states[number, default: []].append(SimulatedDisk.sector(number, of: bytes))
        }
    }

    mutating func write(_ new: some Collection<UInt8>, at offset: Int) {
        guard !new.isEmpty else { return }
        resize(atLeast: offset + new.count)
        bytes.replaceSubrange(offset..<offset + new.count, with: new)
        note(offset..<offset + new.count)
    }

    mutating func resize(atLeast count: Int) {
        if count > bytes.count { resize(to: count) }
    }

    mutating func resize(to count: Int) {
        let old = bytes.count
        if count > old {
            bytes += [UInt8](repeating: 0, count: count - old)
        } else {
            bytes.removeLast(old - count)
            note(count..<old)
        }
        if count != old { sizes.append(count) }
    }

    /// Everything is on the disk now.
    mutating func sync() {
        syncedBytes = bytes
        states = [:]
        sizes = []
    }

    /// A sync that failed: each part that was not on the disk may have arrived, may be forgotten by the kernel though
    /// reads still give it, or may be written later.
    mutating func failSync(_ generator: inout SeededGenerator) {
        var disk = syncedBytes
        for (number, versions) in states.sorted(by: { $0.key < $1.key }) {
            let fate = Int.random(in: 0..<3, using: &generator)
            if fate == 0, let last = versions.last { SimulatedDisk.put(last, number, into: &disk) }
            if fate < 2 { states[number] = nil }
        }
        if let last = sizes.last, Bool.random(using: &generator) {
            SimulatedDisk.cut(&disk, to: last)
            sizes = []
        }
        syncedBytes = disk
    }

    /// The power goes: of each sector that was not synced some state since the last sync is on the disk.
    mutating func crash(_ generator: inout SeededGenerator) {
        var disk = syncedBytes
        for (number, versions) in states.sorted(by: { $0.key < $1.key }) {
            let kept = Int.random(in: -1..<versions.count, using: &generator)
            if kept >= 0 { SimulatedDisk.put(versions[kept], number, into: &disk) }
        }
        let kept = Int.random(in: -1..<sizes.count, using: &generator)
        SimulatedDisk.cut(&disk, to: kept >= 0 ? sizes[kept] : syncedBytes.count)
        bytes = disk
        sync()
    }

    private static func put(_ sector: [UInt8], _ number: Int, into disk: inout [UInt8]) {
        let start = number * sectorBytes
        if disk.count < start + sectorBytes {
            disk += [UInt8](repeating: 0, count: start + sectorBytes - disk.count)
        }
        disk.replaceSubrange(start..<start + sectorBytes, with: sector)
    }

    private static func cut(_ disk: inout [UInt8], to count: Int) {
        if count <= disk.count {
            disk.removeLast(disk.count - count)
        } else {
            disk += [UInt8](repeating: 0, count: count - disk.count)
        }
    }
}

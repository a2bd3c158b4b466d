import TramQuery

/// 64-bit names of label sets and incidents, written as 16 hex digits. The same on every run and machine.
enum Fingerprint {
    /// FNV-1a over the labels sorted by name, each name and value followed by the byte 255: the fingerprint that
    /// Alertmanager gives the same labels. `labels` are sorted.
    static func text(of labels: [WindowResult.Label]) -> String {
        var hash = FNV1a()
        hash.add(labels)
        return hex(hash.value)
    }

    /// The incident of `rule` and `labels` whose clock began at `opened`.
    static func incident(rule: String, labels: [WindowResult.Label], opened: Int64) -> String {
        var hash = FNV1a()
        hash.add(rule)
        hash.add(labels)
        for shift in stride(from: 0, to: 64, by: 8) {
            hash.add(UInt8(truncatingIfNeeded: opened >> Int64(shift)))
        }
        // The last byte reaches few bits of an FNV hash; neighbours in time shall not look alike to a reader.
        var mixed = hash.value
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return hex(mixed ^ (mixed >> 31))
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

private struct FNV1a {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
    }

    mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
        add(255)
    }

    mutating func add(_ labels: [WindowResult.Label]) {
        for label in labels {
            add(label.name)
            add(label.value)
        }
    }
}

public import TramColumnar

/// The offsets of one time zone through all time, and the two ways between an instant and the local clock.
///
/// Built from TZif bytes that somebody else has read (this module opens no file), from a fixed offset, or built in.
/// `Asia/Ho_Chi_Minh` is a fixed UTC+7: Viet Nam has kept it everywhere since 13 June 1975 and has no summer time;
/// older instants are shown in today's offset on purpose, as no city's sensors are older.
public struct TimeZoneRules: Hashable, Sendable {
    public let name: String
    /// Seconds since 1970 at which the offset changes, ascending.
    private let transitions: [Int64]
    /// Parallel to `transitions`: seconds east of UTC from there on.
    private let offsets: [Int32]
    /// Before the first transition, and always when there is none and no rule.
    private let firstOffset: Int32
    /// What holds from the last transition on.
    private let rule: SummerTimeRule?

    private init(name: String, transitions: [Int64], offsets: [Int32], firstOffset: Int32, rule: SummerTimeRule?) {
        self.name = name
        self.transitions = transitions
        self.offsets = offsets
        self.firstOffset = firstOffset
        self.rule = rule
    }

    /// The same offset for ever; `offsetSeconds` beyond a day is cut to a day.
    public static func fixed(offsetSeconds: Int, name: String) -> TimeZoneRules {
        let day = 86_400
        return TimeZoneRules(
            name: name, transitions: [], offsets: [], firstOffset: Int32(min(max(offsetSeconds, -day), day)), rule: nil)
    }

    public static let utc = TimeZoneRules.fixed(offsetSeconds: 0, name: "UTC")

    public static let hoChiMinh = TimeZoneRules.fixed(offsetSeconds: 7 * 3600, name: "Asia/Ho_Chi_Minh")

    /// Seconds east of UTC when the zone has only one offset: then every calendar question is plain arithmetic.
    public var fixedOffsetSeconds: Int? {
        transitions.isEmpty && rule == nil ? Int(firstOffset) : nil
    }

    /// Seconds east of UTC at an instant in nanoseconds. O(log transitions).
    public func offset(at instantNanoseconds: Int64) -> Int {
        if let fixedOffsetSeconds { return fixedOffsetSeconds }
        return offset(atSecond: Timestamp.floorDivide(instantNanoseconds, 1_000_000_000).quotient)
    }

    private func offset(atSecond second: Int64) -> Int {
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= second { low = middle + 1 } else { high = middle }
        }
        if low == transitions.count, let rule { return rule.offset(atSecond: second) }
        return Int(low == 0 ? firstOffset : offsets[low - 1])
    }

    /// The instant at which the local clock shows this.
    ///
    /// A time that the clock skips is moved forward by what it skips; of a time that it shows twice this is the first.
    ///
    /// - Returns: nil when the instant does not fit or the date is none of the years -9999...9999.
    public func instant(of date: CivilDate, nanosecondOfDay: Int64) -> Int64? {
        guard (-9999...9999).contains(date.year), (1...12).contains(date.month), (-400...400).contains(date.day) else {
            return nil
        }
        let (seconds, fraction) = Timestamp.floorDivide(nanosecondOfDay, 1_000_000_000)
        let local = Int64(date.daysSince1970) * 86_400 + seconds
        if let fixedOffsetSeconds {
            return Timestamp.combine(seconds: local - Int64(fixedOffsetSeconds), fraction: fraction)
        }
        // No zone is a whole day off UTC twice over, so a day earlier and a day later lie on both sides of any change.
        let before = Int64(offset(atSecond: local - 86_400))
        let after = Int64(offset(atSecond: local + 86_400))
        let candidates = [before, after].map { local - $0 }.filter { local - Int64(offset(atSecond: $0)) == $0 }
        return Timestamp.combine(seconds: candidates.min() ?? local - before, fraction: fraction)
    }

    /// What the local clock and calendar show at an instant.
    public func local(at instantNanoseconds: Int64) -> (date: CivilDate, nanosecondOfDay: Int64) {
        let (seconds, fraction) = Timestamp.floorDivide(instantNanoseconds, 1_000_000_000)
        let shown = seconds + Int64(offset(at: instantNanoseconds))
        let (days, secondOfDay) = Timestamp.floorDivide(shown, 86_400)
        return (CivilDate(daysSince1970: Int(days)), secondOfDay * 1_000_000_000 + fraction)
    }

    // MARK: TZif

    /// What is wrong with a time zone file, and at which byte.
    public struct Damage: Error, Equatable, Sendable {
        public var reason: String
        public var offset: Int
    }

    /// Reads a TZif file of version 1, 2, 3 or 4 (RFC 9636).
    ///
    /// Files with leap seconds ("right/…") are refused: timestamps here do not count them.
    public init(name: String, tzif bytes: [UInt8]) throws(Damage) {
        var reader = TZifReader(bytes: bytes)
        var header = try reader.header()
        if header.version > 1 {
            // The first block holds only what fits in 32 bits; the second has everything.
            try reader.skip(header.bodyBytes(timeBytes: 4))
            header = try reader.header()
        }
        let timeBytes = header.version > 1 ? 8 : 4
        guard header.leapCount == 0 else { throw reader.damage("the file counts leap seconds") }
        guard header.typeCount > 0 else { throw reader.damage("the file has no offsets") }
        try reader.require(header.bodyBytes(timeBytes: timeBytes))
        var transitions: [Int64] = []
        for _ in 0..<header.timeCount {
            let at = reader.position
            let transition = try reader.integer(bytes: timeBytes)
            if let last = transitions.last, transition <= last {
                throw Damage(reason: "the transitions are not in order", offset: at)
            }
            transitions.append(transition)
        }
        var types: [Int] = []
        for _ in 0..<header.timeCount {
            let at = reader.position
            let type = Int(try reader.byte())
            guard type < header.typeCount else { throw Damage(reason: "there is no such offset", offset: at) }
            types.append(type)
        }
        var typeOffsets: [Int32] = []
        for _ in 0..<header.typeCount {
            let at = reader.position
            let offset = try reader.integer(bytes: 4)
            guard (-89_999...93_599).contains(offset) else {
                throw Damage(reason: "the offset is longer than a day", offset: at)
            }
            typeOffsets.append(Int32(offset))
            try reader.skip(2)
        }
        try reader.skip(header.characterCount + header.standardCount + header.universalCount)
        var rule: SummerTimeRule?
        if header.version > 1 {
            let at = reader.position
            let footer = try reader.footer()
            if !footer.isEmpty {
                guard let read = SummerTimeRule(posix: footer) else {
                    throw Damage(
                        reason: "the rule \"\(String(decoding: footer, as: UTF8.self))\" cannot be read", offset: at)
                }
                rule = read
            }
        }
        self.init(
            name: name, transitions: transitions, offsets: types.map { typeOffsets[$0] }, firstOffset: typeOffsets[0],
            rule: rule)
    }
}

/// Takes numbers off the front of a time zone file; every step is checked against the end.
private struct TZifReader {
    struct Header {
        var version: Int
        var universalCount: Int
        var standardCount: Int
        var leapCount: Int
        var timeCount: Int
        var typeCount: Int
        var characterCount: Int

        func bodyBytes(timeBytes: Int) -> Int {
            timeCount * (timeBytes + 1) + typeCount * 6 + characterCount + leapCount * (timeBytes + 4) + standardCount
                + universalCount
        }
    }

    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    func damage(_ reason: String) -> TimeZoneRules.Damage {
        TimeZoneRules.Damage(reason: reason, offset: position)
    }

    func require(_ count: Int) throws(TimeZoneRules.Damage) {
        guard bytes.count - position >= count else { throw damage("the file ends early") }
    }

    mutating func skip(_ count: Int) throws(TimeZoneRules.Damage) {
        try require(count)
        position += count
    }

    mutating func byte() throws(TimeZoneRules.Damage) -> UInt8 {
        try require(1)
        position += 1
        return bytes[position - 1]
    }

    /// Big-endian, two's complement, 4 or 8 bytes.
    mutating func integer(bytes count: Int) throws(TimeZoneRules.Damage) -> Int64 {
        try require(count)
        var value: UInt64 = 0
        for byte in bytes[position..<position + count] { value = value << 8 | UInt64(byte) }
        position += count
        return count == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }

    mutating func header() throws(TimeZoneRules.Damage) -> Header {
        try require(44)
        guard bytes[position..<position + 4].elementsEqual("TZif".utf8) else {
            throw damage("this is not a time zone file")
        }
        let version: Int
        switch bytes[position + 4] {
        case 0: version = 1
        case UInt8(ascii: "2")...UInt8(ascii: "4"): version = Int(bytes[position + 4] - UInt8(ascii: "0"))
        default: throw damage("the version is unknown")
        }
        position += 20
        var counts: [Int] = []
        for _ in 0..<6 {
            let at = position
            let count = try integer(bytes: 4)
            // Also keeps the sums of sizes far from overflow.
            guard count >= 0, count <= Int64(bytes.count) else {
                throw TimeZoneRules.Damage(reason: "a count is larger than the file", offset: at)
            }
            counts.append(Int(count))
        }
        return Header(
            version: version, universalCount: counts[0], standardCount: counts[1], leapCount: counts[2],
            timeCount: counts[3], typeCount: counts[4], characterCount: counts[5])
    }

    /// What stands between two line feeds at the end.
    mutating func footer() throws(TimeZoneRules.Damage) -> [UInt8] {
        let newline = UInt8(ascii: "\n")
        guard try byte() == newline else { throw damage("the footer does not begin with a line feed") }
        guard let end = bytes[position...].firstIndex(of: newline) else { throw damage("the footer does not end") }
        let footer = Array(bytes[position..<end])
        position = end + 1
        return footer
    }
}

/// The names under which zones are found. Implemented by whoever may read `/usr/share/zoneinfo`.
public protocol ZoneProvider: Sendable {
    /// nil when there is no such zone.
    func zone(named name: String) -> TimeZoneRules?
}

/// UTC, Viet Nam, and offsets such as `+07:00`.
public struct BuiltInZones: ZoneProvider {
    public init() {}

    public func zone(named name: String) -> TimeZoneRules? {
        switch name {
        case "UTC", "Z", "Etc/UTC", "GMT": return name == "UTC" ? .utc : .fixed(offsetSeconds: 0, name: name)
        case "Asia/Ho_Chi_Minh": return .hoChiMinh
        case "Asia/Saigon": return .fixed(offsetSeconds: 7 * 3600, name: name)
        default: break
        }
        let bytes = Array(name.utf8)
        guard bytes.count == 6, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
            bytes[3] == UInt8(ascii: ":")
        else { return nil }
        var digits: [Int] = []
        for index in [1, 2, 4, 5] {
            guard bytes[index] >= UInt8(ascii: "0"), bytes[index] <= UInt8(ascii: "9") else { return nil }
            digits.append(Int(bytes[index] - UInt8(ascii: "0")))
        }
        let hours = digits[0] * 10 + digits[1]
        let minutes = digits[2] * 10 + digits[3]
        guard hours < 24, minutes < 60 else { return nil }
        let offset = hours * 3600 + minutes * 60
        return .fixed(offsetSeconds: bytes[0] == UInt8(ascii: "-") ? -offset : offset, name: name)
    }
}

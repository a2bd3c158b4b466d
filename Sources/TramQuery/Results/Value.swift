import TramColumnar

/// One value of a result row.
public enum Value: Hashable, Sendable {
    case null
    case float(Double)
    case int(Int64)
    case uint(UInt64)
    case bool(Bool)
    case string(String)
    /// Nanoseconds UTC.
    case time(Int64)
    /// Nanoseconds.
    case duration(Int64)
}

extension Value {
    init(bits: UInt64?, type: ColumnType, pool: TextPool) {
        guard let bits else {
            self = .null
            return
        }
        switch type {
        case .float: self = .float(Double(bitPattern: bits))
        case .int: self = .int(Int64(bitPattern: bits))
        case .uint: self = .uint(bits)
        case .bool: self = .bool(bits != 0)
        case .string, .tag: self = .string(pool.text(bits))
        case .time: self = .time(Int64(bitPattern: bits))
        case .duration: self = .duration(Int64(bitPattern: bits))
        }
    }

    /// The value as the API and CSV spell it: RFC 3339 times, shortest numbers, durations as `1h30m`; empty for null.
    public var plainText: String {
        switch self {
        case .null: ""
        case .float(let value): NumberText.shortest(value)
        case .int(let value): String(value)
        case .uint(let value): String(value)
        case .bool(let value): value ? "true" : "false"
        case .string(let text): text
        case .time(let instant): Timestamp(nanoseconds: instant).rfc3339
        case .duration(let nanoseconds): Value.durationText(nanoseconds)
        }
    }

    /// `1h30m`, `-5s`, `0s`; the exact length in the language's own spelling.
    public static func durationText(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        var rest = nanoseconds.magnitude
        var text = nanoseconds < 0 ? "-" : ""
        let units: [(String, UInt64)] = [
            ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
            ("ms", 1_000_000), ("us", 1000), ("ns", 1),
        ]
        for (unit, length) in units where rest >= length {
            text += "\(rest / length)\(unit)"
            rest %= length
        }
        return text
    }
}

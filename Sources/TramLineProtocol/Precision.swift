/// The unit of the timestamps of one body.
public enum Precision: String, CaseIterable, Sendable {
    case nanosecond
    case microsecond
    case millisecond
    case second
    case minute
    case hour
    /// Each timestamp's unit is read from its size: below 5e9 seconds, below 5e12 milliseconds, below 5e15
    /// microseconds, else nanoseconds. The sign does not count.
    case auto

    /// The unit that a write request names; nil when no API of the family knows the name.
    ///
    /// `n ns u us µ µs ms s m h auto` and the long names `nanosecond` … `hour`.
    public init?(name: String) {
        switch name {
        case "n", "ns", "nanosecond": self = .nanosecond
        case "u", "us", "µ", "µs", "μ", "μs", "microsecond": self = .microsecond
        case "ms", "millisecond": self = .millisecond
        case "s", "second": self = .second
        case "m", "minute": self = .minute
        case "h", "hour": self = .hour
        case "auto": self = .auto
        default: return nil
        }
    }

    /// Nanoseconds per unit; 1 for `auto`, whose clock reading is not truncated.
    var nanoseconds: Int64 {
        switch self {
        case .nanosecond, .auto: 1
        case .microsecond: 1000
        case .millisecond: 1_000_000
        case .second: 1_000_000_000
        case .minute: 60_000_000_000
        case .hour: 3_600_000_000_000
        }
    }

    /// The instants that can be stored, nanoseconds UTC; the three outermost values of `Int64` are kept free as marks.
    static let storable: ClosedRange<Int64> = (.min + 2)...(.max - 1)

    /// `value` in this unit as nanoseconds, nil outside `storable`.
    @inline(__always)
    func scaled(_ value: Int64) -> Int64? {
        var unit = nanoseconds
        if self == .auto {
            switch value.magnitude {
            case ..<5_000_000_000: unit = 1_000_000_000
            case ..<5_000_000_000_000: unit = 1_000_000
            case ..<5_000_000_000_000_000: unit = 1000
            default: unit = 1
            }
        }
        let (instant, overflow) = value.multipliedReportingOverflow(by: unit)
        return overflow || !Precision.storable.contains(instant) ? nil : instant
    }

    /// `instant` in nanoseconds, truncated down to a whole unit; the earliest storable instants are rounded up instead.
    func truncated(_ instant: Int64) -> Int64 {
        let rest = instant % nanoseconds
        let floor = instant.subtractingReportingOverflow(rest < 0 ? rest + nanoseconds : rest)
        let down = floor.overflow ? instant - rest : floor.partialValue
        return min(max(down, Precision.storable.lowerBound), Precision.storable.upperBound)
    }
}

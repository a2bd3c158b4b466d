import TramColumnar
import TramQuery

/// The times of one column on a local clock, all with the same parts: `2026-11-21 06:00`, in Vietnamese `21/11/2026
/// 06:00`.
///
/// 1. The finest part that any of the column's times needs is shown in all of them, so that they can be compared by
/// eye; when
///    all are midnights, only the date.
/// 2. When all have the same offset, the column's header says it, once. Else, around a change to summer time, each time
/// says
///    its own: the clock shows an hour twice then.
struct TimeForm {
    private enum Part: Int, Comparable {
        case day, minute, second, millisecond, microsecond, nanosecond

        static func < (left: Part, right: Part) -> Bool { left.rawValue < right.rawValue }

        /// The coarsest part that shows the time of day exactly.
        init(needed nanosecondOfDay: Int64) {
            switch nanosecondOfDay {
            case 0: self = .day
            case let time where time % 60_000_000_000 == 0: self = .minute
            case let time where time % 1_000_000_000 == 0: self = .second
            case let time where time % 1_000_000 == 0: self = .millisecond
            case let time where time % 1000 == 0: self = .microsecond
            default: self = .nanosecond
            }
        }

        var fractionDigits: Int { max(rawValue - Part.second.rawValue, 0) * 3 }
    }

    private let zone: TimeZoneRules
    private let language: Language
    private let finest: Part
    /// Nil when the times have several, or when there are none to ask.
    private let commonOffset: Int?
    private let showsOffsets: Bool

    /// For a column with these times.
    init(_ instants: some Sequence<Int64>, zone: TimeZoneRules, language: Language) {
        self.zone = zone
        self.language = language
        var finest = Part.day
        var offsets: Set<Int> = []
        for instant in instants {
            finest = max(finest, Part(needed: zone.local(at: instant).nanosecondOfDay))
            offsets.insert(zone.offset(at: instant))
        }
        self.finest = finest
        commonOffset = offsets.count > 1 ? nil : offsets.first ?? zone.fixedOffsetSeconds
        showsOffsets = offsets.count > 1
    }

    /// What the column's header says behind its name: `+07:00`, `UTC`, or the zone's name when its times differ in
    /// offset.
    var zoneText: String {
        guard let commonOffset else { return zone.name }
        return commonOffset == 0 ? "UTC" : TimeForm.offsetText(commonOffset)
    }

    func text(_ instant: Int64) -> String {
        let (date, nanosecondOfDay) = zone.local(at: instant)
        let (year, month, day) = (padded(date.year, 4), padded(date.month, 2), padded(date.day, 2))
        var text = language == .vi ? "\(day)/\(month)/\(year)" : "\(year)-\(month)-\(day)"
        let second = Int(nanosecondOfDay / 1_000_000_000)
        if finest > .day { text += " \(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2))" }
        if finest > .minute { text += ":\(padded(second % 60, 2))" }
        if finest > .second {
            let fraction = padded(Int(nanosecondOfDay % 1_000_000_000), 9)
            text += (language == .vi ? "," : ".") + fraction.prefix(finest.fractionDigits)
        }
        if showsOffsets { text += " " + TimeForm.offsetText(zone.offset(at: instant)) }
        return text
    }

    /// `+07:00`; seconds only where old local times have them.
    private static func offsetText(_ seconds: Int) -> String {
        let length = Int(seconds.magnitude)
        var text = "\(seconds < 0 ? "-" : "+")\(padded(length / 3600, 2)):\(padded(length / 60 % 60, 2))"
        if length % 60 != 0 { text += ":\(padded(length % 60, 2))" }
        return text
    }
}

/// Digits with zeros before them up to `width`; `value` is not negative.
private func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

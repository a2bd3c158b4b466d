public import TramQuery

/// Durations as rules and configuration write them, spelt as in the query language: `30m`, `1h30m`, `400d`, `10y`.
public enum DurationText {
    /// The duration that `text` writes, one word of digits and units; nil when it is anything else or does not fit.
    public static func parse(_ text: String) -> Duration? {
        try? QueryParser.parseDuration(text)
    }

    /// The nanoseconds that `text` writes; nil for calendar lengths (`1mo`, `1y`) as well.
    public static func nanoseconds(_ text: String) -> Int64? {
        parse(text)?.fixedNanoseconds
    }
}

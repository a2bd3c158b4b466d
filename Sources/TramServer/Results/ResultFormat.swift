import TramColumnar

/// The forms in which rows leave: `--format` and `format=`.
public enum ResultFormat: String, Sendable, CaseIterable {
    /// For people at a terminal. Not a format to be read back.
    case table
    case csv
    case json
    case ndjson
}

/// `epoch=`: times as integers of this unit since 1970 instead of RFC 3339.
public enum Epoch: String, Sendable, CaseIterable {
    case ns, us, ms, s

    /// The whole units up to the instant, rounded down: half a second before 1970 lies in second -1.
    public func count(_ instantNanoseconds: Int64) -> Int64 {
        Timestamp.floorDivide(instantNanoseconds, nanoseconds).quotient
    }

    private var nanoseconds: Int64 {
        switch self {
        case .ns: 1
        case .us: 1000
        case .ms: 1_000_000
        case .s: 1_000_000_000
        }
    }
}

extension ResultFormat {
    /// As HTTP names it.
    var contentType: String {
        switch self {
        case .json: "application/json"
        case .csv: "text/csv; charset=utf-8"
        case .ndjson: "application/x-ndjson"
        case .table: "text/plain; charset=utf-8"
        }
    }
}

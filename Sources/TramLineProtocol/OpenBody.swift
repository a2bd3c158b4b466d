/// A body between two of its pieces: what a parser has to know to read on, and nothing of the parser's own.
///
/// Bodies that come in slowly and many at a time take turns at a few parsers, whose tables of known series are warm:
/// `LineParser.feed(_:of:)`. Costs the bytes of an unfinished line and no more.
public struct OpenBody: Sendable {
    var precision: Precision
    /// The time of points without one, truncated to the precision.
    var now: Int64
    /// Number of the physical line that is read next.
    var line = 1
    var describedCount = 0
    /// The beginning of a line whose end has not been fed yet, when `isCarrying`.
    var carry: [UInt8] = []
    var isCarrying = false
    var lineEnd = LineEnd()
    /// The rest of the line is passed over: it is a comment, or refused already.
    var isSkipping = false

    /// A body of which nothing has been read.
    ///
    /// - Parameter now: The clock reading for points without a timestamp, nanoseconds UTC; truncated down to the
    ///   precision. Nil when there is no clock: such points get `LineParser.noTime`.
    public init(precision: Precision = .nanosecond, now: Int64?) {
        self.precision = precision
        self.now = now.map(precision.truncated) ?? LineParser.noTime
    }

    /// Reads on with another clock, and describes refused lines anew: a connection that stays open is one body that
    /// does not end.
    public mutating func beginPiece(now: Int64) {
        self.now = precision.truncated(now)
        describedCount = 0
    }
}

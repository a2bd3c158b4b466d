public import TramColumnar

/// What became of the rows of one batch.
public struct AppendResult: Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        /// The field holds values of type `has`, fixed by its first one; this row sent another.
        case typeConflict(field: String, has: FieldType, sent: FieldType)
        /// The row's series is new and beyond the limit.
        case seriesLimit
        /// The measurement has as many fields as it may, and this one is new.
        case fieldLimit(field: String)
    }

    public struct Refusal: Equatable, Sendable {
        /// Index of the row in the batch.
        public var row: Int
        public var reason: Reason

        public init(row: Int, reason: Reason) {
            self.row = row
            self.reason = reason
        }
    }

    /// Rows that are stored now; together with `refused` all rows of the batch.
    public var accepted: Int
    /// In rising order of rows. A refused row leaves no trace.
    public var refused: [Refusal]
    /// Points (series + timestamp) that were not there before.
    public var newPoints: Int

    public init(accepted: Int, refused: [Refusal], newPoints: Int) {
        self.accepted = accepted
        self.refused = refused
        self.newPoints = newPoints
    }
}

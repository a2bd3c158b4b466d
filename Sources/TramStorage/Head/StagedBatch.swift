import TramColumnar

/// A batch whose rows have been looked at: which of them may come in, and which field each of its columns is.
///
/// Nothing of it is visible yet; between being staged and being applied it is written to the log.
struct StagedBatch: Sendable {
    var batch: Batch
    /// Nil when no series of the measurement is known: all rows are refused then.
    var measurement: Int?
    /// Columns to be stored and their field numbers, by field.
    var columns: [(column: Int, field: Int)]
    /// In rising order of rows.
    var refused: [AppendResult.Refusal]
    /// Fields of the measurement, those of this batch included.
    var fieldCount: Int

    /// The refused rows, when there are any.
    var refusedRows: Bitmap? {
        guard !refused.isEmpty else { return nil }
        var rows = Bitmap(repeating: false, count: batch.count)
        for refusal in refused { rows[refusal.row] = true }
        return rows
    }
}

/// Batches that have been staged together and become visible together.
public struct StagedRows: Sendable {
    var batches: [StagedBatch]
    /// Series that have to be visible with these rows are below it.
    var seriesBound: Int

    /// The rows that are refused, by batch, in rising order.
    public var refusals: [[AppendResult.Refusal]] { batches.map(\.refused) }

    /// Whether no row is left to be stored.
    public var isEmpty: Bool { batches.allSatisfy { $0.refused.count == $0.batch.count || $0.columns.isEmpty } }
}

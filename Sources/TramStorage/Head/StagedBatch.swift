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

    /// Whether all rows are to be stored with all their columns.
    var isWhole: Bool { refused.isEmpty && columns.count == batch.columns.count }

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
    public internal(set) var seriesBound: Int
    /// Bytes of the log's record that has them; 0 while none has.
    var logByteCount = 0

    /// The rows that are refused, by batch, in rising order.
    public var refusals: [[AppendResult.Refusal]] { batches.map(\.refused) }

    /// The results of batches of which no row is left to be stored.
    public var emptyResults: [AppendResult] {
        batches.map { AppendResult(accepted: $0.batch.count - $0.refused.count, refused: $0.refused, newPoints: 0) }
    }

    /// Whether no row is left to be stored.
    public var isEmpty: Bool { batches.allSatisfy { $0.refused.count == $0.batch.count || $0.columns.isEmpty } }
}

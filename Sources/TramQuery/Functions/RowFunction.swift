import TramColumnar

/// A function of columns that needs more than the values of one row: the rows before, the row's window, or an area that
/// was read when the query was bound.
package protocol RowFunction {
    var operands: [BoundExpression] { get }
    var type: ColumnType { get }
    /// Whether it reads the rows' times, or other rows, so that it is not one value for a whole series.
    var readsTime: Bool { get }

    /// The function's values; `operands` are evaluated over `block`.
    func evaluate(
        _ operands: [BlockColumn], _ block: RowBlock, _ context: EvaluationContext
    ) throws(QueryError) -> BlockColumn
}

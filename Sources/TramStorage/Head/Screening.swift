import TramColumnar

/// Decides before a batch is stored which of its rows may come in, and which field each of its columns is.
///
/// A field's type is that of its first value in the measurement. Rows are looked at in their order, since a refused row
/// fixes nothing: neither the type of another new field, nor that the field exists.
struct Screening {
    /// What a column of the batch turned out to be.
    private enum Column {
        case field(Int)
        case conflict(has: FieldType)
        /// No accepted row has had a value for this name yet.
        case unknown
    }

    /// Columns to be stored and their field numbers.
    private(set) var columns: [(column: Int, field: Int)] = []
    private(set) var refused: [AppendResult.Refusal] = []

    init(_ batch: Batch, _ measurement: MeasurementHead) {
        var states = batch.columns.map { column -> Column in
            guard let number = measurement.fieldNumber(column.name) else { return .unknown }
            let has = measurement.fields[number].type
            return has == column.values.type ? .field(number) : .conflict(has: has)
        }
        screen(batch, measurement, &states)
        for (column, state) in states.enumerated() {
            if case .field(let field) = state { columns.append((column, field)) }
        }
    }

    /// The rows of a measurement of which no series is known: each was refused before it came here.
    init(refusingAllOf batch: Batch) {
        for (row, series) in batch.series.enumerated() {
            precondition(series == Store.refusedSeries, "a series of the batch's measurement")
            refused.append(AppendResult.Refusal(row: row, reason: .seriesLimit))
        }
    }

    private mutating func screen(_ batch: Batch, _ measurement: MeasurementHead, _ states: inout [Column]) {
        let hasRefusedSeries = batch.series.contains(Store.refusedSeries)
        var open = Screening.open(states)
        if open.isEmpty, !hasRefusedSeries { return }
        for row in 0..<batch.count {
            if batch.series[row] == Store.refusedSeries {
                refused.append(AppendResult.Refusal(row: row, reason: .seriesLimit))
                continue
            }
            if let reason = conflict(batch, row, open, states, isFull: measurement.isFull) {
                refused.append(AppendResult.Refusal(row: row, reason: reason))
                continue
            }
            var isChanged = false
            for column in open where batch.columns[column].values.isPresent(row) {
                guard case .unknown = states[column] else { continue }
                let name = batch.columns[column].name
                let type = batch.columns[column].values.type
                let number = measurement.addField(name, type: type)
                for other in open where batch.columns[other].name == name {
                    states[other] = batch.columns[other].values.type == type ? .field(number) : .conflict(has: type)
                }
                isChanged = true
            }
            if isChanged {
                open = Screening.open(states)
                if open.isEmpty, !hasRefusedSeries { return }
            }
        }
    }

    /// The columns that need a look at every row.
    private static func open(_ states: [Column]) -> [Int] {
        states.indices.filter {
            if case .field = states[$0] { false } else { true }
        }
    }

    /// Why the row may not come in, if so: the first column that has a value of the wrong type.
    private func conflict(
        _ batch: Batch, _ row: Int, _ open: [Int], _ states: [Column], isFull: Bool
    ) -> AppendResult.Reason? {
        for (place, column) in open.enumerated() where batch.columns[column].values.isPresent(row) {
            let sent = batch.columns[column]
            switch states[column] {
            case .field: continue
            case .conflict(let has): return .typeConflict(field: sent.name, has: has, sent: sent.values.type)
            case .unknown:
                if isFull { return .fieldLimit(field: sent.name) }
                // The row may disagree with itself.
                for other in open[..<place] where batch.columns[other].name == sent.name {
                    let first = batch.columns[other].values
                    if first.isPresent(row), first.type != sent.values.type {
                        return .typeConflict(field: sent.name, has: first.type, sent: sent.values.type)
                    }
                }
            }
        }
        return nil
    }
}

import TramColumnar

/// The steps by which a plan keeps only the first of its stored rows: sorts, then `limit` or `top`.
///
/// The first of all rows are the first of those that each part of them puts first, so a scan need not hold the rest.
struct RowHead {
    /// How many rows are gathered before those that cannot be among the first are let go.
    static let mostRows = 65_536

    private let steps: [TableStep]

    /// Nil when the steps may ask for every row.
    init?(_ steps: [TableStep]) {
        for (index, step) in steps.enumerated() {
            switch step {
            case .sort: continue
            case .limit, .top:
                self.steps = Array(steps[...index])
                return
            default: return nil
            }
        }
        return nil
    }

    /// Numbers of the rows that may still be among the first, in the order of `table`.
    func kept(of table: Table, _ runner: TableRunner) throws(QueryError) -> [Int] {
        var numbered = table
        numbered.infos.append(TableColumn(name: "", type: .int))
        numbered.columns.append(Column(type: .int, bits: (0..<table.rowCount).map { UInt64($0) }))
        let first = try runner.run(steps, on: numbered)
        var kept = Set((first.columns.last?.bits ?? []).map { Int($0) })
        if case .top(_, _, _, let by)? = steps.last, !by.isEmpty {
            // Groups come in the order of their first rows, so these stay too.
            let sorted = try runner.run(Array(steps.dropLast()), on: numbered)
            var seen: Set<[UInt64?]> = []
            for row in 0..<sorted.rowCount where seen.insert(by.map { sorted.columns[$0].value(row) }).inserted {
                if let number = sorted.columns.last?.bits[row] { kept.insert(Int(number)) }
            }
        }
        return kept.sorted()
    }
}

import TramColumnar

/// What a scan's conditions on tags say to an index: for a tag, the values that it may have.
enum TagConditions {
    /// - Parameter tagKeys: of the measurement.
    static func of(_ scan: Scan, tagKeys: [String]) -> [TagCondition] {
        scan.seriesFilters.compactMap { filter in
            guard let (column, codes) = values(filter), case .tag(let key)? = scan.columns[column],
                tagKeys.contains(key)
            else { return nil }
            return TagCondition(key: key, codes: codes)
        }
    }

    /// `tag = "a"`, or several of these for one tag joined by `or`.
    private static func values(_ filter: BoundExpression) -> (column: Int, codes: [UInt32])? {
        switch filter {
        case .comparison(.equal, .column(let column, let type), .constant(_, let bits?)),
            .comparison(.equal, .constant(_, let bits?), .column(let column, let type)):
            guard type == .tag else { return nil }
            // A text that no stored value has got a code of the query's own, which the index does not know.
            return (column, UInt32(exactly: bits).map { [$0] } ?? [])
        case .or(let left, let right):
            guard let first = values(left), let second = values(right), first.column == second.column else {
                return nil
            }
            return (first.column, first.codes + second.codes)
        default: return nil
        }
    }
}

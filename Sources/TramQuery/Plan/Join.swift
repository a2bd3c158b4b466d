import TramColumnar

/// The stages `join` and `left`: rows of another pipe beside those of this one.
///
/// Rows match when the `on` columns are equal (null equals nothing) and, where both sides are windows, their times.
/// Without `on` these are the columns that rows were grouped by, and tags, that both sides have. With `within` the time
/// decides otherwise: of the rows with equal `on` columns that are not earlier and at most so much later, the nearest
/// one matches, and `gap` tells how much later it is.
///
/// The columns are this pipe's, then the other's without those that were matched. A name that is taken gets the first
/// free of `_2`, `_3`, …. `partial` is this pipe's.
package struct Join {
    package var plan: Plan
    /// `left`: a row without a match stays, with nulls.
    package var keepsUnmatched: Bool
    /// Columns that must be equal, of this pipe and of the other; with windows on both sides also their times.
    package var keys: [(left: Int, right: Int)]
    /// Nanoseconds, with the times of both sides.
    package var within: (longest: Int64, left: Int, right: Int)?
    /// Columns of the other pipe that are given, in order.
    package var given: [Int]
    package var columns: [TableColumn]
}

extension Binder {
    func bindJoin(
        _ pipe: Pipe, keepsUnmatched: Bool, on names: [Name], within: Duration?, at: SourceRange,
        openBindings: Set<String>, _ plan: inout Plan
    ) throws(QueryError) {
        if isStanding { throw notAvailable("join", at) }
        let right = try bind(pipe, openBindings: openBindings)
        let leftScope = TableScope(columns: plan.columns, units: context.units)
        let rightScope = TableScope(columns: right.columns, units: context.units)
        let word = keepsUnmatched ? "left" : "join"
        try refuseRepeated(names)
        var keys: [(left: Int, right: Int)] = []
        for name in names {
            guard let one = leftScope.index(of: name.text) else { throw binder(leftScope).unknown(name) }
            guard let two = rightScope.index(of: name.text) else { throw binder(rightScope).unknown(name) }
            try checkKey(plan.columns[one], right.columns[two], name)
            keys.append((one, two))
        }
        let leftTime = plan.columns.firstIndex { $0.name == "time" && $0.type == .time }
        let rightTime = right.columns.firstIndex { $0.name == "time" && $0.type == .time }
        var windowTimes: (left: Int, right: Int)?
        if let leftTime, let rightTime, plan.columns[leftTime].role == .windowTime,
            right.columns[rightTime].role == .windowTime
        {
            windowTimes = (leftTime, rightTime)
        }
        if names.isEmpty {
            let shared = plan.columns.indices.filter { plan.columns[$0].isShared }
            for one in shared {
                guard let two = right.columns.firstIndex(where: { $0.isShared && $0.name == plan.columns[one].name })
                else { continue }
                try checkKey(plan.columns[one], right.columns[two], Name(plan.columns[one].name, at: at))
                keys.append((one, two))
            }
            let isWhole = shared.isEmpty && !right.columns.contains { $0.isShared }
            // One group on each side: time alone tells the windows apart.
            if keys.isEmpty && !(isWhole && (windowTimes != nil || within != nil)) {
                throw QueryError(
                    .misplaced, at: at, en: "the two sides of \(word) share no column of a group or tag",
                    vi: "hai vế của \(word) không có cột nhóm hay thẻ chung",
                    hint: Bilingual(
                        vi: "nói ghép theo cột nào: on room; chỉ theo thời gian: on time",
                        en: "say which columns must be equal: on room; by time alone: on time"))
            }
        }
        var join = Join(
            plan: right, keepsUnmatched: keepsUnmatched, keys: keys, within: nil, given: [], columns: [])
        if let within {
            guard let longest = within.fixedNanoseconds, longest >= 0 else {
                throw QueryError(
                    .badDuration, at: at, en: "within needs a length of time such as 30m",
                    vi: "within cần khoảng thời gian như 30m")
            }
            guard let leftTime, let rightTime else {
                throw QueryError(
                    .misplaced, at: at, en: "within needs rows with a time on both sides",
                    vi: "within cần các dòng có thời gian ở cả hai vế",
                    hint: Bilingual(
                        vi: "thêm cửa sổ: every 5m, hoặc ghép các bản ghi gốc",
                        en: "add a window: every 5m, or join stored rows"))
            }
            join.within = (longest, leftTime, rightTime)
        } else if let windowTimes, !keys.contains(where: { $0.left == windowTimes.left }) {
            join.keys.append(windowTimes)
        }
        nameColumns(&join, plan.columns)
        plan.warnings += right.warnings
        plan.columns = join.columns
        plan.steps.append(.join(join))
    }

    /// Which columns of the other side are given, and what they are called.
    private func nameColumns(_ join: inout Join, _ left: [TableColumn]) {
        join.columns = left
        var taken = Set(left.map(\.name))
        if join.within != nil {
            join.columns.append(TableColumn(name: Join.freeName("gap", &taken), type: .duration))
        }
        var aliases = Set(left.compactMap(\.alias))
        let matched = Set(join.keys.map(\.right))
        for (index, column) in join.plan.columns.enumerated() where !matched.contains(index) {
            if column.isHidden { continue }
            var given = column
            given.name = Join.freeName(column.name, &taken)
            // A row's own time is that of this pipe; the other one is a value.
            given.role = column.role == .key ? .key : .value
            if let alias = column.alias, taken.contains(alias) || !aliases.insert(alias).inserted { given.alias = nil }
            join.given.append(index)
            join.columns.append(given)
        }
    }

    private func checkKey(_ left: TableColumn, _ right: TableColumn, _ name: Name) throws(QueryError) {
        guard left.type != right.type, !(left.type.isText && right.type.isText) else { return }
        throw QueryError(
            .typeMismatch, at: name.at,
            en: "\"\(name.text)\" is \(left.type.rawValue) here and \(right.type.rawValue) in the other pipe",
            vi: "\"\(name.text)\" có kiểu \(left.type.rawValue) ở đây và \(right.type.rawValue) ở vế kia",
            hint: Bilingual(
                vi: "đổi về cùng kiểu bằng set: x = string(x) hoặc float(x)",
                en: "make them alike with set: x = string(x) or float(x)"))
    }
}

extension Join {
    /// `name`, or `name_2`, `name_3`, …, whichever is free first.
    static func freeName(_ name: String, _ taken: inout Set<String>) -> String {
        var free = name
        var number = 2
        while !taken.insert(free).inserted {
            free = "\(name)_\(number)"
            number += 1
        }
        return free
    }

    /// The rows of `left` with their matches in `right`. O(n + m log m + result).
    ///
    /// - Throws: `query.row_limit` when there are more than `limits.rows`.
    func joined(_ left: Table, _ right: Table, limits: QueryLimits) throws(QueryError) -> Table {
        var rowsByKey: [[UInt64]: [Int]] = [:]
        for row in 0..<right.rowCount {
            if let key = Join.key(right, keys.map(\.right), row) { rowsByKey[key, default: []].append(row) }
        }
        if let within {
            let times = right.columns[within.right]
            rowsByKey = rowsByKey.mapValues { rows in
                rows.filter(times.isPresent).sorted {
                    let (one, two) = (Join.time(times, $0), Join.time(times, $1))
                    return one != two ? one < two : $0 < $1
                }
            }
        }
        var lefts: [Int] = []
        var rights: [Int?] = []
        for row in 0..<left.rowCount {
            let found = Join.key(left, keys.map(\.left), row).flatMap { rowsByKey[$0] } ?? []
            let matches = within == nil ? found : nearest(left, row, found, right).map { [$0] } ?? []
            if matches.isEmpty && keepsUnmatched {
                lefts.append(row)
                rights.append(nil)
            }
            for match in matches {
                lefts.append(row)
                rights.append(match)
                if lefts.count > limits.rows { throw RowLimit.exceeded(limits.rows, .join) }
            }
        }
        if lefts.count > limits.rows { throw RowLimit.exceeded(limits.rows, .join) }
        var result = left.gathered(lefts)
        result.infos = columns
        if let within {
            var gaps = Column(type: .duration)
            for (row, match) in zip(lefts, rights) {
                gaps.append(
                    match.map {
                        UInt64(
                            bitPattern: Join.time(right.columns[within.right], $0)
                                .saturatingSubtract(Join.time(left.columns[within.left], row)))
                    })
            }
            result.columns.append(gaps)
        }
        for column in given {
            var values = Column(type: right.columns[column].type)
            for match in rights { values.append(match.flatMap { right.columns[column].value($0) }) }
            result.columns.append(values)
        }
        return result
    }

    /// The first of the rows, in time order, that is not earlier than the left row and not too late.
    private func nearest(_ left: Table, _ row: Int, _ candidates: [Int], _ right: Table) -> Int? {
        guard let within, left.columns[within.left].isPresent(row) else { return nil }
        let time = Join.time(left.columns[within.left], row)
        let times = right.columns[within.right]
        var low = 0
        var high = candidates.count
        while low < high {
            let middle = (low + high) / 2
            if Join.time(times, candidates[middle]) < time { low = middle + 1 } else { high = middle }
        }
        guard low < candidates.count, Join.time(times, candidates[low]).saturatingSubtract(time) <= within.longest
        else { return nil }
        return candidates[low]
    }

    private static func time(_ column: Column, _ row: Int) -> Int64 { Int64(bitPattern: column.bits[row]) }

    /// Nil when one of the columns is null: it equals nothing.
    private static func key(_ table: Table, _ columns: [Int], _ row: Int) -> [UInt64]? {
        var key: [UInt64] = []
        key.reserveCapacity(columns.count)
        for column in columns {
            guard let value = table.columns[column].value(row),
                let canonical = ValueKind(table.columns[column].type).canonical(value)
            else { return nil }
            key.append(canonical)
        }
        return key
    }
}

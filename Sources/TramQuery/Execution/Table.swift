import TramColumnar

/// Rows with named columns: what a pipe holds once it is no longer reading stored rows.
package struct Table {
    package var infos: [TableColumn]
    package var columns: [Column]
    package var rowCount: Int

    package init(infos: [TableColumn], columns: [Column], rowCount: Int) {
        self.infos = infos
        self.columns = columns
        self.rowCount = rowCount
    }

    package init(infos: [TableColumn]) {
        self.infos = infos
        columns = infos.map { Column(type: $0.type) }
        rowCount = 0
    }

    /// Appends one row; a nil value is null. As many values as columns.
    package mutating func append(_ values: [UInt64?]) {
        for (index, value) in values.enumerated() {
            columns[index].append(value)
        }
        rowCount += 1
    }

    /// The table as one block, for evaluation; `time` is the column of the rows' times, else `now` stands for all.
    func block(time: Int?, now: Int64) -> RowBlock {
        let timestamps: [Int64]
        if let time {
            timestamps = columns[time].bits.map(Int64.init(bitPattern:))
        } else {
            timestamps = [Int64](repeating: now, count: rowCount)
        }
        return RowBlock(
            timestamps: timestamps, series: .one(0), isTimeOrdered: false, columns: columns.map(BlockColumn.init))
    }

    /// The rows that `selection` names, in its order.
    func gathered(_ selection: [Int]) -> Table {
        Table(
            infos: infos,
            columns: columns.map { column in
                let gathered = BlockColumn(column).gathered(selection)
                return Column(type: column.type, bits: gathered.bits, presence: gathered.presence)
            }, rowCount: selection.count)
    }
}

extension Column {
    /// Appends a value, nil for null.
    mutating func append(_ value: UInt64?) {
        if let value {
            bits.append(value)
            presence?.append(true)
        } else {
            if presence == nil { presence = Bitmap(repeating: true, count: bits.count) }
            bits.append(0)
            presence?.append(false)
        }
    }

    func value(_ row: Int) -> UInt64? {
        isPresent(row) ? bits[row] : nil
    }
}

/// Orders values of one column: nulls last, whichever the direction.
struct ValueOrder {
    private let column: Column
    private let descending: Bool
    /// Of text columns: the place of each row's text among all of them by their bytes, -1 for null. Empty for others.
    private let ranks: [Int32]

    /// - Complexity: O(rows), and for a column of texts O(texts · log texts).
    init(column: Column, descending: Bool, pool: TextPool) {
        self.column = column
        self.descending = descending
        ranks = column.type.isText ? ValueOrder.ranks(column, pool) : []
    }

    private static func ranks(_ column: Column, _ pool: TextPool) -> [Int32] {
        var numbers: [UInt64: Int32] = [:]
        var texts: [(bytes: [UInt8], number: Int32)] = []
        var ranks: [Int32] = []
        ranks.reserveCapacity(column.count)
        for row in 0..<column.count {
            guard let code = column.value(row) else {
                ranks.append(-1)
                continue
            }
            if let known = numbers[code] {
                ranks.append(known)
                continue
            }
            let number = Int32(truncatingIfNeeded: texts.count)
            numbers[code] = number
            texts.append((Array(pool.text(code).utf8), number))
            ranks.append(number)
        }
        texts.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        var places = [Int32](repeating: 0, count: texts.count)
        var place: Int32 = -1
        for (index, text) in texts.enumerated() {
            if index == 0 || texts[index - 1].bytes != text.bytes { place += 1 }
            places[Int(text.number)] = place
        }
        for row in ranks.indices where ranks[row] >= 0 { ranks[row] = places[Int(ranks[row])] }
        return ranks
    }

    /// Negative when row `left` comes first, 0 when they are equal.
    func compare(_ left: Int, _ right: Int) -> Int {
        if !ranks.isEmpty {
            let (one, other) = (ranks[left], ranks[right])
            if one == other { return 0 }
            if one < 0 || other < 0 { return one < 0 ? 1 : -1 }
            return (one < other) != descending ? -1 : 1
        }
        switch (column.value(left), column.value(right)) {
        case (nil, nil): return 0
        case (nil, _): return 1
        case (_, nil): return -1
        case (let first?, let second?):
            if first == second { return 0 }
            if Comparison.isOrdered(first, second, column.type) { return descending ? 1 : -1 }
            return Comparison.isOrdered(second, first, column.type) ? (descending ? -1 : 1) : 0
        }
    }
}

extension Table {
    /// Row numbers in the order of the keys; equal rows keep their order.
    func order(by keys: [(column: Int, descending: Bool)], pool: TextPool) -> [Int] {
        let orders = keys.map { ValueOrder(column: columns[$0.column], descending: $0.descending, pool: pool) }
        return (0..<rowCount).sorted { left, right in
            for order in orders {
                let comparison = order.compare(left, right)
                if comparison != 0 { return comparison < 0 }
            }
            return left < right
        }
    }
}

extension Table {
    /// The same in pieces that are put together, so that a query can be stopped while it sorts. O(rows · log rows).
    func order(
        by keys: [(column: Int, descending: Bool)], pool: TextPool, watch: QueryGuard
    ) throws(QueryError) -> [Int] {
        let piece = 8192
        if rowCount <= piece { return order(by: keys, pool: pool) }
        try watch.hold(byteCount + rowCount * 16)
        let orders = keys.map { ValueOrder(column: columns[$0.column], descending: $0.descending, pool: pool) }
        func isBefore(_ left: Int, _ right: Int) -> Bool {
            for order in orders {
                let comparison = order.compare(left, right)
                if comparison != 0 { return comparison < 0 }
            }
            return left < right
        }
        var pieces: [[Int]] = []
        for start in stride(from: 0, to: rowCount, by: piece) {
            try watch.look()
            pieces.append((start..<min(start + piece, rowCount)).sorted(by: isBefore))
        }
        while pieces.count > 1 {
            var merged: [[Int]] = []
            for index in stride(from: 0, to: pieces.count, by: 2) {
                guard index + 1 < pieces.count else {
                    merged.append(pieces[index])
                    continue
                }
                let (one, other) = (pieces[index], pieces[index + 1])
                var both: [Int] = []
                both.reserveCapacity(one.count + other.count)
                var (left, right) = (0, 0)
                while left < one.count && right < other.count {
                    // A comparison of texts is worth several steps.
                    try watch.spend(32)
                    if isBefore(other[right], one[left]) {
                        both.append(other[right])
                        right += 1
                    } else {
                        both.append(one[left])
                        left += 1
                    }
                }
                both += one[left...]
                both += other[right...]
                merged.append(both)
            }
            pieces = merged
        }
        return pieces.first ?? []
    }
}

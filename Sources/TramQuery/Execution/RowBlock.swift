package import TramColumnar

/// One column of a block: a value a row, or one value for all of them.
package struct BlockColumn {
    package var type: ColumnType
    /// When set, `bits` has one value (absent when `presence` says so) that stands for every row.
    package var isConstant: Bool
    package var bits: [UInt64]
    package var presence: Bitmap?

    package init(type: ColumnType, isConstant: Bool, bits: [UInt64], presence: Bitmap?) {
        self.type = type
        self.isConstant = isConstant
        self.bits = bits
        self.presence = presence
    }

    package init(_ column: Column) {
        self.init(type: column.type, isConstant: false, bits: column.bits, presence: column.presence)
    }

    /// One value for every row; nil is null.
    package static func constant(_ type: ColumnType, _ bits: UInt64?) -> BlockColumn {
        BlockColumn(
            type: type, isConstant: true, bits: [bits ?? 0],
            presence: bits == nil ? Bitmap(repeating: false, count: 1) : nil)
    }

    /// The value of `row`, nil for null.
    package func value(_ row: Int) -> UInt64? {
        let index = isConstant ? 0 : row
        if let presence, !presence[index] { return nil }
        return bits[index]
    }

    /// As a column of `count` values. O(count) for a constant.
    package func column(count: Int) -> Column {
        guard isConstant else { return Column(type: type, bits: bits, presence: presence) }
        return Column(
            type: type, bits: [UInt64](repeating: bits[0], count: count),
            presence: presence == nil ? nil : Bitmap(repeating: false, count: count))
    }

    /// The rows that `selection` names, in its order.
    package func gathered(_ selection: [Int]) -> BlockColumn {
        guard !isConstant else { return self }
        var gathered = [UInt64]()
        gathered.reserveCapacity(selection.count)
        for row in selection { gathered.append(bits[row]) }
        var present: Bitmap?
        if let presence {
            var bitmap = Bitmap(repeating: true, count: selection.count)
            for (index, row) in selection.enumerated() where !presence[row] { bitmap[index] = false }
            present = bitmap
        }
        return BlockColumn(type: type, isConstant: false, bits: gathered, presence: present)
    }

    /// The rows of `range`.
    package func sliced(_ range: Range<Int>) -> BlockColumn {
        guard !isConstant else { return self }
        return BlockColumn(
            type: type, isConstant: false, bits: Array(bits[range]), presence: presence?.slice(range))
    }
}

/// Rows on their way through a plan. Columns lie as the plan's scope numbers them.
package struct RowBlock {
    /// Whose rows these are: of one series, or of one series each. Rows of a table count as series 0.
    package enum Series {
        case one(UInt32)
        case each([UInt32])
    }

    package var timestamps: [Int64]
    package var series: Series
    /// Whether `timestamps` never fall.
    package var isTimeOrdered: Bool
    package var columns: [BlockColumn]

    package init(timestamps: [Int64], series: Series, isTimeOrdered: Bool, columns: [BlockColumn]) {
        self.timestamps = timestamps
        self.series = series
        self.isTimeOrdered = isTimeOrdered
        self.columns = columns
    }

    package var count: Int { timestamps.count }

    /// The rows that `selection` names, in its order, which must be rising for the block to stay in time order.
    package func gathered(_ selection: [Int]) -> RowBlock {
        let gatheredSeries: Series
        switch series {
        case .one: gatheredSeries = series
        case .each(let ids): gatheredSeries = .each(selection.map { ids[$0] })
        }
        return RowBlock(
            timestamps: selection.map { timestamps[$0] }, series: gatheredSeries, isTimeOrdered: isTimeOrdered,
            columns: columns.map { $0.gathered(selection) })
    }

    package func seriesArray() -> [UInt32] {
        switch series {
        case .one(let id): [UInt32](repeating: id, count: count)
        case .each(let ids): ids
        }
    }
}

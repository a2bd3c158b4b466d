import TramColumnar

/// How one aggregate call gets its values from blocks of stored rows.
enum DirectInput {
    /// `count()`.
    case rows
    /// Number in the list of fields that are read, and the type.
    case field(Int, ColumnType)
    /// One value for all rows of a series.
    case constant(Column)
}

/// The columns of a block that has been read, brought to the form that each state wants when it wants it.
struct DirectBlock {
    var timestamps: [Int64]
    var columns: [ReadColumn]
    var count: Int
    private var values: [Column?]
    private var zeros: [Int64] = []

    /// The times, or as many zeros where nobody has asked for them.
    var times: [Int64] {
        mutating get {
            if !timestamps.isEmpty || count == 0 { return timestamps }
            if zeros.count < count { zeros = [Int64](repeating: 0, count: count) }
            return zeros
        }
    }

    init(timestamps: [Int64], columns: [ReadColumn], count: Int) {
        self.timestamps = timestamps
        self.columns = columns
        self.count = count
        values = [Column?](repeating: nil, count: columns.count)
    }

    /// A field as plain values.
    mutating func column(_ index: Int, _ type: ColumnType) -> Column {
        if let known = values[index] { return known }
        let column: Column
        switch columns[index] {
        case .absent:
            column = Column(
                type: type, bits: [UInt64](repeating: 0, count: count), presence: Bitmap(repeating: false, count: count)
            )
        case .vector(let vector):
            column = Column(type: type, bits: vector.bits, presence: vector.presence)
        case .mantissas(let mantissas, let scale):
            column = Column(type: type, bits: DirectBlock.bits(mantissas, scale: scale, type))
        }
        values[index] = column
        return column
    }

    private static func bits(_ mantissas: [Int64], scale: Int, _ type: ColumnType) -> [UInt64] {
        guard type == .float else { return mantissas.map(UInt64.init(bitPattern:)) }
        if scale == 0 { return mantissas.map { Double($0).bitPattern } }
        let power = DecimalReading.power(scale)
        return mantissas.map { (Double($0) / power).bitPattern }
    }

    /// The rows of `range`.
    mutating func keep(_ range: Range<Int>, types: [ColumnType]) {
        for index in columns.indices {
            switch columns[index] {
            case .absent: break
            case .mantissas(let mantissas, let scale):
                columns[index] = .mantissas(Array(mantissas[range]), scale: scale)
            case .vector(let vector):
                columns[index] = .vector(
                    Vector(
                        type: vector.type, bits: Array(vector.bits[range]), presence: vector.presence?.slice(range)))
            }
        }
        if !timestamps.isEmpty { timestamps = Array(timestamps[range]) }
        count = range.count
        values = [Column?](repeating: nil, count: columns.count)
    }

    /// The rows that `selection` names, rising.
    mutating func keep(_ selection: [Int], types: [ColumnType]) {
        for index in columns.indices {
            switch columns[index] {
            case .absent: break
            case .mantissas(let mantissas, let scale):
                columns[index] = .mantissas(selection.map { mantissas[$0] }, scale: scale)
            case .vector(let vector):
                let gathered = BlockColumn(Column(type: types[index], bits: vector.bits, presence: vector.presence))
                    .gathered(selection)
                columns[index] = .vector(
                    Vector(type: vector.type, bits: gathered.bits, presence: gathered.presence))
            }
        }
        if !timestamps.isEmpty { timestamps = selection.map { timestamps[$0] } }
        count = selection.count
        values = [Column?](repeating: nil, count: columns.count)
    }
}

extension SlicedStates {
    /// Whether a call asks for the times of the rows that it is fed.
    func needsTimes(call: Int) -> Bool { states[call].needsTimes }

    /// Whether a call may do with what is known of a block.
    func takesSummaries(call: Int) -> Bool { states[call].takesSummaries }

    /// The start of the only slice that holds both instants; nil when there is none or are several.
    func onlySlice(first: Int64, last: Int64) -> Int64? {
        let (starts, end) = slices(at: first)
        return starts.count == 1 && last < end ? starts.first : nil
    }

    /// Feeds a whole block of one series that lies in one slice, by what is known of it.
    ///
    /// - Parameters:
    ///   - summaries: of the fields, in the order of the inputs' numbers; nil when nothing is known.
    ///   - calls: those that are to be fed.
    /// - Returns: the calls that need the rows.
    func add(
        _ summaries: [ColumnSummary]?, rows: Int, first: Int64, last: Int64, series: UInt32, group: Int32,
        slice: Int64, inputs: [DirectInput], calls: [Int]
    ) throws(QueryError) -> [Int] {
        let slot = try slot(group, slice)
        var rest: [Int] = []
        for call in calls {
            switch inputs[call] {
            case .rows:
                if try states[call].add(nil, rows: rows, first: first, last: last, series: series, to: slot) {
                    continue
                }
            case .field(let index, _):
                if let summaries,
                    try states[call].add(
                        summaries[index], rows: rows, first: first, last: last, series: series, to: slot)
                {
                    continue
                }
            case .constant(let column):
                if states[call].ignoresRepetition && !states[call].needsTimes {
                    try states[call].update(
                        slot: slot, column: column, timestamps: [first], rows: 0..<1, series: series)
                    continue
                }
            }
            rest.append(call)
        }
        return rest
    }

    /// Feeds the rows of a block of one series: each stretch of a slice is one call per aggregate.
    ///
    /// - Parameter slice: the only slice of the block, where that is known; times are needed otherwise.
    func add(
        _ block: inout DirectBlock, slice: Int64?, series: UInt32, group: Int32, inputs: [DirectInput], calls: [Int]
    ) throws(QueryError) {
        guard block.count > 0 else { return }
        var runs: [SlotRun] = []
        if let slice {
            runs.append(SlotRun(slot: try slot(group, slice), rows: 0..<block.count))
        } else {
            var row = 0
            var last = -1
            while row < block.count {
                let next: Int
                if let slice = onlySlice(at: block.timestamps[row]) {
                    next = SlicedStates.firstRow(in: block.timestamps, after: row, notBefore: slice.end)
                    // Slices of a group mostly got their slots one after the other.
                    if last < 0 || !slots.has(last + 1, group, slice.start) {
                        last = try slot(group, slice.start)
                    } else {
                        last += 1
                    }
                    runs.append(SlotRun(slot: last, rows: row..<next))
                } else {
                    let (starts, end) = slices(at: block.timestamps[row])
                    next = SlicedStates.firstRow(in: block.timestamps, after: row, notBefore: end)
                    for start in starts { runs.append(SlotRun(slot: try slot(group, start), rows: row..<next)) }
                }
                row = next
            }
        }
        for call in calls { try feed(call, &block, runs, series, inputs[call]) }
    }

    /// The first row behind `row` whose time is `end` or later. Steps twice as far each time, then halves: a slice that
    /// holds many rows costs few comparisons.
    private static func firstRow(in times: [Int64], after row: Int, notBefore end: Int64) -> Int {
        var low = row + 1
        var step = 1
        while low + step <= times.count, times[low + step - 1] < end {
            low += step
            step *= 2
        }
        var high = min(low + step, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < end { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func feed(
        _ call: Int, _ block: inout DirectBlock, _ runs: [SlotRun], _ series: UInt32, _ input: DirectInput
    ) throws(QueryError) {
        let state = states[call]
        switch input {
        case .rows:
            try state.update(nil, timestamps: block.timestamps, series: series, runs: runs)
        case .field(let index, let type):
            if case .absent = block.columns[index] { return }
            if case .mantissas(let mantissas, let scale) = block.columns[index],
                try state.add(
                    mantissas: mantissas, scale: scale, timestamps: block.timestamps, series: series, runs: runs)
            {
                return
            }
            let column = block.column(index, type)
            try state.update(column, timestamps: block.times, series: series, runs: runs)
        case .constant(let column):
            for run in runs {
                let count = state.ignoresRepetition ? 1 : run.rows.count
                let values = Column(
                    type: column.type, bits: [UInt64](repeating: column.bits[0], count: count),
                    presence: column.presence == nil ? nil : Bitmap(repeating: false, count: count))
                let times = Array(block.times[run.rows.lowerBound..<run.rows.lowerBound + count])
                try state.update(slot: run.slot, column: values, timestamps: times, rows: 0..<count, series: series)
            }
        }
    }
}

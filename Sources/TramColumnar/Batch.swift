/// Rows of one measurement as columns, in the order in which they arrived.
///
/// All columns and row arrays have `count` rows. Two columns may have the same name and different types, when senders
/// disagree; the store then refuses the rows whose type is not the field's.
public struct Batch: Sendable {
    public struct Column: Sendable {
        public var name: String
        public var values: Vector

        public init(name: String, values: Vector) {
            self.name = name
            self.values = values
        }
    }

    public var measurement: String
    /// Per row the number of its series: as the parser made it a number of the parser's key table, after
    /// `IngestPath` has resolved it a store's series id.
    public var series: [UInt32]
    /// Nanoseconds UTC, per row.
    public var timestamps: [Int64]
    /// Per row the number of its first physical line in the body, from 1.
    public var lines: [UInt32]
    public var columns: [Column]
    /// The bytes of all string values, UTF-8, one after the other; string columns refer into it.
    public var text: [UInt8]

    public init(measurement: String) {
        self.measurement = measurement
        series = []
        timestamps = []
        lines = []
        columns = []
        text = []
    }

    public var count: Int { timestamps.count }

    /// The bits of a string value that lies at `offset` in `text`. Both fit in 32 bits.
    public static func textReference(offset: Int, byteCount: Int) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: offset)) << 32 | UInt64(UInt32(truncatingIfNeeded: byteCount))
    }

    /// Adds the rows of a batch of the same measurement behind these, when it has the same columns, in whatever order,
    /// and the texts of both are within reach of 32 bits.
    ///
    /// - Returns: whether it did; otherwise nothing is changed.
    /// - Complexity: O(rows of `other` · columns), amortised.
    public mutating func append(_ other: Batch) -> Bool {
        guard measurement == other.measurement, columns.count == other.columns.count,
            text.count + other.text.count < 1 << 31
        else { return false }
        var places: [Int] = []
        places.reserveCapacity(columns.count)
        var isInOrder = true
        for (index, column) in columns.enumerated() {
            // Whoever makes the batches nearly always has the columns in the same order.
            if other.columns[index].isAlike(column) {
                places.append(index)
            } else if let place = other.columns.firstIndex(where: { $0.isAlike(column) }) {
                places.append(place)
                isInOrder = false
            } else {
                return false
            }
        }
        // A name that is spelled in two ways has two columns.
        guard isInOrder || Set(places).count == places.count else { return false }
        reserve(other)
        for index in columns.indices {
            columns[index].values.append(other.columns[places[index]].values, textsBehind: text.count)
        }
        series.append(contentsOf: other.series)
        timestamps.append(contentsOf: other.timestamps)
        lines.append(contentsOf: other.lines)
        text.append(contentsOf: other.text)
        return true
    }

    /// Makes room for `other`. When it is the first to be added, for a few more like it.
    private mutating func reserve(_ other: Batch) {
        let wanted = count + other.count
        guard series.capacity < wanted else { return }
        let capacity = 2 * wanted
        series.reserveCapacity(capacity)
        timestamps.reserveCapacity(capacity)
        lines.reserveCapacity(capacity)
        for index in columns.indices { columns[index].values.bits.reserveCapacity(capacity) }
        text.reserveCapacity(2 * (text.count + other.text.count))
    }

    /// Where in `text` the string value with these bits lies; clamped to `text`.
    public func textRange(_ bits: UInt64) -> Range<Int> {
        let start = min(Int(bits >> 32), text.count)
        return start..<min(start + Int(bits & 0xffff_ffff), text.count)
    }
}

extension Batch.Column {
    fileprivate func isAlike(_ other: Batch.Column) -> Bool {
        values.type == other.values.type && name == other.name
    }
}

extension Vector {
    /// Adds the values of `other`, whose texts have been put behind `start` bytes of others.
    fileprivate mutating func append(_ other: Vector, textsBehind start: Int) {
        let before = bits.count
        bits.append(contentsOf: other.bits)
        if type == .string, start > 0 {
            let shift = Batch.textReference(offset: start, byteCount: 0)
            for row in before..<bits.count where other.isPresent(row - before) { bits[row] &+= shift }
        }
        guard presence != nil || other.presence != nil else { return }
        var merged = presence ?? Bitmap(repeating: true, count: before)
        // So that this is the only holder.
        presence = nil
        if let present = other.presence {
            merged.append(present)
        } else {
            merged.append(repeating: true, count: other.count)
        }
        presence = merged
    }
}

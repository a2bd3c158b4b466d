import TramCodec
import TramColumnar

/// What the writer knows of one measurement: its fields, and the layouts that rows of its series have. Used under the
/// store's lock only.
final class MeasurementHead {
    let name: String
    let limits: HeadLimits
    private var encoder = BlockEncoder(.speed)
    /// In order of first arrival; a field's index is its number.
    private(set) var fields: [Schema.Field] = []
    private var fieldNumbers: [String: Int] = [:]
    private var layouts: [[Int]: RowLayout] = [:]

    init(name: String, fields: [Schema.Field] = [], limits: HeadLimits) {
        self.name = name
        self.limits = limits
        for field in fields { _ = addField(field.name, type: field.type) }
    }

    /// New fields beyond this number are refused. A line brings up to 1,024 at once, and numbers have 16 bits.
    static let maximumFields = 60_000

    var isFull: Bool { fields.count >= MeasurementHead.maximumFields }

    func fieldNumber(_ name: String) -> Int? { fieldNumbers[name] }

    /// Adds a field that is not there yet and returns its number.
    func addField(_ name: String, type: FieldType) -> Int {
        let number = fields.count
        fields.append(Schema.Field(name: name, type: type))
        fieldNumbers[name] = number
        return number
    }

    /// Drops all fields but the first `count`. No layout may have one of the others.
    func keepFields(_ count: Int) {
        guard count < fields.count else { return }
        for field in fields[count...] { fieldNumbers[field.name] = nil }
        fields.removeSubrange(count...)
    }

    /// The rows of a chunk of `series` as a block. O(rows · fields).
    func seal(_ chunk: Chunk, of series: SeriesID) -> SealedBlock {
        SealedBlock(encoder.encode(chunk, series: series), chunk: chunk, gauge: limits.gauge)
    }

    /// The layout of rows with these fields, rising; the same one for the same fields.
    func layout(of fields: [Int]) -> RowLayout {
        if let known = layouts[fields] { return known }
        let layout = makeLayout(number: UInt32(layouts.count), fields: fields)
        layouts[fields] = layout
        return layout
    }

    /// The layout for the rows of a batch: that of series when there is one, else one of its own, which is not kept.
    /// Which fields come together in a batch is chance.
    func batchLayout(of fields: [Int]) -> RowLayout {
        layouts[fields] ?? makeLayout(number: RowLayout.unshared, fields: fields)
    }

    private func makeLayout(number: UInt32, fields: [Int]) -> RowLayout {
        RowLayout(number: number, fields: fields, types: fields.map { self.fields[$0].type })
    }
}

/// What snapshots need of one measurement; plain numbers, so that a copy of all of them is one stretch of memory.
struct MeasurementFigures: Sendable {
    var oldest = Int64.max
    var newest = Int64.min
    var pointCount = 0
    var fieldCount = 0
}

public import TramColumnar

/// The answer to a query: typed columns and rows in their final order.
public struct QueryResult: Sendable {
    public var columns: [ColumnInfo]
    public var rowCount: Int
    /// Whether something that belongs into the answer could not be read.
    public var isPartial: Bool
    public var warnings: [Bilingual]
    /// The zone that the query's text asked for with `tz`; nil for the session's.
    public var zone: TimeZoneRules?
    /// Stored rows that were read to answer, and the blocks in which they lay.
    public var rowsRead = 0
    public var blocksRead = 0
    /// Those of them whose values were looked at; the others answered by what is known of them.
    public var blocksDecoded = 0
    private let values: [Column]
    private let texts: [UInt64: String]

    init(_ table: Table, pool: TextPool, warnings: [Bilingual]) {
        let shown = table.infos.indices.filter { !table.infos[$0].isHidden }
        columns = shown.map { ColumnInfo(name: table.infos[$0].name, type: table.infos[$0].type) }
        values = shown.map { table.columns[$0] }
        rowCount = table.rowCount
        isPartial = false
        self.warnings = warnings
        var texts: [UInt64: String] = [:]
        for column in values where column.type.isText {
            for row in 0..<column.count where column.isPresent(row) && texts[column.bits[row]] == nil {
                texts[column.bits[row]] = pool.text(column.bits[row])
            }
        }
        self.texts = texts
    }

    /// A result out of values: `rows` are as long as `columns`, and each value is null or of its column's type.
    public init(columns: [ColumnInfo], rows: [[Value]], isPartial: Bool = false, warnings: [Bilingual] = []) {
        self.columns = columns
        rowCount = rows.count
        self.isPartial = isPartial
        self.warnings = warnings
        // Each text has its own code: equal Strings may differ in their bytes, and what was put in shall come out.
        var texts: [UInt64: String] = [:]
        var values = columns.map { Column(type: $0.type) }
        for row in rows {
            for (index, value) in row.enumerated() {
                let bits: UInt64?
                switch value {
                case .null: bits = nil
                case .float(let number): bits = number.bitPattern
                case .int(let number), .time(let number), .duration(let number): bits = UInt64(bitPattern: number)
                case .uint(let number): bits = number
                case .bool(let isTrue): bits = isTrue ? 1 : 0
                case .string(let text):
                    let code = UInt64(texts.count)
                    texts[code] = text
                    bits = code
                }
                values[index].append(bits)
            }
        }
        self.values = values
        self.texts = texts
    }

    /// Leaves the first rows only; what is cut off is missing from the answer.
    public mutating func truncate(to count: Int) {
        guard count < rowCount else { return }
        rowCount = max(count, 0)
        isPartial = true
    }

    /// The bits of a value, as `Column` has them; nil for null.
    public func bits(row: Int, column: Int) -> UInt64? { values[column].value(row) }

    /// The texts of tags and strings by their bits.
    public var textsByBits: [UInt64: String] { texts }

    /// The value in a row, 0..<rowCount, of a column, 0..<columns.count.
    public func value(row: Int, column: Int) -> Value {
        guard let bits = values[column].value(row) else { return .null }
        switch columns[column].type {
        case .float: return .float(Double(bitPattern: bits))
        case .int: return .int(Int64(bitPattern: bits))
        case .uint: return .uint(bits)
        case .bool: return .bool(bits != 0)
        case .string, .tag: return .string(texts[bits] ?? "")
        case .time: return .time(Int64(bitPattern: bits))
        case .duration: return .duration(Int64(bitPattern: bits))
        }
    }
}

/// The door for ad-hoc questions: text in, result out.
public enum QueryRunner {
    /// Parses, binds and runs `text` over `source`.
    ///
    /// - Throws: `QueryError` with the place in `text`: syntax, unknown names, types, limits.
    public static func run(
        _ text: String, source: any ColumnSource, context: QueryContext
    ) throws(QueryError) -> QueryResult {
        try PreparedQuery(text, source: source, context: context).run()
    }
}

/// A question that is bound and not yet run. For one thread at a time.
public struct PreparedQuery {
    private let executor: Executor
    private let plan: Plan
    private let context: QueryContext
    private let isExplain: Bool

    /// Parses and binds `text`; no row is read.
    ///
    /// - Throws: `QueryError` with the place in `text`: syntax, unknown names, types, limits.
    public init(_ text: String, source: any ColumnSource, context: QueryContext) throws(QueryError) {
        let statement = try QueryParser.parse(text, limits: context.limits)
        isExplain = statement.isExplain
        let context = try context.withTree(of: statement)
        self.context = context
        var schemas: [String: Schema] = [:]
        for measurement in source.measurements { schemas[measurement] = source.schema(of: measurement) }
        let pool = TextPool(source.strings)
        plan = try Binder(statement, schemas: schemas, context: context, pool: pool, isStanding: false)
            .bind(statement.pipe)
        executor = Executor(source: source, context: context, pool: pool)
    }

    /// Rows that will be read at most, about. O(series that conditions on tags leave).
    public var estimatedRows: Int { executor.estimatedRows(plan) }

    /// - Throws: `QueryError`: limits, values that do not fit.
    public func run() throws(QueryError) -> QueryResult {
        var table = try executor.run(plan)
        if isExplain { table = executor.work.explanation.table(executor.pool) }
        if table.rowCount > context.limits.rows { throw RowLimit.exceeded(context.limits.rows, .answer) }
        var result = QueryResult(table, pool: executor.pool, warnings: plan.warnings)
        if plan.zone != context.zone { result.zone = plan.zone }
        result.rowsRead = executor.work.rows
        result.blocksRead = executor.work.blocks
        result.blocksDecoded = executor.work.decoded
        return result
    }
}

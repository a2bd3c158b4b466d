import TramColumnar

/// Ends a query that takes more than it may: bytes, time, or the patience of a client that has gone.
///
/// What is counted: the states of aggregates, the keys of groups, tables between stages, and texts that the query
/// makes. Each holder tells what it has when it has grown, not at every value; what is not counted (blocks on their way
/// from the disk, scratch of one block) is bounded by the size of a block.
///
/// Not safe for several threads.
package final class QueryGuard {
    private let limits: QueryLimits
    private let interruption: (@Sendable () -> QueryError.Code?)?
    private let pool: TextPool
    /// What the query does now; named when it is stopped.
    package var stage = Stage.reading
    /// Bytes of tables that wait for the stage that runs.
    package var heldBytes = 0
    /// The most that was held at once, bytes.
    package private(set) var mostBytes = 0
    /// Steps of work until the next look at the clock.
    private var credit = QueryGuard.stepsPerLook

    /// A step is a few nanoseconds of work, so that a look comes at least every few milliseconds.
    static let stepsPerLook = 65_536

    /// The stages that can be long or large.
    package enum Stage: String, Sendable {
        case reading, aggregating, windows, set, sort, top, unpivot, filter, join, stale, answer

        var name: Bilingual {
            switch self {
            case .reading: Bilingual(vi: "đọc số liệu", en: "reading rows")
            case .aggregating: Bilingual(vi: "tổng hợp", en: "aggregating")
            case .windows: Bilingual(vi: "tính các cửa sổ", en: "finishing windows")
            case .set: Bilingual(vi: "bước set", en: "the stage set")
            case .sort: Bilingual(vi: "bước sort", en: "the stage sort")
            case .top: Bilingual(vi: "bước top", en: "the stage top")
            case .unpivot: Bilingual(vi: "bước unpivot", en: "the stage unpivot")
            case .filter: Bilingual(vi: "bước where", en: "the stage where")
            case .join: Bilingual(vi: "bước join", en: "the stage join")
            case .stale: Bilingual(vi: "bước stale", en: "the stage stale")
            case .answer: Bilingual(vi: "lập kết quả", en: "making the answer")
            }
        }
    }

    package init(limits: QueryLimits, pool: TextPool, interruption: (@Sendable () -> QueryError.Code?)? = nil) {
        self.limits = limits
        self.pool = pool
        self.interruption = interruption
        pool.mostBytes = limits.memoryBytes
    }

    /// For one of `count` parts of the query that run at once: each may have its share of the bytes.
    func part(_ count: Int, pool: TextPool) -> QueryGuard {
        var limits = limits
        limits.memoryBytes /= max(1, count)
        let part = QueryGuard(limits: limits, pool: pool, interruption: interruption)
        part.stage = stage
        return part
    }

    /// Notes so many steps of work, and looks at the clock when enough have come together.
    @inline(__always)
    package func spend(_ steps: Int) throws(QueryError) {
        credit &-= steps
        if credit < 0 { try look() }
    }

    /// Asks whether the query should go on.
    ///
    /// - Throws: `query.time_limit`, `query.cancelled`, or another reason that `interruption` gives.
    package func look() throws(QueryError) {
        credit = QueryGuard.stepsPerLook
        switch interruption?() {
        case nil: return
        case .timeLimit: throw QueryGuard.outOfTime(limits.seconds, stage)
        case .cancelled:
            throw QueryError(
                .cancelled, at: nil, en: "the query was stopped while \(stage.name.en): its client has gone",
                vi: "truy vấn đã dừng khi đang \(stage.name.vi): bên hỏi đã ngắt kết nối")
        case .some(let code):
            throw QueryError(code, at: nil, en: "the query was stopped", vi: "truy vấn đã bị dừng")
        }
    }

    /// Tells how many bytes the stage that runs holds, beside `heldBytes` and the query's own texts.
    ///
    /// - Throws: `query.memory_limit` when all together are more than the query may have.
    package func hold(_ bytes: Int, at place: SourceRange? = nil) throws(QueryError) {
        let total = bytes &+ heldBytes &+ pool.ownBytes
        mostBytes = max(mostBytes, total)
        if total > limits.memoryBytes || pool.isExhausted { throw outOfMemory(place) }
    }

    /// The error of a query that needs more memory than it may have.
    package func outOfMemory(_ place: SourceRange?) -> QueryError {
        let allowed = QueryGuard.size(limits.memoryBytes)
        return QueryError(
            .memoryLimit, at: place, en: "the query needs more than \(allowed) of memory for \(stage.name.en)",
            vi: "truy vấn cần hơn \(allowed) bộ nhớ cho \(stage.name.vi)",
            hint: Bilingual(
                vi: "bớt cột trong by, rút ngắn khoảng thời gian, dùng cửa sổ rộng hơn, hoặc bỏ exact",
                en: "group by fewer columns, ask for a shorter range or wider windows, or leave out exact"))
    }

    private static func outOfTime(_ seconds: Int?, _ stage: Stage) -> QueryError {
        let (vi, en) = seconds.map { ("\($0) giây", "\($0) s") } ?? ("mức cho phép", "it may")
        return QueryError(
            .timeLimit, at: nil, en: "the query took longer than \(en) and was stopped while \(stage.name.en)",
            vi: "truy vấn chạy quá \(vi) nên đã bị dừng khi đang \(stage.name.vi)",
            hint: Bilingual(
                vi: "thu hẹp khoảng thời gian hoặc lọc bớt trạm", en: "ask for a shorter range or fewer stations"))
    }

    /// `512 MiB`; whole units only.
    static func size(_ bytes: Int) -> String {
        if bytes >= 1 << 20, bytes % (1 << 20) == 0 { return "\(bytes >> 20) MiB" }
        if bytes >= 1 << 10, bytes % (1 << 10) == 0 { return "\(bytes >> 10) KiB" }
        return "\(bytes) byte"
    }
}

extension Table {
    /// Bytes of all columns. O(columns).
    var byteCount: Int { columns.reduce(0) { $0 + $1.bits.count * 8 + ($1.presence == nil ? 0 : $1.bits.count / 8) } }

    /// What so many more rows of this table take, roughly.
    func byteCount(ofRows count: Int) -> Int { count * columns.count * 8 }
}

extension GroupTable {
    /// Roughly the bytes of all keys and of the tables that find them: an array, its header, and a place in a
    /// dictionary each.
    var byteCount: Int { keys.count * (96 + 16 * (keys.first?.count ?? 0)) }
}

import TramColumnar

/// `[range] warm 12h`: rows of the time before the range are read, so that what looks back along rows has something to
/// look at, and are not given out.
///
/// They go through every stage that works on one row after another (`where`, `set`, `select`, `drop`, `unpivot`) and
/// through a first aggregation with `every`, whose windows before the range are rows like others (`fill` fills them
/// too, so that `fill prev` carries their values into the range). Before any other stage, at the end of the pipe, and
/// before a stage that drops `time`, those whose time lies before the range's start are taken out. So a window that
/// begins before the range is not given even where it reaches into it.
extension Binder {
    /// Whether rows before the range must not reach the stage.
    static func endsWarming(_ stage: Stage) -> Bool {
        switch stage.kind {
        case .filter, .set, .unpivot, .zone, .tree, .fill, .emit: false
        // A first aggregation asks for itself; a later one has the windows as its rows.
        case .aggregate: false
        case .select(let names): !names.contains { $0.text == "time" }
        case .drop(let names): names.contains { $0.text == "time" }
        case .sort, .top, .limit, .join, .stale, .alert: true
        }
    }

    /// The start of what is read.
    func warmed(_ start: Int64, by warm: Duration?) -> Int64 {
        guard let warm, start != .min else { return start }
        return min(start, RangeResolver.subtract(warm, from: start, zone: zone))
    }

    /// Stored rows: a step that lets only those of the range pass.
    func takeOutWarmRows(_ scan: inout Scan, _ scope: RowScope) {
        guard let start = scan.warmStart, let time = scope.resolve("time", qualifier: nil) else { return }
        scan.warmStart = nil
        scan.steps.append(.filter(.comparison(.greaterOrEqual, time, .constant(.time, UInt64(bitPattern: start)))))
    }

    /// Rows of a table.
    func takeOutWarmRows(_ plan: inout Plan) {
        guard let start = plan.warmStart else { return }
        plan.warmStart = nil
        guard let time = plan.columns.firstIndex(where: { $0.name == "time" && $0.type == .time }) else { return }
        plan.steps.append(
            .filter(
                .comparison(.greaterOrEqual, .column(time, .time), .constant(.time, UInt64(bitPattern: start)))))
    }
}

/// How many pipes a query has once every use of a `let` is a pipe of its own: joins of joins double it.
final class PipeCount {
    static let most = 256
    private var count = 0

    func add() throws(QueryError) {
        count += 1
        guard count > PipeCount.most else { return }
        throw QueryError(
            .tooDeep, at: nil, en: "the query uses more than \(PipeCount.most) pipes, counting each use of a let",
            vi: "truy vấn dùng hơn \(PipeCount.most) câu con, tính cả mỗi lần dùng let")
    }
}

import TramColumnar

/// The administrative tree of one point in time, whatever the time of a row: numbers from before a reform, by the units
/// of today.
struct PinnedUnits: UnitResolver {
    let base: any UnitResolver
    let instant: Int64

    var levels: [String] { base.levels }
    var stationTags: [String] { base.stationTags }
    var unitColumns: [String] { base.unitColumns }

    func unit(level: String, stationTag: String, station: String, at _: Int64) -> (code: String, name: String)? {
        base.unit(level: level, stationTag: stationTag, station: station, at: instant)
    }

    func changes(in _: TimeRange) -> [Int64] { [] }

    func isUnder(code: String, stationTag: String, station: String, at _: Int64) -> Bool {
        base.isUnder(code: code, stationTag: stationTag, station: station, at: instant)
    }

    func hasUnit(code: String) -> Bool { base.hasUnit(code: code) }

    func stationColumns(stationTag: String) -> [String] { base.stationColumns(stationTag: stationTag) }

    func stationValue(_ column: String, stationTag: String, station: String) -> String? {
        base.stationValue(column, stationTag: stationTag, station: station)
    }

    func unitValue(_ column: String, code: String, name: String?, at _: Int64) -> String? {
        base.unitValue(column, code: code, name: name, at: instant)
    }

    func stations(stationTag: String) -> [String] { base.stations(stationTag: stationTag) }
}

extension QueryContext {
    /// The context with the administrative tree that a text asks for. `tree` governs the whole text wherever it stands,
    /// as `tz` does.
    func withTree(of statement: Statement) throws(QueryError) -> QueryContext {
        let stages = (statement.bindings.map(\.pipe) + [statement.pipe]).flatMap(\.stages)
        let written = stages.lazy.compactMap { stage -> TreeTime? in
            if case .tree(let time) = stage.kind { time } else { nil }
        }
        guard let units, case .at(let instant) = written.first ?? tree else { return self }
        var context = self
        let zone = try Binder.zone(of: statement, self)
        context.units = PinnedUnits(
            base: units, instant: RangeResolver.resolve(instant, now: now, zone: zone))
        return context
    }
}

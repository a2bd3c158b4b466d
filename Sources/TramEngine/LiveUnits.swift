import Synchronization
import TramColumnar
import TramQuery

/// The catalogue under standing queries: another one may take its place while they go on.
final class LiveUnits: UnitResolver {
    private let current: Mutex<any UnitResolver>

    init(_ units: any UnitResolver) {
        current = Mutex(units)
    }

    private var units: any UnitResolver { current.withLock { $0 } }

    /// - Returns: what was there before.
    @discardableResult
    func replace(with new: any UnitResolver) -> any UnitResolver {
        current.withLock { units in
            let old = units
            units = new
            return old
        }
    }

    var levels: [String] { units.levels }
    var stationTags: [String] { units.stationTags }
    var unitColumns: [String] { units.unitColumns }

    func unit(level: String, stationTag: String, station: String, at instant: Int64) -> (code: String, name: String)? {
        units.unit(level: level, stationTag: stationTag, station: station, at: instant)
    }

    func changes(in range: TimeRange) -> [Int64] { units.changes(in: range) }

    func isUnder(code: String, stationTag: String, station: String, at instant: Int64) -> Bool {
        units.isUnder(code: code, stationTag: stationTag, station: station, at: instant)
    }

    func hasUnit(code: String) -> Bool { units.hasUnit(code: code) }

    func stationColumns(stationTag: String) -> [String] { units.stationColumns(stationTag: stationTag) }

    func stationValue(_ column: String, stationTag: String, station: String) -> String? {
        units.stationValue(column, stationTag: stationTag, station: station)
    }

    func unitValue(_ column: String, code: String, name: String?, at instant: Int64) -> String? {
        units.unitValue(column, code: code, name: name, at: instant)
    }

    func stations(stationTag: String) -> [String] { units.stations(stationTag: stationTag) }
}

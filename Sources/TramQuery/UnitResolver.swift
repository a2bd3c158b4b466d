public import TramColumnar

/// How a plan finds administrative levels, units and stations. Implemented by `TramFederation.Catalogue`.
public protocol UnitResolver: Sendable {
    /// The names of the levels, highest first: `central`, `province`, `commune`.
    var levels: [String] { get }
    /// The tag keys by which readings name their station: `sensor`, `station`.
    var stationTags: [String] { get }
    /// The unit of `level` to which the station belongs at `instant`; nil when the catalogue does not say.
    func unit(level: String, stationTag: String, station: String, at instant: Int64) -> (code: String, name: String)?
    /// The instants inside `range` at which some station's unit or some unit's parent changes, ascending.
    func changes(in range: TimeRange) -> [Int64]
    /// Whether the station lies in the subtree of the unit with this code at `instant`.
    func isUnder(code: String, stationTag: String, station: String, at instant: Int64) -> Bool
    /// Whether a unit with this code exists.
    func hasUnit(code: String) -> Bool
    /// Names of the columns of the stations files (`alert_3`, `lat`), without the tag itself.
    func stationColumns(stationTag: String) -> [String]
    /// The text in that column for the station; nil when empty or unknown.
    func stationValue(_ column: String, stationTag: String, station: String) -> String?
    /// What can be asked of a unit: `full_name`, `parent`.
    var unitColumns: [String] { get }
    /// What the units file says of the unit with this code at `instant`; of one that is not there any more the last
    /// word. With `name` only units of that name count: a code is used again after a reform. Nil when there is nothing.
    func unitValue(_ column: String, code: String, name: String?, at instant: Int64) -> String?
    /// The ids of the stations known by this tag, sorted.
    func stations(stationTag: String) -> [String]
}

extension UnitResolver {
    public var unitColumns: [String] { [] }
    public func unitValue(_ column: String, code: String, name: String?, at instant: Int64) -> String? { nil }
}

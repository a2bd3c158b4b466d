public import TramQuery

/// How a table is shown to a person.
public struct TableStyle: Hashable, Sendable {
    /// On whose clock times are shown; the header says it.
    public var zone: TimeZoneRules
    /// Columns of the terminal; nil: as wide as the content.
    public var width: Int?
    public var isColored: Bool
    /// Digits after the point at most; nil: all that the number has.
    public var decimals: Int?
    /// Rows shown at most; a line says how many more there are. A table is laid out in memory.
    public var maximumRows: Int
    /// Whether the only number of each row is drawn as a bar, and one series over time as a line.
    public var drawsNumbers = false
    /// Tables of more rows have their header under them as well; nil: never.
    public var headerAgainAfter: Int?

    public init(
        zone: TimeZoneRules = .utc, width: Int? = nil, isColored: Bool = false, decimals: Int? = 4,
        maximumRows: Int = 1000
    ) {
        self.zone = zone
        self.width = width
        self.isColored = isColored
        self.decimals = decimals
        self.maximumRows = maximumRows
    }
}

/// A measuring station as it was for a time.
public struct Station: Hashable, Sendable {
    public var id: String
    /// The code of the unit it lies in; the unit is the one that has the code at the time asked about.
    public var unit: String
    /// Nanoseconds between two readings; nil when nobody said.
    public var interval: Int64?
    public var validity: Validity
    /// What the other columns of its file hold, parallel to `StationList.columns`; empty where the file has nothing.
    public var values: [String]

    public init(
        id: String, unit: String, interval: Int64? = nil, validity: Validity = Validity(), values: [String] = []
    ) {
        self.id = id
        self.unit = unit
        self.interval = interval
        self.validity = validity
        self.values = values
    }
}

/// The stations of one file, which readings name by one tag.
public struct StationList: Sendable {
    public var tag: String
    /// All columns of the file but the one named as the tag.
    public var columns: [String]
    public var stations: [(station: Station, place: CataloguePlace)]

    public init(tag: String, columns: [String] = [], stations: [(station: Station, place: CataloguePlace)] = []) {
        self.tag = tag
        self.columns = columns
        self.stations = stations
    }
}

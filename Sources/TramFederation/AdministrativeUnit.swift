/// A unit of the administrative tree as it was for a time.
///
/// Codes are text (leading zeros count) and are used again after reforms, so a unit is its code and the day it began.
public struct AdministrativeUnit: Hashable, Sendable {
    public var code: String
    /// The name of its level: `commune`.
    public var level: String
    public var name: String
    /// The code of the unit above; nil at the top.
    public var parent: String?
    public var fullName: String?
    public var englishName: String?
    public var kind: String?
    public var validity: Validity

    public init(
        code: String, level: String, name: String, parent: String? = nil, fullName: String? = nil,
        englishName: String? = nil, kind: String? = nil, validity: Validity = Validity()
    ) {
        self.code = code
        self.level = level
        self.name = name
        self.parent = parent
        self.fullName = fullName
        self.englishName = englishName
        self.kind = kind
        self.validity = validity
    }
}

extension AdministrativeUnit {
    /// What `value` knows, as the units file calls it.
    static let columns = ["level", "name", "full_name", "name_en", "kind", "parent"]

    /// What the column of the units file holds; nil where it is empty.
    func value(_ column: String) -> String? {
        switch column {
        case "level": level
        case "name": name
        case "full_name": fullName
        case "name_en": englishName
        case "kind": kind
        case "parent": parent
        default: nil
        }
    }
}

/// From when to when a row of the catalogue holds: half-open, nanoseconds UTC; without dates for ever.
public struct Validity: Hashable, Sendable {
    public var from: Int64
    public var to: Int64

    public init(from: Int64 = .min, to: Int64 = .max) {
        self.from = from
        self.to = to
    }

    func contains(_ instant: Int64) -> Bool {
        // The last instant there is belongs to what has no end.
        instant >= from && (instant < to || to == .max)
    }

    func overlaps(_ other: Validity) -> Bool {
        from < other.to && other.from < to
    }
}

/// Where a row of the catalogue was written.
public struct CataloguePlace: Hashable, Sendable {
    public var file: String
    /// From 1.
    public var line: Int

    public init(file: String, line: Int) {
        self.file = file
        self.line = line
    }
}

/// The names of one measurement: its tag keys and its fields with their types.
public struct Schema: Equatable, Sendable {
    public struct Field: Equatable, Sendable {
        public var name: String
        public var type: FieldType

        public init(name: String, type: FieldType) {
            self.name = name
            self.type = type
        }
    }

    public var measurement: String
    /// Sorted by name.
    public var tagKeys: [String]
    /// In order of first arrival; a field's index here is its number in the measurement and never changes.
    public var fields: [Field]

    public init(measurement: String, tagKeys: [String] = [], fields: [Field] = []) {
        self.measurement = measurement
        self.tagKeys = tagKeys
        self.fields = fields
    }

    /// The field's number, or nil. O(fields).
    public func fieldIndex(_ name: String) -> Int? {
        fields.firstIndex { $0.name == name }
    }
}

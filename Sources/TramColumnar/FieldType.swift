/// What a field holds. Fixed by the first value of the field in its measurement.
public enum FieldType: UInt8, Hashable, Sendable, CaseIterable {
    case float
    case int
    case uint
    case bool
    case string

    /// The name in schemas, results and messages.
    public var name: String {
        switch self {
        case .float: "float"
        case .int: "int"
        case .uint: "uint"
        case .bool: "bool"
        case .string: "string"
        }
    }

    public var isNumeric: Bool {
        switch self {
        case .float, .int, .uint: true
        case .bool, .string: false
        }
    }
}

/// How bad an alert is, mildest first.
public enum Severity: String, Hashable, Sendable, CaseIterable {
    case info, warning, critical
}

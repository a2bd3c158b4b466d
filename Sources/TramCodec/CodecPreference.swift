/// What a column is encoded for.
public enum CodecPreference: Sendable, CaseIterable {
    /// Decodes at full speed: no prefix codes.
    case speed
    /// Smallest. Prefix codes where they save; such a column decodes at about a third of the speed.
    case size
}

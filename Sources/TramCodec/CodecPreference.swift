/// What a column is encoded for. It decides how much a packing has to save that decodes at a third of the speed
/// (`PrefixCodes`); decoders read all of them.
public enum CodecPreference: Sendable, CaseIterable {
    /// Never: the newest blocks, which every dashboard reads.
    case speed
    /// A seventh.
    case balanced
    /// Anything: what is kept for years.
    case size

    /// Percent of the size in one width, below which prefix codes have to come; nil for never.
    var prefixLimit: Int? {
        switch self {
        case .speed: nil
        case .balanced: 86
        case .size: 98
        }
    }
}

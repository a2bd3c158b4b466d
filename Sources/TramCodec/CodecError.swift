/// Why bytes could not be decoded.
public enum CodecError: Error, Equatable, Sendable {
    /// The input ended in the middle of a frame.
    case truncated
    /// The bytes are not of the format, with the library's own word for it.
    case corrupt(String)
}

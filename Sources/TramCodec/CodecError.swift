/// Why bytes could not be decoded.
public enum CodecError: Error, Equatable, Sendable {
    /// The input ended in the middle of a frame.
    case truncated
    /// A column ended before what it says it holds: bytes from where it began, needed at least and present.
    case short(needed: Int, present: Int)
    /// The bytes are not of the format, with the library's own word for it.
    case corrupt(String)
    /// The library got no memory for its state.
    case outOfMemory

    /// The stable name in answers, logs and metrics. Never renamed.
    public var code: StaticString {
        switch self {
        case .truncated: "codec.truncated"
        case .short: "codec.short"
        case .corrupt: "codec.corrupt"
        case .outOfMemory: "codec.out_of_memory"
        }
    }
}

extension CodecError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated: "the compressed data ends too early"
        case .short(let needed, let present): "the column ends too early: \(needed) bytes needed, \(present) present"
        case .corrupt(let reason): "the compressed data is damaged: \(reason)"
        case .outOfMemory: "no memory to decompress with"
        }
    }
}

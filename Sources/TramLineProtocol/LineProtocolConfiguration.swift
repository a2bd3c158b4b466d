/// What a `LineParser` accepts at most. A line over a limit is refused; its neighbours are kept.
public struct LineProtocolConfiguration: Equatable, Sendable {
    /// Longest line in bytes, newlines inside its strings counted, the ending newline not.
    /// Also the most that a parser keeps of an unfinished line between two chunks.
    public var maximumLineBytes: Int
    /// Longest measurement + tags + one field key in bytes, as sent.
    public var maximumKeyBytes: Int
    /// Longest string value in bytes, escapes resolved.
    public var maximumStringBytes: Int
    /// Most tags on a line.
    public var maximumTags: Int
    /// Most fields on a line.
    public var maximumFields: Int
    /// How many refused lines of a body are described; the others are only counted.
    public var maximumRejectedKept: Int

    public init(
        maximumLineBytes: Int = 1 << 20, maximumKeyBytes: Int = 65_535, maximumStringBytes: Int = 65_536,
        maximumTags: Int = 64, maximumFields: Int = 1024, maximumRejectedKept: Int = 100
    ) {
        self.maximumLineBytes = maximumLineBytes
        self.maximumKeyBytes = maximumKeyBytes
        self.maximumStringBytes = maximumStringBytes
        self.maximumTags = maximumTags
        self.maximumFields = maximumFields
        self.maximumRejectedKept = maximumRejectedKept
    }
}

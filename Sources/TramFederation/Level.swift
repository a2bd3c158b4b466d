/// A rank of the administrative tree. Levels are data: two to eight of them, none built in.
public struct Level: Hashable, Sendable {
    public var name: String
    /// 0 for the highest.
    public var depth: Int

    public init(name: String, depth: Int) {
        self.name = name
        self.depth = depth
    }
}

/// Tags of a series, sorted by the bytes of their keys; keys are unique.
public struct TagSet: Hashable, Sendable {
    public struct Tag: Hashable, Sendable {
        public var key: String
        public var value: String

        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    public private(set) var tags: [Tag]

    /// Sorts `tags`; of equal keys the last one stays.
    public init(_ tags: [Tag] = []) {
        var sorted: [Tag] = []
        for (index, tag) in tags.enumerated()
        where !tags[(index + 1)...].contains(where: { $0.key == tag.key }) {
            sorted.append(tag)
        }
        sorted.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        self.tags = sorted
    }

    /// The value of `key`, or nil. O(tags).
    public subscript(key: String) -> String? {
        tags.first { $0.key == key }?.value
    }
}

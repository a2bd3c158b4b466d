/// What identifies a series: a measurement and its tags.
public struct SeriesKey: Hashable, Sendable {
    public var measurement: String
    public var tags: TagSet

    public init(measurement: String, tags: TagSet = TagSet()) {
        self.measurement = measurement
        self.tags = tags
    }

    /// The one byte form of the key: line protocol's own spelling with sorted tags and its escapes,
    /// `measurement,key=value,…`. Equal keys have equal bytes, different keys different ones.
    public var canonicalBytes: [UInt8] {
        var bytes: [UInt8] = []
        SeriesKey.append(measurement, escaping: [UInt8(ascii: ","), UInt8(ascii: " ")], to: &bytes)
        let special = [UInt8(ascii: ","), UInt8(ascii: "="), UInt8(ascii: " ")]
        for tag in tags.tags {
            bytes.append(UInt8(ascii: ","))
            SeriesKey.append(tag.key, escaping: special, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            SeriesKey.append(tag.value, escaping: special, to: &bytes)
        }
        return bytes
    }

    private static func append(_ text: String, escaping special: [UInt8], to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            if special.contains(byte) { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte)
        }
    }
}

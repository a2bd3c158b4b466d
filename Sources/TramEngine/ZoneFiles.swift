public import TramQuery
import TramSystem

/// Time zones: those built in, and those of the machine's zone files.
public struct ZoneFiles: ZoneProvider {
    private static let folder = "/usr/share/zoneinfo/"
    private static let maximumBytes = 1 << 20

    public init() {}

    public func zone(named name: String) -> TimeZoneRules? {
        if let known = BuiltInZones().zone(named: name) { return known }
        guard ZoneFiles.isPlainName(name), let file = try? File.open(ZoneFiles.folder + name),
            let bytes = try? file.readToEnd(limit: ZoneFiles.maximumBytes)
        else { return nil }
        return try? TimeZoneRules(name: name, tzif: bytes)
    }

    /// Names come from query texts: letters, digits, `_ + -`, and single slashes between parts, so never a path
    /// elsewhere.
    private static func isPlainName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return name.utf8.count <= 64 && !parts.isEmpty
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"),
                            UInt8(ascii: "-"):
                            true
                        default: false
                        }
                    }
            }
    }
}

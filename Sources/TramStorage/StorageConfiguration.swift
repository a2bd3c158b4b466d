/// How much a store keeps.
public struct StorageConfiguration: Equatable, Sendable {
    /// New series beyond this number are refused; known ones go on.
    public var maximumSeries: Int

    public init(maximumSeries: Int = 5_000_000) {
        self.maximumSeries = maximumSeries
    }

    /// - Throws: `StorageError.invalidConfiguration` with the first key whose value makes no sense.
    public func validate() throws(StorageError) {
        // Ids have 32 bits, and the highest one marks refused rows.
        guard maximumSeries > 0, maximumSeries < Int(UInt32.max) else {
            throw .invalidConfiguration(key: "maximumSeries", expected: "1...4294967294")
        }
    }
}

import TramStreaming

/// How an engine runs.
public struct EngineConfiguration: Sendable {
    /// The zone of calendar words and windows where a query names none.
    public var timeZone: String

    public init(timeZone: String = "Asia/Ho_Chi_Minh") {
        self.timeZone = timeZone
    }
}

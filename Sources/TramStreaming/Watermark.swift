/// How far event time has come, over all sources that write.
///
/// The watermark is the smallest, over the sources that still write, of the newest time a source has sent, less the
/// lateness. It never goes back. (Akidau et al., "The Dataflow Model", VLDB 2015, doi:10.14778/2824032.2824076.)
public struct Watermark: Sendable {
    private var newest: [Int64?]
    private var isFinished: [Bool]

    /// Sources are numbered 0..<sources; more may come.
    public init(sources: Int) {
        newest = [Int64?](repeating: nil, count: sources)
        isFinished = [Bool](repeating: false, count: sources)
    }

    /// Notes a row of a source at `time`; true when its newest time has risen.
    public mutating func observe(_ time: Int64, source: Int) -> Bool {
        if let known = newest[source], known >= time { return false }
        newest[source] = time
        return true
    }

    /// A source that has ended holds nothing back any more.
    public mutating func finish(source: Int) {
        isFinished[source] = true
    }

    /// The newest time that every writing source has reached; nil while one of them has sent nothing.
    public var time: Int64? {
        var low: Int64?
        for (source, newest) in newest.enumerated() where !isFinished[source] {
            guard let newest else { return nil }
            low = min(low ?? newest, newest)
        }
        // When all have ended, time has come as far as the last of them.
        return low ?? self.newest.compactMap { $0 }.max()
    }

    /// The newest time of any source.
    public var newestTime: Int64? {
        newest.compactMap { $0 }.max()
    }
}

import Synchronization
public import TramColumnar

/// What a server knows of its catalogue's files: when they were read, and whether the newest could be.
///
/// A file that cannot be read changes nothing: the units and stations of before stay in use, and everyone is told.
public final class CatalogueKeeper: Sendable {
    public struct Figures: Sendable {
        /// The tables of units and stations.
        public var files: [String] = []
        /// Rows in use.
        public var units = 0
        public var stations = 0
        /// When the tables in use were read, nanoseconds UTC.
        public var readAt: Int64?
        public var reloads = 0
        public var failures = 0
        /// What is wrong with the files as they are now; nil when they are those in use.
        public var problem: Bilingual?
    }

    /// How an attempt to read the files again ended.
    public enum Outcome: Sendable {
        case changed
        case unchanged
        case refused(Bilingual)
        /// The configuration has no catalogue, or there is no configuration.
        case none
    }

    private let state = Mutex(Figures())
    private let read = Mutex<(@Sendable () async -> Outcome)?>(nil)

    public init() {}

    /// - Parameter read: reads the files again and puts what they say in use.
    public func reloads(by read: @escaping @Sendable () async -> Outcome) { self.read.withLock { $0 = read } }

    public var figures: Figures { state.withLock { $0 } }

    /// Notes what is in use from now on.
    public func noteRead(files: [String], units: Int, stations: Int, at now: Int64, isReload: Bool) {
        state.withLock { state in
            state.files = files
            state.units = units
            state.stations = stations
            state.readAt = now
            state.problem = nil
            if isReload { state.reloads += 1 }
        }
    }

    /// The files are again what is in use.
    public func noteUnchanged() { state.withLock { $0.problem = nil } }

    public func noteFailure(_ problem: Bilingual) {
        state.withLock { state in
            state.failures += 1
            state.problem = problem
        }
    }

    func reload() async -> Outcome { await read.withLock { $0 }?() ?? .none }
}

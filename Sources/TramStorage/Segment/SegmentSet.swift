import Synchronization
import TramColumnar
import TramSystem

/// What a store has on disk beside its log: segments, names, and the manifest that says which of them count.
///
/// Everything here is changed by one thread at a time, which holds `work`; figures can be read at any time.
final class SegmentSet: Sendable {
    struct State: Sendable {
        var manifest: Manifest
        /// Parallel to `manifest.segments`; nil for one that could not be opened.
        var segments: [Segment?]
        /// How many texts and series the files of names have.
        var savedTexts: Int
        var savedSeries: Int
        var figures = SegmentFigures()
    }

    let folder: String
    let fileSystem: any FileSystem
    let state: Mutex<State>
    /// Held while files are written.
    let work = Mutex(())

    /// The folder of the manifest, above that of the segments.
    let home: String

    init(home: String, fileSystem: any FileSystem, state: State) {
        self.home = home
        folder = home + "/" + StoreName.segments
        self.fileSystem = fileSystem
        self.state = Mutex(state)
    }

    var manifest: Manifest { state.withLock { $0.manifest } }

    var figures: SegmentFigures {
        state.withLock { state in
            var figures = state.figures
            figures.segments = state.segments.count { $0 != nil }
            figures.bytes = state.manifest.segments.reduce(0) { $0 + $1.byteCount }
            figures.liveBytes = state.segments.reduce(0) { $0 + ($1?.liveByteCount ?? 0) }
            figures.nameBytes = state.manifest.names.reduce(0) { $0 + $1.byteCount }
            figures.lsn = state.manifest.lsn
            figures.cutoff = state.manifest.cutoff == .min ? nil : state.manifest.cutoff
            return figures
        }
    }

    /// Runs `body`, and says which file was being written when the disk fails.
    func writing<Result>(
        _ file: String, _ body: () throws(SystemError) -> Result
    ) throws(StorageError) -> Result {
        do throws(SystemError) {
            return try body()
        } catch {
            guard error.isOutOfSpace else { throw .storeFailed(file: file, error) }
            let free: Int? = try? fileSystem.freeBytes(in: home)
            throw .diskFull(freeBytes: free ?? 0, neededBytes: 0)
        }
    }

    /// Puts a manifest in place, which makes what it names count, and what it does not name stray.
    func install(_ manifest: Manifest, _ change: (inout State) -> Void) throws(StorageError) {
        try writing(StoreName.manifest) { () throws(SystemError) in
            try fileSystem.replace(StoreName.manifest, in: home, with: manifest.bytes)
        }
        state.withLock { state in
            state.manifest = manifest
            change(&state)
        }
    }

    /// Removes files that count no more. What is left is removed by the next start.
    func discard(_ names: [String]) {
        for name in names { try? fileSystem.remove(folder + "/" + name) }
    }

    /// The order in which segments take each other's place.
    static func isOlder(_ left: SegmentHeader, _ right: SegmentHeader) -> Bool {
        (left.order, left.number) < (right.order, right.number)
    }
}

/// What segments there are and what was done to them, for metrics.
public struct SegmentFigures: Equatable, Sendable {
    public var segments = 0
    /// Of all segments, and of the blocks in them that still count.
    public var bytes = 0
    public var liveBytes = 0
    /// Of the files of names.
    public var nameBytes = 0
    /// Rows of the log up to this record are in the segments.
    public var lsn: LSN = 0
    /// Rows before this time are gone, nanoseconds UTC; nil when none are.
    public var cutoff: Int64?

    public var sealings = 0
    public var sealedBytes = 0
    public var sealingNanoseconds: Int64 = 0
    public var compactions = 0
    public var compactedBytes = 0
    public var compactionNanoseconds: Int64 = 0
    /// Sealings and compactions that the disk did not let happen, and why the last one did not.
    public var failures = 0
    public var lastFailure: StorageError?
    /// Why the last try failed; nil when it did not.
    public var ongoingFailure: StorageError?
    /// Rows that retention and deletion took away since the start.
    public var removedRows = 0
    /// Blocks that could not be read; their rows are left out.
    public var damagedBlocks = 0
}

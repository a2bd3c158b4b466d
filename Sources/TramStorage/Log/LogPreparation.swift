import TramSystem

/// Makes the file that comes next while the log still writes to the one before.
///
/// Reserving 64 MiB takes the file system a moment, in which no record should have to wait.
final class LogPreparation: Sendable {
    private enum Next {
        case none
        case wanted(UInt64)
        case underway
        case ready(Prepared)
        case closed
    }

    struct Prepared: Sendable {
        var name: String
        var file: any StoredFile
        /// Room that is reserved.
        var byteCount: Int
    }

    private let folder: String
    private let fileSystem: any FileSystem
    private let fileBytes: Int
    private let next = Monitor(Next.none)
    /// Files made so far.
    private let madeCount = Monitor(0)

    /// Of the first file; each next one has four times the room of the one before, up to `fileBytes`. A database that
    /// nobody writes much to reserves little.
    private static let firstFileBytes = 1 << 20

    init(folder: String, fileSystem: any FileSystem, fileBytes: Int) {
        self.folder = folder
        self.fileSystem = fileSystem
        self.fileBytes = fileBytes
    }

    /// Asks for a file to be made ready.
    func want(_ sequence: UInt64) {
        next.withLock { next in
            if case .none = next { next = .wanted(sequence) }
        }
        next.wake()
    }

    /// A prepared file; made now when none is ready or being made.
    func take(_ sequence: UInt64) throws(SystemError) -> Prepared {
        let ready = next.wait { next -> Prepared?? in
            switch next {
            case .underway: return nil
            case .ready(let prepared):
                next = .none
                return .some(prepared)
            case .wanted:
                next = .none
                return .some(nil)
            case .none, .closed: return .some(nil)
            }
        }
        if let prepared = ready.flatMap({ $0 }) { return prepared }
        return try make(sequence)
    }

    private func make(_ sequence: UInt64) throws(SystemError) -> Prepared {
        let name = LogName.file(sequence) + LogName.temporarySuffix
        let file = try fileSystem.open(folder + "/" + name, .replace)
        let made = madeCount.withLock { $0 }
        let byteCount = min(fileBytes, LogPreparation.firstFileBytes << (2 * min(made, 16)))
        try file.preallocate(byteCount: byteCount)
        try file.sync()
        madeCount.withLock { $0 += 1 }
        return Prepared(name: name, file: file, byteCount: byteCount)
    }

    /// Makes files that are wanted until `close`; for a thread of its own.
    func run() {
        while true {
            let wanted = next.wait { next -> UInt64?? in
                switch next {
                case .none, .underway, .ready: return nil
                case .closed: return .some(nil)
                case .wanted(let sequence):
                    next = .underway
                    return .some(sequence)
                }
            }
            guard let sequence = wanted.flatMap({ $0 }) else { return }
            // A file that cannot be made now is tried again when it is needed, and then the reason matters.
            finish(try? make(sequence))
        }
    }

    private func finish(_ prepared: Prepared?) {
        let isTooLate = next.withLock { next in
            if case .closed = next { return true }
            next = prepared.map { .ready($0) } ?? .none
            return false
        }
        next.wake()
        if isTooLate, let prepared { discard(prepared) }
    }

    /// Makes the file that is wanted, on the calling thread.
    func runOnce() {
        let sequence = next.withLock { next -> UInt64? in
            guard case .wanted(let sequence) = next else { return nil }
            next = .underway
            return sequence
        }
        if let sequence { finish(try? make(sequence)) }
    }

    func close() {
        let prepared = next.withLock { next -> Prepared? in
            defer { next = .closed }
            if case .ready(let prepared) = next { return prepared }
            return nil
        }
        next.wake()
        if let prepared { discard(prepared) }
    }

    private func discard(_ prepared: Prepared) {
        // When this fails, the next start removes it.
        try? fileSystem.remove(folder + "/" + prepared.name)
    }
}

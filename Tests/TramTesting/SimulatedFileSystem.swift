import Glibc
import Synchronization
public import TramSystem

/// A file system in memory that loses power, fails and fills up as a test wants it, the same for the same seed.
///
/// It keeps to what POSIX promises and to no more: bytes are durable after a sync of their file, names after a sync of
/// their folder, and until then any part of them, in any order, may survive `losePower` or not.
public final class SimulatedFileSystem: FileSystem {
    /// The kinds of calls that can be made to fail.
    public enum Call: String, Sendable, CaseIterable {
        case open, byteCount, read, write, preallocate, truncate, sync
        case names, createFolder, rename, link, remove, syncFolder, freeBytes
    }

    /// Which calls fail, and how.
    public struct Fault: Sendable {
        var kinds: Set<Call>
        var first: Int
        var count: Int
        var errno: Int32
        var seen = 0

        /// The calls `first ..< first + count` of the kinds, counted from 1 since the fault was set, fail.
        public init(_ kinds: Set<Call>, first: Int = 1, count: Int = 1, errno: Int32) {
            self.kinds = kinds
            self.first = first
            self.count = count
            self.errno = errno
        }

        /// As above, for one kind.
        public init(_ kind: Call, first: Int = 1, count: Int = 1, errno: Int32) {
            self.init([kind], first: first, count: count, errno: errno)
        }
    }

    private enum Entry {
        case folder
        case file(Int)
    }

    private enum NameChange {
        case make(String, Entry)
        case remove(String)
        case move(from: String, to: String, Entry)
    }

    private struct State {
        var generator: SeededGenerator
        var disks: [Int: SimulatedDisk] = [:]
        var names: [String: Entry] = ["": .folder]
        var syncedNames: [String: Entry] = ["": .folder]
        var changes: [NameChange] = []
        var faults: [Fault] = []
        var callCount = 0
        var callsLeft: Int?
        var writesShort = false
        var capacity: Int?
        var flips: [String: [(offset: Int, bit: UInt8)]] = [:]
        var unreadable: [String: Range<Int>] = [:]
        /// Files opened before the last crash or restart are dead.
        var life = 0
    }

    private let state: Mutex<State>

    public init(seed: UInt64) {
        state = Mutex(State(generator: SeededGenerator(seed: seed)))
    }

    // MARK: What a test does to it

    public func add(_ fault: Fault) { state.withLock { $0.faults.append(fault) } }

    public func removeFaults() {
        state.withLock {
            $0.faults = []
            $0.callsLeft = nil
        }
    }

    /// Calls made so far.
    public var callCount: Int { state.withLock { $0.callCount } }

    /// After so many more calls the process is dead: every call fails until `restart` or `losePower`.
    public func die(afterCalls count: Int) { state.withLock { $0.callsLeft = count } }

    /// Whether `die` has come to pass.
    public var isDead: Bool { state.withLock { $0.callsLeft == 0 } }

    /// Writes take a random part of what they are given, and reads give a random part of what they are asked for.
    public func setShort(_ isShort: Bool) { state.withLock { $0.writesShort = isShort } }

    /// Room for all files together; nil for no end.
    public func setCapacity(_ bytes: Int?) { state.withLock { $0.capacity = bytes } }

    /// Bytes in all files that have a name.
    public var usedBytes: Int { state.withLock { SimulatedFileSystem.usedBytes($0) } }

    /// Reads of this file give one bit the wrong way round.
    public func flip(bit: UInt8, at offset: Int, in path: String) {
        state.withLock { $0.flips[path, default: []].append((offset, bit)) }
    }

    /// Reads that touch this part of the file fail with `EIO`.
    public func makeUnreadable(_ range: Range<Int>, in path: String) { state.withLock { $0.unreadable[path] = range } }

    /// The process was killed and comes again: open files are dead, all that was written is there.
    public func restart() {
        state.withLock {
            $0.life += 1
            $0.callsLeft = nil
        }
    }

    /// The power goes and comes back. What was not synced is there in part.
    public func losePower() {
        state.withLock { state in
            state.life += 1
            state.callsLeft = nil
            var names = state.syncedNames
            for change in state.changes where Bool.random(using: &state.generator) {
                SimulatedFileSystem.apply(change, &names)
            }
            state.names = names
            state.syncedNames = names
            state.changes = []
            for number in state.disks.keys.sorted() { state.disks[number]?.crash(&state.generator) }
        }
    }

    /// The bytes of a file; nil when there is none.
    public func contents(_ path: String) -> [UInt8]? {
        state.withLock { state in
            guard case .file(let number)? = state.names[path] else { return nil }
            return state.disks[number]?.bytes
        }
    }

    /// Puts a file there, durable, as somebody else does behind the program's back; nil takes it away.
    public func setContents(_ path: String, _ bytes: [UInt8]?) {
        state.withLock { state in
            guard let bytes else {
                state.names[path] = nil
                state.syncedNames[path] = nil
                return
            }
            var disk = SimulatedDisk()
            disk.write(bytes, at: 0)
            disk.sync()
            let number = state.disks.count
            state.disks[number] = disk
            state.names[path] = .file(number)
            state.syncedNames[path] = .file(number)
        }
    }

    /// Every file with its bytes, durable from now on: a copy of the whole disk.
    public func copy(seed: UInt64) -> SimulatedFileSystem {
        let other = SimulatedFileSystem(seed: seed)
        state.withLock { state in
            for (path, entry) in state.names.sorted(by: { $0.key < $1.key }) {
                switch entry {
                case .folder:
                    other.state.withLock {
                        $0.names[path] = .folder
                        $0.syncedNames[path] = .folder
                    }
                case .file(let number): other.setContents(path, state.disks[number]?.bytes ?? [])
                }
            }
        }
        return other
    }

    // MARK: FileSystem

    public func open(_ path: String, _ mode: OpenMode) throws(SystemError) -> any StoredFile {
        try call(.open, path) { state throws(SystemError) in
            var number: Int
            switch state.names[path] {
            case .folder: throw SystemError(errno: EISDIR, call: "open", path: path)
            case .file(let found):
                if case .create = mode { throw SystemError(errno: EEXIST, call: "open", path: path) }
                number = found
                if case .replace = mode { state.disks[number]?.resize(to: 0) }
            case nil:
                switch mode {
                case .read, .update: throw SystemError(errno: ENOENT, call: "open", path: path)
                case .create, .replace: break
                }
                try SimulatedFileSystem.checkFolder(of: path, state, "open")
                number = state.disks.count
                state.disks[number] = SimulatedDisk()
                SimulatedFileSystem.change(.make(path, .file(number)), &state)
            }
            return SimulatedFile(system: self, path: path, number: number, life: state.life)
        }
    }

    public func names(in folder: String) throws(SystemError) -> [String] {
        try call(.names, folder) { state throws(SystemError) in
            guard case .folder? = state.names[folder] else {
                throw SystemError(errno: ENOENT, call: "opendir", path: folder)
            }
            let prefix = folder.isEmpty ? "" : folder + "/"
            return state.names.keys.filter { $0.hasPrefix(prefix) && $0 != folder }
                .map { String($0.dropFirst(prefix.count)) }.filter { !$0.contains("/") && !$0.isEmpty }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }

    public func createFolder(_ path: String) throws(SystemError) {
        try call(.createFolder, path) { state throws(SystemError) in
            var made = ""
            for part in path.split(separator: "/") {
                made += made.isEmpty ? part : "/" + part
                switch state.names[made] {
                case .folder: continue
                case .file: throw SystemError(errno: ENOTDIR, call: "mkdir", path: made)
                case nil: SimulatedFileSystem.change(.make(made, .folder), &state)
                }
            }
        }
    }

    public func rename(_ path: String, to newPath: String) throws(SystemError) {
        try call(.rename, path) { state throws(SystemError) in
            guard let entry = state.names[path] else { throw SystemError(errno: ENOENT, call: "rename", path: path) }
            try SimulatedFileSystem.checkFolder(of: newPath, state, "rename")
            SimulatedFileSystem.change(.move(from: path, to: newPath, entry), &state)
        }
    }

    public func link(_ path: String, as newPath: String) throws(SystemError) {
        try call(.link, path) { state throws(SystemError) in
            guard let entry = state.names[path] else { throw SystemError(errno: ENOENT, call: "link", path: path) }
            guard state.names[newPath] == nil else { throw SystemError(errno: EEXIST, call: "link", path: path) }
            try SimulatedFileSystem.checkFolder(of: newPath, state, "link")
            SimulatedFileSystem.change(.make(newPath, entry), &state)
        }
    }

    public func remove(_ path: String) throws(SystemError) {
        try call(.remove, path) { state throws(SystemError) in
            guard case .file? = state.names[path] else {
                throw SystemError(errno: ENOENT, call: "unlink", path: path)
            }
            SimulatedFileSystem.change(.remove(path), &state)
        }
    }

    public func syncFolder(_ path: String) throws(SystemError) {
        try call(.syncFolder, path) { state throws(SystemError) in
            guard case .folder? = state.names[path] else {
                throw SystemError(errno: ENOENT, call: "open", path: path)
            }
            for change in state.changes where SimulatedFileSystem.isIn(change, path) {
                SimulatedFileSystem.apply(change, &state.syncedNames)
            }
            state.changes.removeAll { SimulatedFileSystem.isIn($0, path) }
        }
    }

    public func freeBytes(in folder: String) throws(SystemError) -> Int {
        try call(.freeBytes, folder) { state throws(SystemError) in
            state.capacity.map { max(0, $0 - SimulatedFileSystem.usedBytes(state)) } ?? 1 << 40
        }
    }

    // MARK: Inside

    private func call<Answer>(
        _ kind: Call, _ path: String, life: Int? = nil, _ body: (inout State) throws(SystemError) -> Answer
    ) throws(SystemError) -> Answer {
        try state.withLock { state throws(SystemError) in
            try SimulatedFileSystem.pass(kind, path, life: life, &state)
            return try body(&state)
        }
    }

    /// Counts a call, and fails it when it is to fail.
    private static func pass(_ kind: Call, _ path: String, life: Int?, _ state: inout State) throws(SystemError) {
        state.callCount += 1
        if let life, life != state.life { throw SystemError(errno: ESTALE, call: kind.rawValue, path: path) }
        if let left = state.callsLeft {
            guard left > 0 else { throw SystemError(errno: EIO, call: kind.rawValue, path: path) }
            state.callsLeft = left - 1
        }
        var reason: Int32?
        for index in state.faults.indices where state.faults[index].kinds.contains(kind) {
            state.faults[index].seen += 1
            let fault = state.faults[index]
            if fault.seen >= fault.first, fault.seen - fault.first < fault.count { reason = fault.errno }
        }
        if let reason { throw SystemError(errno: reason, call: kind.rawValue, path: path) }
    }

    private static func usedBytes(_ state: State) -> Int {
        var numbers: Set<Int> = []
        for case .file(let number) in state.names.values { numbers.insert(number) }
        return numbers.reduce(0) { $0 + (state.disks[$1]?.bytes.count ?? 0) }
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    private static func checkFolder(of path: String, _ state: State, _ call: String) throws(SystemError) {
        guard case .folder? = state.names[folder(of: path)] else {
            throw SystemError(errno: ENOENT, call: call, path: path)
        }
    }

    private static func change(_ change: NameChange, _ state: inout State) {
        apply(change, &state.names)
        state.changes.append(change)
    }

    private static func apply(_ change: NameChange, _ names: inout [String: Entry]) {
        switch change {
        case .make(let path, let entry): names[path] = entry
        case .remove(let path): names[path] = nil
        case .move(let old, let new, let entry):
            names[old] = nil
            names[new] = entry
        }
    }

    private static func isIn(_ change: NameChange, _ path: String) -> Bool {
        switch change {
        case .make(let name, _), .remove(let name): folder(of: name) == path
        case .move(let old, let new, _): folder(of: old) == path || folder(of: new) == path
        }
    }

    /// Room for a file of `number` to become this long.
    private static func room(_ number: Int, for count: Int, _ state: State) -> Int {
        let own = state.disks[number]?.bytes.count ?? 0
        guard let capacity = state.capacity else { return count }
        return min(count, own + max(0, capacity - usedBytes(state)))
    }

    // MARK: Files

    private final class SimulatedFile: StoredFile {
        let system: SimulatedFileSystem
        let path: String
        let number: Int
        let life: Int

        init(system: SimulatedFileSystem, path: String, number: Int, life: Int) {
            self.system = system
            self.path = path
            self.number = number
            self.life = life
        }

        func byteCount() throws(SystemError) -> Int {
            try system.call(.byteCount, path, life: life) { $0.disks[number]?.bytes.count ?? 0 }
        }

        func readOnce(into bytes: inout [UInt8], _ range: Range<Int>, at offset: Int) throws(SystemError) -> Int {
            let found = try system.call(.read, path, life: life) { state throws(SystemError) -> [UInt8] in
                let all = state.disks[number]?.bytes ?? []
                let start = min(offset, all.count)
                var count = min(range.count, all.count - start)
                if let hole = state.unreadable[path], hole.overlaps(start..<start + count) {
                    throw SystemError(errno: EIO, call: "read", path: path)
                }
                if state.writesShort, count > 1 { count = Int.random(in: 1...count, using: &state.generator) }
                var part = Array(all[start..<start + count])
                for flip in state.flips[path] ?? [] where (start..<start + count).contains(flip.offset) {
                    part[flip.offset - start] ^= 1 << flip.bit
                }
                return part
            }
            bytes.replaceSubrange(range.lowerBound..<range.lowerBound + found.count, with: found)
            return found.count
        }

        func writeOnce(_ pieces: ArraySlice<[UInt8]>, skipping: Int, at offset: Int) throws(SystemError) -> Int {
            let all = Array(pieces.joined().dropFirst(skipping))
            return try system.state.withLock { state throws(SystemError) in
                do throws(SystemError) {
                    try SimulatedFileSystem.pass(.write, path, life: life, &state)
                } catch {
                    // A part of it may be there all the same.
                    if state.life == life, state.callsLeft != 0, !all.isEmpty {
                        let part = Int.random(in: 0...all.count, using: &state.generator)
                        let room = SimulatedFileSystem.room(number, for: offset + part, state)
                        state.disks[number]?.write(all.prefix(min(part, max(0, room - offset))), at: offset)
                    }
                    throw error
                }
                var count = all.count
                if state.writesShort, count > 1 { count = Int.random(in: 1...count, using: &state.generator) }
                count = min(count, max(0, SimulatedFileSystem.room(number, for: offset + count, state) - offset))
                if count == 0, !all.isEmpty { throw SystemError(errno: ENOSPC, call: "write", path: path) }
                state.disks[number]?.write(all.prefix(count), at: offset)
                return count
            }
        }

        func preallocate(byteCount: Int) throws(SystemError) {
            try system.call(.preallocate, path, life: life) { state throws(SystemError) in
                guard SimulatedFileSystem.room(number, for: byteCount, state) == byteCount else {
                    throw SystemError(errno: ENOSPC, call: "preallocate", path: path)
                }
                state.disks[number]?.resize(atLeast: byteCount)
            }
        }

        func truncate(to byteCount: Int) throws(SystemError) {
            try system.call(.truncate, path, life: life) { state throws(SystemError) in
                state.disks[number]?.resize(to: byteCount)
            }
        }

        /// What reads give now: the whole file, through the same faults.
        func image() throws(SystemError) -> FileImage {
            var bytes = [UInt8](repeating: 0, count: try byteCount())
            _ = try read(into: &bytes, 0..<bytes.count, at: 0)
            return FileImage(bytes)
        }

        func sync() throws(SystemError) {
            try system.state.withLock { state throws(SystemError) in
                do throws(SystemError) {
                    try SimulatedFileSystem.pass(.sync, path, life: life, &state)
                } catch {
                    if state.life == life, state.callsLeft != 0 { state.disks[number]?.failSync(&state.generator) }
                    throw error
                }
                state.disks[number]?.sync()
            }
        }
    }
}

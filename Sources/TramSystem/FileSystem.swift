/// The file system as storage sees it. Tests pass one that fails, tears writes and loses power.
///
/// What is written is durable only after `StoredFile.sync`, and a name that was made, moved or removed only after
/// `syncFolder` of the folder that holds it. Safe from any thread.
public protocol FileSystem: Sendable {
    /// Opens a plain file.
    ///
    /// - Throws: `ENOENT` when it is not there and `mode` makes none, `EEXIST` when it is and `mode` is `.create`.
    func open(_ path: String, _ mode: OpenMode) throws(SystemError) -> any StoredFile

    /// The names in a folder, `.` and `..` left out, sorted by their bytes.
    func names(in folder: String) throws(SystemError) -> [String]

    /// Makes a folder and those above it that are missing; one that is there is left as it is.
    func createFolder(_ path: String) throws(SystemError)

    /// Gives a file another name, in one step: whoever looks sees the old one or the new one. A file that has the new
    /// name is replaced.
    func rename(_ path: String, to newPath: String) throws(SystemError)

    /// Gives a file a second name. The bytes are there once.
    ///
    /// - Throws: `EEXIST` when the new name is taken.
    func link(_ path: String, as newPath: String) throws(SystemError)

    /// Removes a name; the bytes go with the last one.
    func remove(_ path: String) throws(SystemError)

    /// Makes the names in a folder durable.
    func syncFolder(_ path: String) throws(SystemError)

    /// Bytes that may still be written to the file system of this folder.
    func freeBytes(in folder: String) throws(SystemError) -> Int
}

/// What a file is opened for.
public enum OpenMode: Sendable {
    /// Reading; the file must be there.
    case read
    /// Reading and writing; the file must be there.
    case update
    /// Reading and writing; the file must not be there yet.
    case create
    /// Reading and writing; what was in the file is gone.
    case replace
}

/// An open file of a `FileSystem`, closed with its last reference. Every call names its place, so any threads may share
/// it.
public protocol StoredFile: AnyObject, Sendable {
    /// As given to `open`.
    var path: String { get }

    /// Bytes in the file now.
    func byteCount() throws(SystemError) -> Int

    /// One read into `bytes[range]` from byte `offset`; may give less than asked for before the end.
    ///
    /// - Returns: bytes read; 0 at the end, and for an empty range.
    func readOnce(into bytes: inout [UInt8], _ range: Range<Int>, at offset: Int) throws(SystemError) -> Int

    /// One gathering write to byte `offset`, of `pieces` without the first `skipping` bytes of the first one.
    ///
    /// - Returns: bytes written, at least one unless there are none; it may be fewer than given.
    /// - Throws: the reason when not one byte could be written.
    func writeOnce(_ pieces: ArraySlice<[UInt8]>, skipping: Int, at offset: Int) throws(SystemError) -> Int

    /// Reserves room, so that the file has at least this many bytes, zero where nothing was written, and writes to
    /// them do not change its size. On file systems that reserve nothing the file is only made longer.
    func preallocate(byteCount: Int) throws(SystemError)

    /// Cuts the file, or makes it longer with zeros.
    func truncate(to byteCount: Int) throws(SystemError)

    /// The file's bytes as memory, as many as it has now. Only for files that are not written any more.
    func image() throws(SystemError) -> FileImage

    /// Makes what was written durable, with the size and all else that reading it needs (fdatasync).
    ///
    /// After a throw nobody knows what of it is on the disk, and a second call that succeeds proves nothing: Linux
    /// forgets the pages that it could not write (Rebello et al., USENIX ATC 2020).
    func sync() throws(SystemError)
}

extension StoredFile {
    /// Reads into `bytes[range]` from byte `offset` until it is full or the file ends.
    ///
    /// - Returns: bytes read, fewer than asked for only at the end of the file.
    public func read(into bytes: inout [UInt8], _ range: Range<Int>, at offset: Int) throws(SystemError) -> Int {
        var done = 0
        while done < range.count {
            let rest = range.lowerBound + done..<range.upperBound
            let count = try readOnce(into: &bytes, rest, at: offset + done)
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Writes every byte of `pieces`, one behind the other, from byte `offset` on, however many calls that takes.
    ///
    /// - Throws: the reason; some of the bytes may have been written then.
    public func write(_ pieces: [[UInt8]], at offset: Int) throws(SystemError) {
        var place = offset
        var rest = pieces[...]
        var skipping = 0
        while true {
            while let first = rest.first, first.count <= skipping {
                skipping -= first.count
                rest.removeFirst()
            }
            if rest.isEmpty { return }
            let count = try writeOnce(rest, skipping: skipping, at: place)
            place += count
            skipping += count
        }
    }
}

import Glibc

/// Folders of the file system.
public enum Directory {
    /// Gives a folder another name, in one step.
    public static func rename(_ path: String, to other: String) throws(SystemError) {
        guard unsafe Glibc.rename(path, other) == 0 else {
            throw SystemError(errno: errno, call: "rename", path: path)
        }
    }

    /// Removes a folder with everything in it, folders of folders included. Links are removed and not followed.
    public static func removeTree(_ path: String) throws(SystemError) {
        for name in try names(in: path) {
            let entry = path + "/" + name
            if unsafe unlink(entry) == 0 { continue }
            guard errno == EISDIR || errno == EPERM else {
                throw SystemError(errno: errno, call: "unlink", path: entry)
            }
            try removeTree(entry)
        }
        guard unsafe rmdir(path) == 0 else { throw SystemError(errno: errno, call: "rmdir", path: path) }
    }

    /// Makes a folder and those above it that are missing; one that is there is left as it is.
    ///
    /// - Throws: `ENOTDIR` when a file is in the way, and whatever else keeps it from being made.
    public static func create(_ path: String) throws(SystemError) {
        guard !path.utf8.contains(0) else { throw SystemError(errno: EINVAL, call: "mkdir", path: path) }
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += made.isEmpty || made.hasSuffix("/") ? part : "/" + part
            if unsafe mkdir(made, 0o755) != 0, errno != EEXIST {
                throw SystemError(errno: errno, call: "mkdir", path: made)
            }
        }
        _ = try names(in: path.isEmpty ? "." : path)
    }

    /// The names in a folder, `.` and `..` left out, sorted by their bytes.
    ///
    /// - Throws: `ENOENT` when there is no such folder, and whatever else keeps it from being read.
    public static func names(in path: String) throws(SystemError) -> [String] {
        guard let directory = unsafe opendir(path) else { throw SystemError(errno: errno, call: "opendir", path: path) }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

/// A path of a definition file, with `*` and `?` in its last part: `rules/*.yaml`.
public struct FilePattern: Hashable, Sendable {
    /// The folder, relative to where the pattern stands resolved; `.` for none.
    public var folder: String
    /// The last part.
    public var name: String

    /// `pattern` as it stands in `file`: relative paths begin in that file's folder.
    public init(_ pattern: String, besides file: String) {
        let path = FilePattern.resolve(pattern, besides: file)
        if let slash = path.lastIndex(of: "/") {
            folder = slash == path.startIndex ? "/" : String(path[..<slash])
            name = String(path[path.index(after: slash)...])
        } else {
            folder = "."
            name = path
        }
    }

    /// Whether the last part has a `*` or `?`; without one the path names one file that has to exist.
    public var isPattern: Bool {
        name.contains { $0 == "*" || $0 == "?" }
    }

    /// The path of a file with this name in the folder.
    public func path(of name: String) -> String {
        switch folder {
        case ".": name
        case "/": "/" + name
        default: folder + "/" + name
        }
    }

    /// Whether a file's name fits; hidden files only fit a pattern that begins with a point. O(name × pattern).
    public func matches(_ name: String) -> Bool {
        let text = Array(name)
        let pattern = Array(self.name)
        if text.first == ".", pattern.first != "." { return false }
        var (position, index) = (0, 0)
        var retry: (position: Int, index: Int)?
        while position < text.count {
            if index < pattern.count, pattern[index] == "*" {
                index += 1
                retry = (position, index)
            } else if index < pattern.count, pattern[index] == "?" || pattern[index] == text[position] {
                position += 1
                index += 1
            } else if let (start, after) = retry {
                // The last star takes one character more.
                retry = (start + 1, after)
                (position, index) = (start + 1, after)
            } else {
                return false
            }
        }
        return pattern[index...].allSatisfy { $0 == "*" }
    }

    /// `path` seen from the folder of `file`; absolute paths stay.
    public static func resolve(_ path: String, besides file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }
}

import Glibc

/// The running program's own file.
public enum Executable {
    /// The folder that holds it, nil when the kernel does not say.
    public static var folder: String? {
        var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe path.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            return unsafe readlink("/proc/self/exe", start.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard count > 0, count < path.count else { return nil }
        let text = String(decoding: path[..<count], as: UTF8.self)
        return text.lastIndex(of: "/").map { String(text[..<$0]) }
    }
}

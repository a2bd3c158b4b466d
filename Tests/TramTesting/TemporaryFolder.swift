import Glibc
package import TramSystem

/// A folder of the machine, removed at the end with everything in it.
package final class TemporaryFolder: Sendable {
    package let path: String

    /// Throws `SystemError` when no folder can be made under /tmp.
    package init() throws(SystemError) {
        var template = Array("/tmp/tram-test-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SystemError(errno: errno, call: "mkdtemp", path: "/tmp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        try? Directory.removeTree(path)
    }
}

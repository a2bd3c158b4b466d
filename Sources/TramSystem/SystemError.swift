/// A call to the kernel that failed: which one, on what, and why.
public struct SystemError: Error, Equatable, Sendable {
    public var errno: Int32
    public var call: String
    public var path: String

    public init(errno: Int32, call: String, path: String) {
        self.errno = errno
        self.call = call
        self.path = path
    }
}

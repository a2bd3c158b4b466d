import Synchronization

/// Texts with a number each, given in order of arrival from 0 and never changed.
///
/// Safe from any thread. `code` is O(text) and takes the lock once; readers of many codes take one `snapshot`.
public final class StringTable: Sendable {
    private struct State {
        var texts: [String] = []
        var codes: [String: UInt32] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// The number of `text`, a new one when it is not known yet.
    public func code(_ text: String) -> UInt32 {
        state.withLock { state in
            if let known = state.codes[text] { return known }
            let code = UInt32(truncatingIfNeeded: state.texts.count)
            state.texts.append(text)
            state.codes[text] = code
            return code
        }
    }

    /// The number of `text`, nil when it was never given one.
    public func existingCode(_ text: String) -> UInt32? {
        state.withLock { $0.codes[text] }
    }

    /// Every text by its number, as of now. O(1): the array is shared until the table grows.
    public func snapshot() -> [String] {
        state.withLock { $0.texts }
    }

    public var count: Int {
        state.withLock { $0.texts.count }
    }
}

import Glibc
import TramSystem

/// Work that failed, said for a person.
struct Failure: Error {
    var message: String
    /// The exit status.
    var status: Int32 = 1
}

/// What is said beside the results, on standard error.
enum Talk {
    static func line(_ text: String) {
        // Nobody is left to be told when standard error is closed.
        try? StandardStream.error.write(text + "\n")
    }
}

func leave(withStatus status: Int32) -> Never {
    Glibc.exit(status)
}

/// A line that is written over while a person waits: nothing in the first second, nothing when nobody watches.
final class Progress {
    private static let pause: Int64 = 200_000_000
    private static let patience: Int64 = 1_000_000_000

    private let label: String
    private let time: any TimeSource
    private let begun: Int64
    private var shown: Int64
    private let isWatched: Bool

    init(_ label: String, time: any TimeSource = SystemTime()) {
        self.label = label
        self.time = time
        begun = time.monotonic()
        shown = begun
        isWatched = StandardStream.error.isTerminal
    }

    var elapsedSeconds: Double { Double(time.monotonic() - begun) / 1e9 }

    /// Shows how far the work is; `total` where it is known.
    func show(_ done: Int, of total: Int?, unit: String = "MB") {
        guard isWatched else { return }
        let now = time.monotonic()
        guard now - begun > Progress.patience, now - shown > Progress.pause else { return }
        shown = now
        var text = "\r\(label) \(done / 1_000_000)"
        if let total, total > 0 {
            let filled = min(20, done * 20 / total)
            text += " / \(total / 1_000_000) \(unit) "
            text += "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled) + "]"
        } else {
            text += " \(unit)"
        }
        try? StandardStream.error.write(text + "\u{1b}[K")
    }

    /// Takes the line away.
    func clear() {
        if isWatched && shown != begun { try? StandardStream.error.write("\r\u{1b}[K") }
    }
}

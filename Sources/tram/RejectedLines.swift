import TramColumnar
import TramEngine
import TramLineProtocol

/// Tells of refused lines: the first ones with their place, then how many there were of each kind.
final class RejectedLines {
    private static let told = 10

    private let language: Language
    private var count = 0

    init(language: Language) {
        self.language = language
    }

    func tell(_ feed: String, _ line: RejectedLine) {
        count += 1
        guard count <= RejectedLines.told else { return }
        let excerpt = line.excerpt.isEmpty ? "" : "\n    \(line.excerpt)"
        Talk.line("\(feed): \(line.message)\(excerpt)")
    }

    /// Times in the first year after 1970 are nearly always seconds or milliseconds taken for nanoseconds.
    func warnOfEarlyTimes(_ replay: Replay) {
        for measurement in replay.summary.measurements {
            guard let first = measurement.extent?.start, first >= 0, first < 31_536_000_000_000_000 else { continue }
            Talk.line(
                language == .vi
                    ? "\(measurement.name): có thời gian thuộc năm 1970; nếu dữ liệu dùng giây hay mili giây, thêm --precision s hoặc ms"
                    : "\(measurement.name): there are times in 1970; if the feed sends seconds or milliseconds, say --precision s or ms"
            )
        }
    }

    func summarise(_ classes: [RejectedLine.Class: Int]) {
        let total = classes.values.reduce(0, +)
        guard total > 0 else { return }
        let list = classes.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }
            .joined(separator: ", ")
        Talk.line(
            language == .vi
                ? "đã bỏ \(total) dòng sai (\(list)); các dòng khác vẫn được nhận"
                : "\(total) bad \(total == 1 ? "line was" : "lines were") left out (\(list)); all others were taken")
    }
}

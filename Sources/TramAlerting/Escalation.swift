public import TramColumnar

/// One link of an escalation chain: the level that is told, and how long after the incident opened.
public struct EscalationStep: Hashable, Sendable {
    public var level: String
    /// Nanoseconds; 0 for the first level.
    public var after: Int64

    public init(level: String, after: Int64) {
        self.level = level
        self.after = after
    }
}

/// Why a chain such as `commune > province 15m > central 2h` was refused.
public struct EscalationError: Error, Hashable, Sendable {
    public var message: Bilingual
    /// Characters before the place in the text.
    public var offset: Int
}

extension EscalationStep {
    /// Reads `level > level duration > …`: lowest level first, each level once, later steps later.
    public static func chain(_ text: String) throws(EscalationError) -> [EscalationStep] {
        var steps: [EscalationStep] = []
        var offset = 0
        for part in text.split(separator: ">", omittingEmptySubsequences: false) {
            let words = part.split(whereSeparator: \.isWhitespace).map(String.init)
            let place = offset + part.prefix { $0.isWhitespace }.count
            let step = try step(words, isFirst: steps.isEmpty, at: place)
            if steps.contains(where: { $0.level == step.level }) {
                throw EscalationError(
                    en: "the level \"\(step.level)\" stands twice in the chain",
                    vi: "cấp \"\(step.level)\" xuất hiện hai lần trong chuỗi", offset: place)
            }
            if let before = steps.last, step.after <= before.after {
                throw EscalationError(
                    en: "\"\(step.level)\" must be told later than \"\(before.level)\"",
                    vi: "\"\(step.level)\" phải được báo muộn hơn \"\(before.level)\"", offset: place)
            }
            steps.append(step)
            offset += part.count + 1
        }
        return steps
    }

    private static func step(
        _ words: [String], isFirst: Bool, at offset: Int
    ) throws(EscalationError) -> EscalationStep {
        guard let level = words.first, words.count <= 2 else {
            throw EscalationError(
                en: "a step is a level and a duration, such as \"province 15m\"",
                vi: "một bước gồm một cấp và một khoảng thời gian, ví dụ \"province 15m\"", offset: offset)
        }
        if isFirst {
            guard words.count == 1 else {
                throw EscalationError(
                    en: "the first level is told at once: it takes no duration",
                    vi: "cấp đầu tiên được báo ngay: không kèm khoảng thời gian", offset: offset)
            }
            return EscalationStep(level: level, after: 0)
        }
        guard words.count == 2, let after = DurationText.nanoseconds(words[1]), after > 0 else {
            throw EscalationError(
                en: "after \"\(level)\" a duration such as 15m is missing",
                vi: "sau \"\(level)\" thiếu khoảng thời gian, ví dụ 15m", offset: offset)
        }
        return EscalationStep(level: level, after: after)
    }
}

extension EscalationError {
    fileprivate init(en: String, vi: String, offset: Int) {
        self.init(message: Bilingual(vi: vi, en: en), offset: offset)
    }
}

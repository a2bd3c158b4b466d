import TramColumnar

extension Parser {
    /// `{ "let" name "=" pipe ";" } [ "explain" ] pipe`
    mutating func statement() throws(QueryError) -> Statement {
        if isAtEnd {
            throw failure(
                en: "the query is empty", vi: "câu truy vấn đang để trống",
                hint: Bilingual(
                    vi: "Ví dụ: traffic[1h] | mean(speed) by way", en: "For example: traffic[1h] | mean(speed) by way"))
        }
        var bindings: [Statement.Binding] = []
        while isAt(word: "let"), case .name = next.kind {
            advance()
            let name = try name(en: "a name after let", vi: "tên sau let")
            guard take(.equal) else { throw unexpected(en: "\"=\"", vi: "\"=\"") }
            let pipe = try pipe()
            guard take(.semicolon) else {
                if isAtEnd {
                    throw failure(
                        en: "a let ends with \";\" and the query follows it",
                        vi: "let kết thúc bằng \";\", sau đó mới đến câu truy vấn")
                }
                throw afterStage(pipe.stages.last)
            }
            bindings.append(Statement.Binding(name: name, pipe: pipe))
        }
        if isAtEnd {
            throw failure(
                en: "the query itself is missing after the last let", vi: "sau let cuối cùng còn thiếu câu truy vấn")
        }
        let isExplain: Bool
        if isAt(word: "explain") {
            switch next.kind {
            case .name, .symbol(.openParenthesis): isExplain = true
            default: isExplain = false
            }
        } else {
            isExplain = false
        }
        if isExplain { advance() }
        let pipe = try pipe()
        guard isAtEnd else { throw afterStage(pipe.stages.last) }
        return Statement(bindings: bindings, isExplain: isExplain, pipe: pipe)
    }

    /// `( source | show ) { "|" stage }`
    mutating func pipe() throws(QueryError) -> Pipe {
        var pipe = Pipe(source: try source(), stages: [])
        while take(.pipe) { pipe.stages.append(try stage()) }
        return pipe
    }

    private mutating func source() throws(QueryError) -> Source {
        var source: Source
        if isAt(.openParenthesis) {
            let opening = current
            source = try nested { (parser) throws(QueryError) in
                parser.advance()
                let pipe = try parser.pipe()
                if !parser.isAt(.closeParenthesis), !parser.isAtEnd { throw parser.afterStage(pipe.stages.last) }
                try parser.close(.closeParenthesis, opening: opening)
                return Source(kind: .pipe(pipe))
            }
        } else if isAt(word: "show"), isShow {
            return try show()
        } else {
            if let foreign = foreignBeginning { throw foreign }
            source = Source(
                kind: .names(
                    try names(
                        en: "the name of a measurement, such as traffic[1h]", vi: "tên một số đo, ví dụ traffic[1h]")))
        }
        if isAt(.openBracket) {
            source.range = try range()
            if take(word: "warm") { source.warm = try duration() }
        } else if isAt(word: "warm") {
            throw failure(
                .misplaced, en: "warm follows a range: traffic[1h] warm 12h",
                vi: "warm đứng sau khoảng thời gian trong ngoặc vuông: traffic[1h] warm 12h")
        }
        if take(word: "where") { source.filter = try expression() }
        return source
    }

    /// A measurement may be called show, as long as no name follows it.
    private var isShow: Bool {
        switch next.kind {
        case .symbol: false
        default: next.kind != .name("where", isQuoted: false)
        }
    }

    /// `"show" ( "measurements" | "tags" | "fields" | "series" ) [ name ] [ "where" expr ]`
    private mutating func show() throws(QueryError) -> Source {
        advance()
        let subjects = Show.Subject.allCases.map(\.rawValue)
        guard let word = currentWord, let subject = Show.Subject(rawValue: word) else {
            let near = currentWord.map { Suggestions.closest(to: $0, among: subjects) } ?? []
            throw failure(
                en: "show lists one of: \(subjects.joined(separator: ", "))",
                vi: "show liệt kê một trong các loại: \(subjects.joined(separator: ", "))",
                hint: Suggestions.didYouMean(near))
        }
        advance()
        var measurement: Name?
        if case .name = current.kind, !isAt(word: "where") {
            measurement = try name(en: "the name of a measurement", vi: "tên một số đo")
        }
        var source = Source(kind: .show(Show(subject: subject, measurement: measurement)))
        if take(word: "where") { source.filter = try expression() }
        return source
    }

    /// The complaint for a text that begins as one in another language does.
    private var foreignBeginning: QueryError? {
        guard let word = currentWord else {
            if isAt(.openBracket) {
                return failure(
                    en: "the measurement is missing before the range", vi: "thiếu tên số đo trước khoảng thời gian",
                    hint: Bilingual(vi: "Ví dụ: traffic[1h]", en: "For example: traffic[1h]"))
            }
            if isAt(.pipe) {
                return failure(
                    en: "the measurement is missing before the first \"|\"",
                    vi: "thiếu tên số đo trước dấu \"|\" đầu tiên",
                    hint: Bilingual(
                        vi: "Ví dụ: traffic[1h] | mean(speed)", en: "For example: traffic[1h] | mean(speed)"))
            }
            return nil
        }
        switch next.kind {
        case .name(let following, isQuoted: false) where Keyword.sourceClauses.contains(following): return nil
        case .symbol(.openBracket), .symbol(.pipe), .symbol(.comma), .symbol(.semicolon), .end:
            guard word == "SELECT" || word == "FROM" else { return nil }
        case .symbol(.openParenthesis):
            return failure(
                en: "a query starts with a measurement, not with a function",
                vi: "câu truy vấn bắt đầu bằng tên số đo, không phải bằng hàm",
                hint: Bilingual(vi: "Viết: traffic[1h] | \(word)(…)", en: "Write: traffic[1h] | \(word)(…)"))
        default: break
        }
        guard ["select", "from"].contains(word.lowercased()) else { return nil }
        var measurement = "traffic"
        var ahead = 0
        while token(ahead: ahead).kind != .end {
            if case .name(let from, isQuoted: false) = token(ahead: ahead).kind, from.lowercased() == "from",
                case .name(let name, _) = token(ahead: ahead + 1).kind
            {
                measurement = name
            }
            ahead += 1
        }
        return failure(
            en: "\"\(word)\" does not begin a query", vi: "câu truy vấn không bắt đầu bằng \"\(word)\"",
            hint: Bilingual(
                vi: "Bắt đầu bằng tên số đo: \(measurement)[1h] | mean(…) by …",
                en: "Start with the measurement: \(measurement)[1h] | mean(…) by …"))
    }

    // MARK: Ranges and instants

    /// `"[" range "]"`
    private mutating func range() throws(QueryError) -> RangeExpression {
        let opening = current
        advance()
        let first = current
        if isAt(.closeBracket) {
            throw QueryError(
                .badRange, at: opening.at.joined(current.at), en: "the range is empty",
                vi: "khoảng thời gian đang để trống",
                hint: Bilingual(vi: "Ví dụ: [1h], [today], [all]", en: "For example: [1h], [today], [all]"))
        }
        let kind = try rangeKind()
        let place = first.at.joined(previous.at)
        if case .instant(.timeOfDay) = current.kind,
            case .instant(.at(_, timeOfDay: nil, offsetSeconds: _)) = previous.kind
        {
            throw missingT
        }
        try close(.closeBracket, opening: opening)
        let range = RangeExpression(kind: kind, at: place)
        if case .between(let start?, let end?) = kind, Parser.isBackwards(start, end) {
            throw QueryError(
                .badRange, at: place, en: "the range ends before it starts",
                vi: "khoảng thời gian kết thúc trước khi bắt đầu",
                hint: Bilingual(vi: "Đổi chỗ hai đầu", en: "Swap the two ends"))
        }
        return range
    }

    private mutating func rangeKind() throws(QueryError) -> RangeExpression.Kind {
        if case .duration(let duration) = current.kind {
            advance()
            if isAt(.range) {
                throw QueryError(
                    .badRange, at: previous.at, en: "a time before now has a minus",
                    vi: "thời điểm trước hiện tại phải có dấu trừ",
                    hint: Bilingual(
                        vi: "Viết: -\(QueryPrinter.print(duration))..", en: "Write: -\(QueryPrinter.print(duration))..")
                )
            }
            return .last(duration)
        }
        if case .integer = current.kind { return .month(year: try yearOfMonth(), month: try monthOfMonth()) }
        if let word = currentWord, word != "now", next.kind != .symbol(.range) {
            if word == "all" {
                advance()
                return .all
            }
            if let word = RangeExpression.Word(rawValue: word) {
                advance()
                return .word(word)
            }
            throw unknownRangeWord()
        }
        let start = isAt(.range) ? nil : try instant()
        guard take(.range) else {
            if isAt(.closeBracket), case .at(let date, timeOfDay: nil, offsetSeconds: _)? = start {
                return .day(year: date.year, month: date.month, day: date.day)
            }
            if case .instant(.timeOfDay) = current.kind, case .at(_, timeOfDay: nil, offsetSeconds: _)? = start {
                throw missingT
            }
            guard isAt(.closeBracket), let start else {
                throw unexpected(en: "\"..\" or \"]\"", vi: "\"..\" hoặc \"]\"")
            }
            let written = QueryPrinter.print(start)
            var example = "[\(written)..]"
            if case .ago(let duration) = start { example = "[\(QueryPrinter.print(duration))], [\(written)..]" }
            throw QueryError(
                .badRange, at: previous.at, en: "one point in time is not a range",
                vi: "một thời điểm chưa phải là khoảng thời gian",
                hint: Bilingual(vi: "Viết: \(example)", en: "Write: \(example)"))
        }
        let end = isAt(.closeBracket) ? nil : try instant()
        return .between(start, end)
    }

    private var missingT: QueryError {
        QueryError(
            .badInstant, at: previous.at.joined(current.at), en: "date and time are joined by T",
            vi: "ngày và giờ nối với nhau bằng chữ T",
            hint: Bilingual(vi: "Ví dụ: 2026-11-19T18:00", en: "For example: 2026-11-19T18:00"))
    }

    /// The year of `2026-11`.
    private mutating func yearOfMonth() throws(QueryError) -> Int {
        guard case .integer(let value) = current.kind, let year = Int(exactly: value) else {
            throw unexpected(en: "a range such as 1h", vi: "khoảng thời gian, ví dụ 1h")
        }
        if next.kind == .symbol(.slash), case .integer(let month) = token(ahead: 2).kind,
            token(ahead: 3).kind == .symbol(.slash), case .integer(let last) = token(ahead: 4).kind,
            year <= 31, month <= 12, (1000...9999).contains(last)
        {
            let right = "\(last)-\(Lexer.padded(Int(month), 2))-\(Lexer.padded(year, 2))"
            throw QueryError(
                .badInstant, at: current.at.joined(token(ahead: 4).at),
                en: "a date is written year-month-day: \(right)",
                vi: "ngày viết theo thứ tự năm-tháng-ngày: \(right)")
        }
        let isYear = current.at.end - current.at.start == 4
        guard isYear, next.kind == .symbol(.minus), next.at.start == current.at.end else {
            if isYear, next.kind == .symbol(.closeBracket) || next.kind == .symbol(.range) {
                throw failure(
                    .badRange, en: "a year alone is not a range", vi: "chỉ có năm thì chưa phải là khoảng thời gian",
                    hint: Bilingual(
                        vi: "Viết: [\(year)-01-01..\(year + 1)-01-01], [2026-11], [thisyear]",
                        en: "Write: [\(year)-01-01..\(year + 1)-01-01], [2026-11], [thisyear]"))
            }
            // Explains 1 h and a bare 15 as it does everywhere.
            _ = try duration()
            throw unexpected(en: "a range such as 1h", vi: "khoảng thời gian, ví dụ 1h")
        }
        advance()
        advance()
        return year
    }

    private mutating func monthOfMonth() throws(QueryError) -> Int {
        guard case .integer(let month) = current.kind, previous.at.end == current.at.start else {
            throw unexpected(en: "a month such as 2026-11", vi: "tháng, ví dụ 2026-11")
        }
        guard current.at.end - current.at.start == 2, (1...12).contains(month) else {
            throw failure(
                .badInstant, en: "months go from 01 to 12, with two digits", vi: "tháng viết hai chữ số, từ 01 đến 12",
                hint: Bilingual(vi: "Ví dụ: [2026-01]", en: "For example: [2026-01]"))
        }
        advance()
        return Int(month)
    }

    private mutating func unknownRangeWord() -> QueryError {
        let first = current
        var words = ""
        while let word = currentWord {
            words += words.isEmpty ? word : " \(word)"
            advance()
        }
        let place = first.at.joined(previous.at)
        // `last 7d`, `past 2h`.
        if case .duration(let duration) = current.kind, ["last", "past", "previous"].contains(words.lowercased()) {
            let right = "[\(QueryPrinter.print(duration))]"
            return QueryError(
                .badRange, at: place, en: "a range is written \(right)", vi: "khoảng thời gian viết là \(right)")
        }
        if words == "now", isAt(.openParenthesis) { return nowIsNoFunction(at: place) }
        if let word = Suggestions.rangeWord(for: words) {
            return QueryError(
                .badRange, at: place, en: "\"\(words)\" is not a range",
                vi: "\"\(words)\" không phải là khoảng thời gian",
                hint: Bilingual(vi: "Viết liền: [\(word)]", en: "It is one word: [\(word)]"))
        }
        let known = RangeExpression.Word.allCases.map(\.rawValue).joined(separator: ", ")
        return QueryError(
            .badRange, at: place, en: "\"\(words)\" is not a range", vi: "\"\(words)\" không phải là khoảng thời gian",
            hint: Bilingual(
                vi: "Viết độ dài như 1h, ngày như 2026-11-19, all, hoặc: \(known)",
                en: "Write a length such as 1h, a day such as 2026-11-19, all, or one of: \(known)"))
    }

    func nowIsNoFunction(at place: SourceRange) -> QueryError {
        QueryError(
            .syntax, at: place, en: "now is a word, not a function", vi: "now là một từ, không phải là hàm",
            hint: Bilingual(
                vi: "now() - 1h viết là [1h] ngay sau tên số đo: traffic[1h]",
                en: "now() - 1h is [1h] behind the measurement: traffic[1h]"))
    }

    /// `date [ "T" time [ zone ] ] | time | "-" dur | "now" | "today" | "yesterday"`
    mutating func instant() throws(QueryError) -> InstantExpression {
        if case .instant(let instant) = current.kind {
            advance()
            return instant
        }
        if let word = currentWord {
            let instant: InstantExpression? =
                switch word {
                case "now": .now
                case "today": .today
                case "yesterday": .yesterday
                default: nil
                }
            if let instant {
                if next.kind == .symbol(.openParenthesis) { throw nowIsNoFunction(at: current.at) }
                advance()
                if instant == .now, isAt(.minus), case .duration(let duration) = next.kind {
                    let right = "-\(QueryPrinter.print(duration))"
                    throw QueryError(
                        .badInstant, at: previous.at.joined(next.at), en: "a time before now is written \(right)",
                        vi: "thời điểm trước hiện tại viết là \(right)")
                }
                return instant
            }
            throw failure(
                .badInstant, en: "\"\(word)\" is not a point in time", vi: "\"\(word)\" không phải là thời điểm",
                hint: Suggestions.didYouMean(
                    Suggestions.closest(to: word, among: ["now", "today", "yesterday"]))
                    ?? Bilingual(
                        vi: "Ví dụ: 2026-11-19, 2026-11-19T18:00, 06:00, -2d, now, today, yesterday",
                        en: "For example: 2026-11-19, 2026-11-19T18:00, 06:00, -2d, now, today, yesterday"))
        }
        if take(.minus) { return .ago(try duration()) }
        if case .duration(let duration) = current.kind {
            let right = "-\(QueryPrinter.print(duration))"
            throw failure(
                .badInstant, en: "a time before now is written \(right)",
                vi: "thời điểm trước hiện tại viết là \(right)")
        }
        throw unexpected(
            en: "a time such as 2026-11-19, 06:00 or -2d", vi: "thời điểm, ví dụ 2026-11-19, 06:00 hoặc -2d")
    }

    /// Whether both ends are written out, comparable without a zone or a clock, and the wrong way round.
    private static func isBackwards(_ start: InstantExpression, _ end: InstantExpression) -> Bool {
        switch (start, end) {
        case (.at(let first, let firstTime, let firstOffset), .at(let second, let secondTime, let secondOffset)):
            guard (firstOffset == nil) == (secondOffset == nil) else { return false }
            let from = Int128(first.daysSince1970) * 86_400_000_000_000 + Int128(firstTime ?? 0)
            let until = Int128(second.daysSince1970) * 86_400_000_000_000 + Int128(secondTime ?? 0)
            return from - Int128(firstOffset ?? 0) * 1_000_000_000 > until - Int128(secondOffset ?? 0) * 1_000_000_000
        case (.timeOfDay(let first), .timeOfDay(let second)): return first > second
        case (.ago(let first), .ago(let second)):
            if first.months == 0, second.months == 0, let first = first.fixedNanoseconds,
                let second = second.fixedNanoseconds
            {
                return first < second
            }
            return first.months < second.months && first.days <= second.days && first.nanoseconds <= second.nanoseconds
        case (.now, .ago(let duration)): return duration != Duration()
        case (.now, .yesterday), (.today, .yesterday): return true
        default: return false
        }
    }
}

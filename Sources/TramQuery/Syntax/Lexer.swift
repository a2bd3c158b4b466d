import TramColumnar

/// Cuts a query's text into tokens.
///
/// Works on Unicode scalars; places are UTF-8 offsets. Never fails: what cannot be read becomes an `invalid` token that
/// carries the complaint, and ends the list.
struct Lexer {
    private let scalars: [Unicode.Scalar]
    /// UTF-8 offset of every scalar, and of the end.
    private let offsets: [Int]
    private var position = 0

    private init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        var offsets: [Int] = []
        var offset = 0
        for scalar in text.unicodeScalars {
            scalars.append(scalar)
            offsets.append(offset)
            offset += UTF8.width(scalar)
        }
        offsets.append(offset)
        self.scalars = scalars
        self.offsets = offsets
    }

    /// The tokens of `text`; the last one is always `end`.
    static func tokens(of text: String) -> [Token] {
        var lexer = Lexer(text)
        var tokens: [Token] = []
        while true {
            lexer.skipBlanks()
            let start = lexer.position
            guard let first = lexer.peek() else { break }
            do throws(QueryError) {
                let kind = try lexer.token(first)
                tokens.append(Token(kind: kind, at: lexer.place(from: start)))
            } catch {
                tokens.append(Token(kind: .invalid(error), at: error.at ?? lexer.place(from: start)))
                break
            }
        }
        let end = lexer.offsets[lexer.scalars.count]
        tokens.append(Token(kind: .end, at: SourceRange(end, end)))
        return tokens
    }

    static func isNameStart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || (scalar.isASCII ? isASCIILetter(scalar) : scalar.properties.isAlphabetic)
    }

    static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar == "_" || isASCIILetter(scalar) || isDigit(scalar) }
        if scalar.properties.isAlphabetic { return true }
        switch scalar.properties.generalCategory {
        // Marks: a letter may come in pieces, as Vietnamese text from some keyboards does.
        case .nonspacingMark, .spacingMark, .decimalNumber: return true
        default: return false
        }
    }

    static func isASCIILetter(_ scalar: Unicode.Scalar) -> Bool {
        (scalar >= "a" && scalar <= "z") || (scalar >= "A" && scalar <= "Z")
    }

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar >= "0" && scalar <= "9"
    }

    private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        position + ahead < scalars.count ? scalars[position + ahead] : nil
    }

    private func isDigit(_ ahead: Int) -> Bool {
        peek(ahead).map(Lexer.isDigit) ?? false
    }

    private func place(from start: Int) -> SourceRange {
        SourceRange(offsets[start], offsets[max(position, start)])
    }

    private func text(from start: Int) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[start..<position])
        return String(text)
    }

    private mutating func skipBlanks() {
        while let scalar = peek() {
            if scalar == "#" {
                while let next = peek(), next != "\n" { position += 1 }
            } else if scalar.properties.isWhitespace || scalar == "\u{FEFF}" {
                position += 1
            } else {
                return
            }
        }
    }

    private mutating func token(_ first: Unicode.Scalar) throws(QueryError) -> Token.Kind {
        if Lexer.isDigit(first) { return try number() }
        if Lexer.isNameStart(first) { return .name(name(), isQuoted: false) }
        switch first {
        case "`":
            let text = try quoted(by: first)
            guard !text.isEmpty else {
                throw QueryError(
                    .syntax, at: SourceRange(offsets[position - 2], offsets[position]),
                    en: "a name in backquotes is empty", vi: "tên trong dấu ` ` đang để trống")
            }
            return .name(text, isQuoted: true)
        case "\"", "'": return .string(try quoted(by: first))
        default: return try symbol(first)
        }
    }

    private mutating func name() -> String {
        let start = position
        while let scalar = peek(), Lexer.isNamePart(scalar) { position += 1 }
        return text(from: start)
    }

    /// What stands between two equal quotes; a quote written twice stands for one. A backslash means nothing here, so
    /// that patterns are written as they are.
    private mutating func quoted(by quote: Unicode.Scalar) throws(QueryError) -> String {
        let start = position
        var text = String.UnicodeScalarView()
        position += 1
        while let scalar = peek() {
            position += 1
            if scalar == quote {
                guard peek() == quote else { return String(text) }
                position += 1
            }
            text.append(scalar)
        }
        let what = quote == "`" ? Bilingual(vi: "tên", en: "name") : Bilingual(vi: "chuỗi", en: "text")
        throw QueryError(
            .syntax, at: SourceRange(offsets[start], offsets[start + 1]),
            en: "the \(what.en) that begins here is not closed",
            vi: "\(what.vi) bắt đầu ở đây chưa được đóng lại",
            hint: Bilingual(vi: "Thêm dấu \(quote) ở cuối", en: "Close it with \(quote)"))
    }

    // MARK: Symbols

    private mutating func symbol(_ first: Unicode.Scalar) throws(QueryError) -> Token.Kind {
        let start = position
        if first == ".", isDigit(1) {
            position += 1
            let digits = position
            while isDigit(0) { position += 1 }
            let written = "0." + text(from: digits)
            throw QueryError(
                .syntax, at: place(from: start), en: "a number starts with a digit: \(written)",
                vi: "số phải bắt đầu bằng chữ số: \(written)")
        }
        // Longest first.
        for length in [2, 1] {
            guard position + length <= scalars.count else { continue }
            position = start + length
            let text = text(from: start)
            if let foreign = Suggestions.foreignSymbol(text) {
                throw QueryError(
                    .syntax, at: place(from: start), en: "\"\(text)\" is not part of the language",
                    vi: "ngôn ngữ truy vấn không có \"\(text)\"", hint: foreign)
            }
            if let symbol = Token.Symbol(rawValue: text) { return .symbol(symbol) }
            position = start
        }
        position = start + 1
        throw QueryError(
            .syntax, at: place(from: start), en: "the character \(Lexer.shown(first)) has no meaning here",
            vi: "ký tự \(Lexer.shown(first)) không có nghĩa ở đây",
            hint: Bilingual(
                vi: "Văn bản đặt trong \"…\"; tên có ký tự lạ đặt trong `…`",
                en: "Text stands in \"…\", a name with unusual characters in `…`"))
    }

    private static func shown(_ scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .control, .format, .unassigned, .privateUse, .lineSeparator, .paragraphSeparator:
            "U+" + String(scalar.value, radix: 16, uppercase: true)
        default: "\"\(scalar)\""
        }
    }

    // MARK: Numbers, durations, dates

    private mutating func number() throws(QueryError) -> Token.Kind {
        let start = position
        var digits = 0
        while isDigit(digits) { digits += 1 }
        if digits == 4, isDate { return .instant(try date()) }
        if peek(digits) == ":", isDigit(digits + 1) { return .instant(.timeOfDay(try timeOfDay(of: start))) }
        position += digits
        var isFloat = false
        if peek() == ".", isDigit(1) {
            isFloat = true
            position += 1
            while isDigit(0) { position += 1 }
        }
        if let exponent = peek(), exponent == "e" || exponent == "E" {
            let sign = peek(1) == "+" || peek(1) == "-" ? 1 : 0
            if isDigit(1 + sign) {
                isFloat = true
                position += 1 + sign
                while isDigit(0) { position += 1 }
            }
        }
        if let next = peek(), Lexer.isNameStart(next) || next == "µ" {
            while let scalar = peek(), Lexer.isNamePart(scalar) || scalar == "µ" { position += 1 }
            return .duration(try Lexer.duration(text(from: start), at: place(from: start)))
        }
        let text = text(from: start)
        if !isFloat, let value = UInt64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw QueryError(
                .overflow, at: place(from: start), en: "the number is too large", vi: "số này quá lớn")
        }
        return .float(value)
    }

    /// Reads digits and units to the end of `word`, each unit at most a few letters.
    static func duration(_ word: String, at place: SourceRange) throws(QueryError) -> Duration {
        var duration = Duration()
        var rest = Array(word.unicodeScalars)[...]
        while let first = rest.first {
            let digits = rest.prefix(while: isDigit)
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { !isDigit($0) }
            rest = rest.dropFirst(letters.count)
            guard isDigit(first), !letters.isEmpty else { throw badDuration(word, at: place) }
            let unit = String(String.UnicodeScalarView(letters))
            guard unitsOfDuration.contains(unit) else { throw badDuration(word, at: place) }
            guard let count = Int64(String(String.UnicodeScalarView(digits))),
                let sum = duration.adding(count, unit: unit)
            else {
                throw QueryError(
                    .overflow, at: place, en: "the duration \(word) is too long",
                    vi: "khoảng thời gian \(word) quá dài")
            }
            duration = sum
        }
        return duration
    }

    static let unitsOfDuration: Set<String> = ["ns", "us", "ms", "s", "m", "h", "d", "w", "mo", "q", "y"]

    private static func badDuration(_ word: String, at place: SourceRange) -> QueryError {
        if let right = Suggestions.duration(for: word) {
            return QueryError(
                .badDuration, at: place, en: "\"\(word)\" is not a duration",
                vi: "\"\(word)\" không phải là khoảng thời gian",
                hint: Bilingual(vi: "Viết: \(right)", en: "Write: \(right)"))
        }
        return QueryError(
            .badDuration, at: place, en: "\"\(word)\" is neither a number nor a duration",
            vi: "\"\(word)\" không phải là số, cũng không phải là khoảng thời gian",
            hint: Bilingual(
                vi: "Khoảng thời gian viết liền như 15m, 1h30m; đơn vị: ns us ms s m h d w mo q y. "
                    + "Tên bắt đầu bằng chữ số đặt trong `…`",
                en: "A duration is a word such as 15m or 1h30m; units: ns us ms s m h d w mo q y. "
                    + "A name that starts with a digit stands in `…`"))
    }

    /// Whether four digits, just seen, begin something meant as a date: `2026-11-19`, `2026-1-5`.
    ///
    /// `2026-11` alone is not one: it is a month within brackets and a subtraction elsewhere, and the parser knows
    /// which.
    private var isDate: Bool {
        guard peek(4) == "-", isDigit(5) else { return false }
        let month = isDigit(6) ? 2 : 1
        return peek(5 + month) == "-" && isDigit(6 + month)
    }

    private mutating func date() throws(QueryError) -> InstantExpression {
        let start = position
        let year = readDigits(4) ?? 0
        position += 1
        let month = readDigits(2)
        let day = month != nil && peek() == "-" ? skip(1).flatMap { readDigits(2) } : nil
        guard let month, let day, !isDigit(0) else {
            while let scalar = peek(), Lexer.isDigit(scalar) || scalar == "-" { position += 1 }
            let parts = text(from: start).split(separator: "-")
            let written = parts.enumerated().map { $1.count == 1 && $0 > 0 ? "0\($1)" : String($1) }
            throw QueryError(
                .badInstant, at: place(from: start), en: "a date is written year-month-day with two digits each",
                vi: "ngày viết theo thứ tự năm-tháng-ngày, tháng và ngày đủ hai chữ số",
                hint: Bilingual(
                    vi: "Ví dụ: \(written.joined(separator: "-"))", en: "For example: \(written.joined(separator: "-"))"
                ))
        }
        let date = CivilDate(year: year, month: month, day: day)
        guard date.isValid else {
            let last = (1...12).contains(month) ? CivilDate.daysInMonth(year: year, month: month) : nil
            throw QueryError(
                .badInstant, at: place(from: start), en: "there is no day \(text(from: start))",
                vi: "không có ngày \(text(from: start))",
                hint: last.map { last in
                    let limit = "\(Lexer.padded(year, 4))-\(Lexer.padded(month, 2))-\(last)"
                    return Bilingual(
                        vi: "Tháng đó kết thúc vào \(limit)", en: "That month ends on \(limit)")
                } ?? Bilingual(vi: "Tháng từ 01 đến 12", en: "Months go from 01 to 12"))
        }
        guard peek() == "T" else {
            if let next = peek(), Lexer.isNamePart(next) { throw badTime(from: start) }
            return .at(date, timeOfDay: nil, offsetSeconds: nil)
        }
        position += 1
        let timeOfDay = try timeOfDay(of: start)
        return .at(date, timeOfDay: timeOfDay, offsetSeconds: try zoneOffset(from: start))
    }

    private mutating func skip(_ count: Int) -> Void? {
        position += count
        return ()
    }

    private mutating func readDigits(_ count: Int) -> Int? {
        var value = 0
        for ahead in 0..<count {
            guard let scalar = peek(ahead), Lexer.isDigit(scalar) else { return nil }
            value = value * 10 + Int(scalar.value - 0x30)
        }
        position += count
        return value
    }

    /// `06:00`, `06:00:30`, `06:00:30.25`: nanoseconds since midnight. `start` is where the whole instant begins.
    private mutating func timeOfDay(of start: Int) throws(QueryError) -> Int64 {
        guard let hour = readDigits(2), peek() == ":", skip(1) != nil, let minute = readDigits(2) else {
            throw badTime(from: start)
        }
        var second = 0
        var fraction: Int64 = 0
        if peek() == ":" {
            position += 1
            guard let read = readDigits(2) else { throw badTime(from: start) }
            second = read
            // Two dots are the middle of a range.
            if peek() == ".", isDigit(1) {
                position += 1
                var scale: Int64 = 100_000_000
                while let scalar = peek(), Lexer.isDigit(scalar) {
                    fraction += Int64(scalar.value - 0x30) * scale
                    scale /= 10
                    position += 1
                }
            }
        }
        guard hour < 24, minute < 60, second < 60, !isDigit(0), peek() != ":" else { throw badTime(from: start) }
        if let next = peek(), Lexer.isNamePart(next), next != "Z" { throw badTime(from: start) }
        return Int64(hour * 3600 + minute * 60 + second) * 1_000_000_000 + fraction
    }

    /// `Z`, `+07:00` or nothing.
    private mutating func zoneOffset(from start: Int) throws(QueryError) -> Int? {
        if peek() == "Z" {
            position += 1
            if let next = peek(), Lexer.isNamePart(next) { throw badTime(from: start) }
            return 0
        }
        guard let sign = peek(), sign == "+" || sign == "-", isDigit(1) else { return nil }
        var digits = 1
        while isDigit(1 + digits) { digits += 1 }
        if digits == 2, peek(3) == ":", isDigit(4) {
            position += 1
            let hour = readDigits(2)
            position += 1
            guard let hour, let minute = readDigits(2), hour < 24, minute < 60, !isDigit(0) else {
                throw badTime(from: start)
            }
            return (sign == "+" ? 1 : -1) * (hour * 3600 + minute * 60)
        }
        // `…T06:00-1h` subtracts an hour; `…T06:00+07` is an offset that lacks its minutes.
        if digits == 2 || digits == 4, !(peek(1 + digits).map(Lexer.isNamePart) ?? false), peek(1 + digits) != ":" {
            throw badTime(from: start)
        }
        return nil
    }

    private mutating func badTime(from start: Int) -> QueryError {
        while let scalar = peek(), Lexer.isNamePart(scalar) || scalar == ":" { position += 1 }
        return QueryError(
            .badInstant, at: place(from: start), en: "\"\(text(from: start))\" is not a time",
            vi: "\"\(text(from: start))\" không phải là thời điểm",
            hint: Bilingual(
                vi: "Giờ viết hai chữ số, từ 00:00 đến 23:59:59: 06:00, 2026-11-19T18:00, 2026-11-19T18:00:00+07:00",
                en: "Hours and minutes have two digits, from 00:00 to 23:59:59: "
                    + "06:00, 2026-11-19T18:00, 2026-11-19T18:00:00+07:00"))
    }

    static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Duration {
    /// The sum with `count` of `unit`; nil when a part leaves Int64. `unit` is one of the language's eleven.
    func adding(_ count: Int64, unit: String) -> Duration? {
        var sum = self
        func grow(_ part: inout Int64, by scale: Int64) -> Bool {
            let (product, overflow) = count.multipliedReportingOverflow(by: scale)
            let (total, overflowSum) = part.addingReportingOverflow(product)
            part = total
            return !overflow && !overflowSum
        }
        let fits: Bool
        switch unit {
        case "ns": fits = grow(&sum.nanoseconds, by: 1)
        case "us": fits = grow(&sum.nanoseconds, by: 1_000)
        case "ms": fits = grow(&sum.nanoseconds, by: 1_000_000)
        case "s": fits = grow(&sum.nanoseconds, by: 1_000_000_000)
        case "m": fits = grow(&sum.nanoseconds, by: 60_000_000_000)
        case "h": fits = grow(&sum.nanoseconds, by: 3_600_000_000_000)
        case "d": fits = grow(&sum.days, by: 1)
        case "w": fits = grow(&sum.days, by: 7)
        case "mo": fits = grow(&sum.months, by: 1)
        case "q": fits = grow(&sum.months, by: 3)
        case "y": fits = grow(&sum.months, by: 12)
        default: fits = false
        }
        return fits ? sum : nil
    }
}

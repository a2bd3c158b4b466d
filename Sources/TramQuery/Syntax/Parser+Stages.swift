import TramColumnar

extension Parser {
    /// One stage, without the `|` before it.
    mutating func stage() throws(QueryError) -> Stage {
        let start = current.at
        let kind: Stage.Kind
        if let word = currentWord, Keyword.stages.contains(word) {
            kind = try stage(word)
        } else {
            if let complaint = notAStage { throw complaint }
            kind = .aggregate(try aggregateStage())
        }
        return Stage(kind: kind, at: start.joined(previous.at))
    }

    private mutating func stage(_ keyword: String) throws(QueryError) -> Stage.Kind {
        advance()
        switch keyword {
        case "where": return .filter(try expression())
        case "set": return .set(try assignments())
        case "select": return .select(try columns())
        case "drop": return .drop(try columns())
        case "sort": return .sort(try sortKeys())
        case "top", "bottom": return try ranking(largest: keyword == "top")
        case "limit": return .limit(try count(en: "a number of rows", vi: "số dòng", from: 0))
        case "join", "left": return try join(keepsUnmatched: keyword == "left")
        case "stale":
            let silence = try duration()
            return .stale(silence, by: take(word: "by") ? try columns() : [])
        case "fill": return .fill(try fill())
        case "unpivot":
            if case .name = current.kind { return .unpivot(try columns()) }
            return .unpivot([])
        case "tz": return .zone(try string(en: "the name of a zone", vi: "tên múi giờ"))
        case "tree": return .tree(try treeTime())
        case "emit": return try emit()
        default: return .alert(try alert())
        }
    }

    /// `"row" | instant`
    mutating func treeTime() throws(QueryError) -> TreeTime {
        take(word: "row") ? .row : .at(try instant())
    }

    private mutating func columns() throws(QueryError) -> [Name] {
        try names(en: "the name of a column", vi: "tên một cột")
    }

    private mutating func assignments() throws(QueryError) -> [Assignment] {
        var assignments: [Assignment] = []
        repeat {
            let name = try name(en: "the name of the new column", vi: "tên cột mới")
            guard take(.equal) else { throw unexpected(en: "\"=\"", vi: "\"=\"") }
            assignments.append(Assignment(name: name, value: try expression()))
        } while take(.comma)
        return assignments
    }

    private mutating func sortKeys() throws(QueryError) -> [SortKey] {
        var keys: [SortKey] = []
        repeat {
            let descending = take(.minus)
            keys.append(SortKey(name: try name(en: "the name of a column", vi: "tên một cột"), descending: descending))
        } while take(.comma)
        return keys
    }

    private mutating func ranking(largest: Bool) throws(QueryError) -> Stage.Kind {
        let count = try count(en: "a number of rows", vi: "số dòng", from: 1)
        var column: Name?
        if case .name = current.kind, !isAt(word: "by") { column = try name(en: "a column", vi: "một cột") }
        if isAt(.openParenthesis), let column {
            throw failure(
                at: column.at, en: "top takes a column, not a call", vi: "sau top là tên cột, không phải lời gọi hàm",
                hint: Bilingual(
                    vi: "Tính trước rồi xếp hạng: | \(column.text)(…) by … | top \(count) \(column.text)",
                    en: "Compute it first: | \(column.text)(…) by … | top \(count) \(column.text)"))
        }
        return .top(count: count, largest: largest, column: column, by: take(word: "by") ? try columns() : [])
    }

    private mutating func join(keepsUnmatched: Bool) throws(QueryError) -> Stage.Kind {
        let opening = current
        guard isAt(.openParenthesis) else {
            throw unexpected(
                en: "a query in parentheses: join (fan[1h] | max(run) by room)",
                vi: "một câu truy vấn trong ngoặc tròn: join (fan[1h] | max(run) by room)")
        }
        let pipe = try nested { (parser) throws(QueryError) in
            parser.advance()
            let pipe = try parser.pipe()
            if !parser.isAt(.closeParenthesis), !parser.isAtEnd { throw parser.afterStage(pipe.stages.last) }
            try parser.close(.closeParenthesis, opening: opening)
            return pipe
        }
        let on = take(word: "on") ? try columns() : []
        let within = take(word: "within") ? try duration() : nil
        return .join(pipe, keepsUnmatched: keepsUnmatched, on: on, within: within)
    }

    private mutating func emit() throws(QueryError) -> Stage.Kind {
        if take(word: "every") { return .emit(every: try duration()) }
        guard take(word: "on"), take(word: "close") else {
            throw unexpected(en: "on close, or every 10s", vi: "on close hoặc every 10s")
        }
        return .emit(every: nil)
    }

    /// `null | none | prev | linear | number`
    private mutating func fill() throws(QueryError) -> FillExpression {
        let isNegative = isAt(.minus)
        let token = isNegative ? next : current
        switch token.kind {
        case .integer(let value):
            if isNegative { advance() }
            advance()
            let magnitude = Double(value)
            // Beyond 2^53 a Double may not be the integer that was written.
            return .constant(isNegative && value != 0 ? -magnitude : magnitude, isInteger: value <= 1 << 53)
        case .float(let value):
            if isNegative { advance() }
            advance()
            return .constant(isNegative ? -value : value, isInteger: false)
        case .name(let word, isQuoted: false) where !isNegative:
            let fill: FillExpression? =
                switch word {
                case "null": .null
                case "none": FillExpression.none
                case "prev": .previous
                case "linear": .linear
                default: nil
                }
            guard let fill else {
                throw failure(
                    en: "\"\(word)\" is not a way to fill", vi: "không có cách điền \"\(word)\"",
                    hint: Suggestions.foreignWord(word)
                        ?? Suggestions.didYouMean(
                            Suggestions.closest(to: word, among: ["null", "none", "prev", "linear"]))
                        ?? Bilingual(
                            vi: "Chọn: null, none, prev, linear hoặc một số",
                            en: "Choose null, none, prev, linear or a number"))
            }
            advance()
            return fill
        default:
            throw unexpected(en: "null, none, prev, linear or a number", vi: "null, none, prev, linear hoặc một số")
        }
    }

    // MARK: Aggregates

    /// `agg { "," agg } { "by" names | window | "fill" fill | "late" dur | "vs" dur }`
    private mutating func aggregateStage() throws(QueryError) -> AggregateStage {
        var stage = AggregateStage(items: [])
        repeat { stage.items.append(try aggregateItem()) } while take(.comma)
        var seen: Set<String> = []
        while let word = currentWord, Keyword.aggregateClauses.contains(word) {
            let place = current.at
            let clause = ["every", "session", "runs"].contains(word) ? "a window" : word
            guard seen.insert(clause).inserted else {
                throw failure(
                    en: clause == word ? "\"\(word)\" stands twice" : "a stage has only one window",
                    vi: clause == word ? "\"\(word)\" xuất hiện hai lần" : "mỗi bước chỉ có một loại cửa sổ")
            }
            advance()
            switch word {
            case "by": stage.by = try columns()
            case "fill": stage.fill = try fill()
            case "late": stage.late = try duration()
            case "vs": stage.versus = try duration()
            default:
                let kind = try windowKind(word)
                stage.window = WindowExpression(kind: kind, at: place.joined(previous.at))
            }
        }
        return stage
    }

    private mutating func aggregateItem() throws(QueryError) -> AggregateStage.Item {
        guard case .name(let text, _) = current.kind, next.kind == .symbol(.equal) else {
            return AggregateStage.Item(name: nil, value: try expression())
        }
        let name = Name(text, at: current.at)
        advance()
        advance()
        return AggregateStage.Item(name: name, value: try expression())
    }

    /// `"every" ( dur | int "rows" ) [ "over" dur ] [ "origin" instant ] | "session" dur | "runs" expr`, after the
    /// first word.
    private mutating func windowKind(_ word: String) throws(QueryError) -> WindowExpression.Kind {
        if word == "session" { return .session(try duration()) }
        if word == "runs" { return .runs(try expression()) }
        if case .integer = current.kind, next.kind == .name("rows", isQuoted: false) {
            let rows = try count(en: "a number of rows", vi: "số dòng", from: 1)
            advance()
            if isAt(word: "over") || isAt(word: "origin") {
                throw failure(
                    .misplaced, en: "\(currentWord ?? "") goes with windows of time, not of rows",
                    vi: "\(currentWord ?? "") chỉ dùng với cửa sổ thời gian, không dùng với số dòng")
            }
            return .everyRows(rows)
        }
        let every = try duration()
        var over: Duration?
        var origin: InstantExpression?
        while true {
            if over == nil, take(word: "over") {
                over = try duration()
            } else if origin == nil, take(word: "origin") {
                origin = try instant()
            } else {
                return .every(every, over: over, origin: origin)
            }
        }
    }

    // MARK: Alerts

    /// `[ string ] "when" expr { clause }`, after the first word.
    private mutating func alert() throws(QueryError) -> AlertStage {
        var name: String?
        if case .string(let text) = current.kind {
            name = text
            advance()
        }
        guard take(word: "when") else {
            throw unexpected(en: "when and a condition", vi: "when và một điều kiện")
        }
        var stage = AlertStage(name: name, when: try expression())
        var seen: Set<String> = []
        while let word = currentWord, Keyword.alertClauses.contains(word), word != "when" {
            guard seen.insert(word).inserted else {
                throw failure(en: "\"\(word)\" stands twice", vi: "\"\(word)\" xuất hiện hai lần")
            }
            advance()
            switch word {
            case "for": stage.hold = try duration()
            case "keep": stage.keep = try duration()
            case "clear": stage.clear = try expression()
            case "severity": stage.severity = try string(en: "a severity", vi: "mức độ")
            case "escalate": stage.escalate = try string(en: "an escalation", vi: "tuyến báo cáo lên")
            default:
                let choices = AlertStage.NoData.allCases.map(\.rawValue)
                guard let word = currentWord, let choice = AlertStage.NoData(rawValue: word) else {
                    throw unexpected(
                        en: "one of \(choices.joined(separator: ", "))",
                        vi: "một trong các từ \(choices.joined(separator: ", "))")
                }
                stage.noData = choice
                advance()
            }
        }
        return stage
    }

    // MARK: Complaints

    /// The complaint when the current token begins no stage; nil when it may begin an aggregate.
    private var notAStage: QueryError? {
        guard let word = currentWord else {
            if isAtEnd || isAt(.pipe) || isAt(.closeParenthesis) {
                return failure(
                    en: "a stage is missing here", vi: "ở đây còn thiếu một bước",
                    hint: Bilingual(vi: "Ví dụ: | mean(speed) by way", en: "For example: | mean(speed) by way"))
            }
            return nil
        }
        if ["not", "true", "false", "null", "now", "today", "yesterday"].contains(word) { return nil }
        switch next.kind {
        case .symbol(.pipe), .symbol(.comma), .symbol(.semicolon), .symbol(.closeParenthesis), .end: break
        case .symbol: return nil
        case .invalid(let error):
            // `speed == 5`: the strange sign is what to speak of, unless the word itself belongs elsewhere.
            return Suggestions.foreignWord(word) == nil ? error : unknownStage(word)
        case .name(let following, isQuoted: false) where Keyword.expressionWords.contains(following): return nil
        default: break
        }
        return unknownStage(word)
    }

    private func unknownStage(_ word: String) -> QueryError {
        func complaint(_ hint: Bilingual) -> QueryError {
            failure(
                .unknownStage, en: "\"\(word)\" is not a stage", vi: "không có bước nào tên là \"\(word)\"", hint: hint)
        }
        let function = Suggestions.function(for: word) ?? word.lowercased()
        var isFunction = Suggestions.aggregates.contains(function)
        var field = "speed"
        switch next.kind {
        case .name(let name, let isQuoted) where isQuoted || !Keyword.reserved.contains(name):
            field = QueryPrinter.quoted(name)
        // `| rate 5m`: a word with a value behind it is more likely a stage misspelt.
        case .integer, .duration, .string: isFunction = false
        default: break
        }
        if isFunction {
            let call = function == "count" ? "count()" : "\(function)(\(field))"
            if function == "mean" {
                return complaint(
                    Bilingual(vi: "Để tính trung bình: | \(call)", en: "To average: | \(call)"))
            }
            return complaint(Bilingual(vi: "Viết: | \(call)", en: "Write: | \(call)"))
        }
        if let foreign = Suggestions.foreignWord(word) { return complaint(foreign) }
        if Keyword.aggregateClauses.contains(word) {
            return complaint(
                Bilingual(
                    vi: "\(word) đứng sau hàm tổng hợp: | mean(speed) \(word) …",
                    en: "\(word) follows an aggregate: | mean(speed) \(word) …"))
        }
        let near = Suggestions.closest(to: word, among: Keyword.stages + Suggestions.aggregates.sorted())
        if let best = near.first {
            if Suggestions.aggregates.contains(best) {
                return complaint(Bilingual(vi: "Viết: | \(best)(\(field))", en: "Write: | \(best)(\(field))"))
            }
            return complaint(Suggestions.didYouMean([best]) ?? Bilingual(vi: best, en: best))
        }
        let known = Keyword.stages.joined(separator: ", ")
        return complaint(
            Bilingual(
                vi: "Các bước: \(known), hoặc hàm tổng hợp như mean(speed)",
                en: "Stages: \(known), or an aggregate such as mean(speed)"))
    }

    /// The complaint about the current token when a stage, or the source, has ended and no `|` follows.
    func afterStage(_ stage: Stage?) -> QueryError {
        if case .invalid(let error) = current.kind { return error }
        if isAt(.closeParenthesis) || isAt(.closeBracket) {
            return failure(
                en: "nothing was opened for this bracket to close", vi: "dấu ngoặc này đóng mà chưa mở")
        }
        guard let word = currentWord else {
            return unexpected(en: "\"|\" or the end", vi: "\"|\" hoặc hết câu")
        }
        let split = unexpected(en: "\"|\" or the end", vi: "\"|\" hoặc hết câu")
        if split.code == .badDuration { return split }
        // The clauses that could have stood here.
        var clauses: [String] = []
        switch stage?.kind {
        case nil: clauses = Keyword.sourceClauses
        case .aggregate: clauses = Keyword.aggregateClauses + Keyword.windowClauses
        case .alert: clauses = Keyword.alertClauses
        case .join: clauses = Keyword.joinClauses
        case .top, .stale: clauses = ["by"]
        default: break
        }
        if Keyword.stages.contains(word) || next.kind == .symbol(.openParenthesis), !clauses.contains(word) {
            let code =
                next.kind == .symbol(.openParenthesis) && !Keyword.stages.contains(word) ? "\(word)(…)" : "\(word) …"
            return failure(
                en: "a \"|\" is missing before \"\(word)\"", vi: "thiếu dấu \"|\" trước \"\(word)\"",
                hint: Bilingual(vi: "Viết: | \(code)", en: "Write: | \(code)"))
        }
        if clauses.contains(word) {
            return failure(
                .misplaced, en: "\"\(word)\" cannot stand here", vi: "\"\(word)\" không đứng ở đây được")
        }
        var hint = Suggestions.foreignWord(word)
        if hint == nil, Suggestions.closest(to: word, among: clauses).isEmpty, Keyword.aggregateClauses.contains(word) {
            hint = Bilingual(
                vi: "\(word) đứng sau hàm tổng hợp: | mean(speed) \(word) …",
                en: "\(word) follows an aggregate: | mean(speed) \(word) …")
        }
        if hint == nil, let best = Suggestions.closest(to: word, among: clauses + Keyword.stages).first {
            hint = Suggestions.didYouMean([best])
        }
        return failure(
            en: "\"\(word)\" is not expected here", vi: "\"\(word)\" không đứng ở đây được",
            hint: hint
                ?? Bilingual(
                    vi: "Các bước cách nhau bằng dấu |", en: "Stages are separated by |"))
    }
}

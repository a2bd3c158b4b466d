package import TramColumnar

/// What a person may have meant: near names, and words that other query languages use.
package enum Suggestions {
    /// Up to three of `names` that are at most two slips away from `name`, nearest first, else in the order of `names`.
    ///
    /// A slip is a letter too many, missing, wrong, or swapped with its neighbour. Case and Vietnamese diacritics do
    /// not count. Words of up to three letters are allowed one slip: two would make any of them out of any other.
    package static func closest(to name: String, among names: some Sequence<String>) -> [String] {
        let wanted = folded(name)
        guard !wanted.isEmpty, wanted.count <= 64 else { return [] }
        var found: [(distance: Int, name: String)] = []
        for candidate in names where candidate != name {
            let letters = folded(candidate)
            let allowed = max(wanted.count, letters.count) <= 3 ? 1 : 2
            guard abs(letters.count - wanted.count) <= allowed, letters.count <= 66 else { continue }
            let distance = editDistance(wanted, letters)
            if distance <= allowed, !found.contains(where: { $0.name == candidate }) {
                found.append((distance, candidate))
            }
        }
        // Insertion into a stable order: the standard sort is not promised to be stable.
        var ordered: [(distance: Int, name: String)] = []
        for distance in 0...2 { ordered += found.filter { $0.distance == distance } }
        return ordered.prefix(3).map(\.name)
    }

    /// `Did you mean "speed"?`, or nil when nothing is near.
    package static func didYouMean(_ names: [String]) -> Bilingual? {
        guard !names.isEmpty else { return nil }
        let quoted = names.map { "\"\($0)\"" }
        return Bilingual(
            vi: "Có phải ý bạn là \(quoted.joined(separator: " hoặc "))?",
            en: "Did you mean \(quoted.joined(separator: " or "))?")
    }

    /// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours each count one.
    static func editDistance(_ left: [Character], _ right: [Character]) -> Int {
        var twoAbove: [Int] = []
        var above = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for column in 0..<right.count {
                var best = min(above[column + 1] + 1, current[column] + 1)
                best = min(best, above[column] + (left[row] == right[column] ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, twoAbove[column - 1] + 1)
                }
                current.append(best)
            }
            twoAbove = above
            above = current
        }
        return above[right.count]
    }

    /// Lower case without Vietnamese diacritics: `Độ_Ẩm` is `do_am`.
    static func folded(_ text: String) -> [Character] {
        text.lowercased().map { baseLetters[$0] ?? $0 }
    }

    // Keyed by Character, which compares by canonical equivalence: letters in one piece or several are all found.
    private static let baseLetters: [Character: Character] = {
        let rows: [(Character, String)] = [
            ("a", "àáảãạăằắẳẵặâầấẩẫậ"), ("e", "èéẻẽẹêềếểễệ"), ("i", "ìíỉĩị"), ("o", "òóỏõọôồốổỗộơờớởỡợ"),
            ("u", "ùúủũụưừứửữự"), ("y", "ỳýỷỹỵ"), ("d", "đ"),
        ]
        var table: [Character: Character] = [:]
        for (base, letters) in rows {
            for letter in letters { table[letter] = base }
        }
        return table
    }()

    // MARK: Words of other languages

    /// Names of functions in other languages, in lower case, and ours.
    package static func function(for word: String) -> String? {
        functions[word.lowercased()]
    }

    private static let functions: [String: String] = [
        "avg": "mean", "average": "mean", "tb": "mean", "trungbinh": "mean", "trung_bình": "mean",
        "cnt": "count", "number": "count", "len": "count", "dem": "count", "đếm": "count",
        "total": "sum", "tong": "sum", "tổng": "sum", "maximum": "max", "minimum": "min", "greatest": "max",
        "least": "min", "percentile": "quantile", "percentile_cont": "quantile", "perc": "quantile", "pct": "quantile",
        "quantile_over_time": "quantile", "p50_approx": "p50", "med": "median", "median_abs_deviation": "mad_z",
        "median_abs_dev": "mad_z", "median_absolute_deviation": "mad_z", "mad": "mad_z",
        "stdev": "stddev", "std": "stddev", "sd": "stddev", "stddev_samp": "stddev", "standard_deviation": "stddev",
        "variance": "var", "var_samp": "var", "range": "spread", "count_distinct": "distinct", "dcount": "distinct",
        "uniq": "distinct", "unique": "distinct", "nunique": "distinct", "approx_count_distinct": "distinct",
        "derivative": "deriv", "difference": "diff", "delta": "diff", "cumulative_sum": "cumsum",
        "running_sum": "cumsum",
        "moving_average": "moving_mean", "moving_avg": "moving_mean", "rolling_mean": "moving_mean", "irate": "rate",
        "non_negative_derivative": "rate", "earliest": "first", "latest": "last", "last_value": "last",
        "first_value": "first", "array_agg": "list", "collect": "list", "ln": "log", "power": "pow", "ceiling": "ceil",
        "iif": "if", "iff": "if", "case": "if", "ifnull": "coalesce", "nvl": "coalesce", "isnull": "coalesce",
        "lcase": "lower", "ucase": "upper", "tolower": "lower", "toupper": "upper", "startswith": "starts",
        "starts_with": "starts", "dayofweek": "weekday", "day_of_week": "weekday", "dow": "weekday",
        "hour_of_day": "hour", "argmax": "max_at", "arg_max": "max_at", "argmin": "min_at", "arg_min": "min_at",
        "time_weighted_average": "twa", "time_weighted_avg": "twa", "corrcoef": "corr", "correlation": "corr",
        "covariance": "covar", "hist": "histogram", "todouble": "float", "toint": "int", "tostring": "string",
        "str": "string", "last_over_time": "last", "sum_over_time": "sum", "avg_over_time": "mean",
        "min_over_time": "min", "max_over_time": "max", "count_over_time": "count", "stddev_over_time": "stddev",
        "stdvar_over_time": "var", "present_over_time": "count", "changes": "changed", "idelta": "diff",
        "predict_linear": "forecast", "holt_winters": "forecast", "double_exponential_smoothing": "forecast",
        "exponential_moving_average": "ewma", "count_values": "distinct", "countdistinct": "distinct",
        "nonnegativederivative": "rate", "movingaverage": "moving_mean", "cumulativesum": "cumsum",
        "timeweightedavg": "twa", "elapsed": "diff", "stateduration": "duration", "row_number": "rank",
        "lead": "lag", "dense_rank": "rank", "percent_rank": "share", "any_value": "first", "median_exact": "median",
        "approx_quantile": "quantile", "approx_percentile": "quantile", "quantile_cont": "quantile",
        "string_agg": "list", "group_concat": "list", "substring": "contains", "strpos": "contains",
        "coalesce_null": "coalesce", "extract": "hour", "date_part": "hour", "st_distance": "distance",
    ]

    /// The functions that fold many rows into one, for hints such as `| mean(speed)`.
    static let aggregates: Set<String> = [
        "count", "sum", "mean", "min", "max", "first", "last", "spread", "stddev", "var", "corr", "covar", "median",
        "p50", "p90", "p95", "p99", "quantile", "mode", "distinct", "list", "histogram", "min_at", "max_at", "increase",
        "rate", "resets", "twa", "integral", "duration", "uptime", "expected", "missing", "gaps", "freshness", "age",
    ]

    /// What to write where another language writes `word`, as a stage or a clause.
    static func foreignWord(_ word: String) -> Bilingual? {
        let key = word.lowercased()
        return foreignWords[key]
            ?? (key != word && Keyword.reserved.contains(key)
                ? Bilingual(vi: "Từ khoá viết chữ thường: \(key)", en: "Keywords are lower-case: \(key)") : nil)
    }

    private static let foreignWords: [String: Bilingual] = {
        let start = Bilingual(
            vi: "Bắt đầu bằng tên số đo: traffic[1h] | mean(speed) by way",
            en: "Start with the measurement: traffic[1h] | mean(speed) by way")
        func use(_ vi: String, _ en: String, _ code: String) -> Bilingual {
            Bilingual(vi: "\(vi): \(code)", en: "\(en): \(code)")
        }
        let group = use("Để gom nhóm", "To group", "| mean(speed) by way")
        let sort = use("Để sắp xếp", "To sort", "| sort -speed")
        let filter = use("Để lọc", "To filter", "| where speed > 50")
        let limit = use("Để giới hạn số dòng", "To limit the rows", "| limit 100")
        let set = use("Để thêm cột", "To add a column", "| set pct = 100 * n / total")
        let pick = use("Để chọn cột", "To choose columns", "| select time, speed")
        let plain = use("Viết thẳng hàm tổng hợp", "Write the aggregate itself", "| mean(speed) by way")
        let window = use("Để chia cửa sổ thời gian", "For windows of time", "| mean(speed) every 15m")
        let matches = use("Để so mẫu", "To match a pattern", "way ~ \"^QL\"")
        return [
            "from": start, "in_table": start, "group": group, "groupby": group, "group_by": group, "partition": group,
            "theo": group, "order": sort, "orderby": sort, "order_by": sort, "arrange": sort, "having": filter,
            "filter": filter, "search": filter, "lọc": filter, "take": limit, "head": limit, "fetch": limit,
            "extend": set, "eval": set, "derive": set, "mutate": set, "compute": set, "map": set, "with": set,
            "project": pick, "columns": pick, "summarize": plain, "summarise": plain, "aggregate": plain,
            "stats": plain, "bin": window, "bucket": window, "timechart": window, "interval": window, "sample": window,
            "mỗi": window, "step": window, "like": matches, "rlike": matches, "regexp": matches, "matches": matches,
            "desc": use("Từ lớn đến nhỏ", "Largest first", "| sort -speed"),
            "asc": use("Từ nhỏ đến lớn", "Smallest first", "| sort speed"),
            "as": use("Đặt tên ở phía trước", "The name comes first", "| km = max(odo) - min(odo)"),
            "tail": use("Lấy các dòng mới nhất", "For the newest rows", "| sort -time | limit 10"),
            "union": use(
                "Ghi nhiều số đo cách nhau bằng dấu phẩy", "Several measurements take commas", "traffic, noise[1h]"),
            "interpolate": use("Để nội suy", "To interpolate", "every 10m fill linear"),
            "timezone": use("Để đổi múi giờ", "To change the zone", "| tz \"Asia/Ho_Chi_Minh\""),
            "aggregatewindow": window, "window": window, "makeseries": window, "make-series": window,
            "date_trunc": window, "time_bucket": window, "bin_at": window, "timeslice": window,
            "keep": pick, "fields": pick, "offset": limit, "sum_by": group, "without": group, "on": group,
            "distinct_on": use("Giá trị mới nhất mỗi nhóm", "For the newest of each group", "| last(speed) by way"),
            "dedup": use("Giá trị mới nhất mỗi nhóm", "For the newest of each group", "| last(speed) by way"),
            "dedupe": use("Giá trị mới nhất mỗi nhóm", "For the newest of each group", "| last(speed) by way"),
            "latest_on": use("Giá trị mới nhất mỗi nhóm", "For the newest of each group", "| last(speed) by way"),
            "rename": use("Để đặt tên khác", "For another name", "| set km = speed | drop speed"),
            "pivot": use(
                "Mỗi cột một hàm có điều kiện riêng", "A call with its own filter for each column",
                "| a = sum(n) where (way = \"QL5\"), b = sum(n) where (way = \"QL51\")"),
            "melt": use("Để biến trường thành dòng", "To make rows of fields", "| unpivot"),
            "range": use("Khoảng thời gian viết sau tên số đo", "The range follows the measurement", "traffic[1h]"),
            "since": use("Khoảng thời gian viết sau tên số đo", "The range follows the measurement", "traffic[1h]"),
            "yield": use(
                "Không cần: kết quả là bước cuối", "It is not needed: the last stage is the answer", "| limit 100"),
            "ago": use("Khoảng thời gian viết sau tên số đo", "The range follows the measurement", "traffic[1h]"),
            "previous": Bilingual(vi: "Viết: fill prev", en: "Write: fill prev"),
            "zero": Bilingual(vi: "Viết: fill 0", en: "Write: fill 0"),
        ]
    }()

    /// What to write where another language writes these signs.
    static func foreignSymbol(_ text: String) -> Bilingual? {
        guard let ours = foreignSymbols[text] else { return nil }
        return Bilingual(vi: "Viết: \(ours)", en: "Write: \(ours)")
    }

    private static let foreignSymbols: [String: String] = [
        "==": "=", "&&": "and", "||": "or", "<>": "!=", "|>": "|", "=~": "~", "~=": "~", "!": "not", "=>": ">=",
        "=<": "<=",
        ":=": "=", "&": "and", "“": "\"…\"", "”": "\"…\"", "„": "\"…\"", "‘": "'…'", "’": "'…'", "≥": ">=", "≤": "<=",
        "≠": "!=", "–": "-", "—": "-", "−": "-", "×": "*", "÷": "/", "…": "..", "//": "# …",
    ]

    /// The duration meant by a word such as `1min`, `5mins`, `1hr`, `1.5h`, `100rows`; nil when there is none.
    static func duration(for word: String) -> String? {
        let scalars = Array(word.unicodeScalars)
        let digits = scalars.prefix { Lexer.isDigit($0) || $0 == "." }
        let letters = scalars.dropFirst(digits.count)
        guard !digits.isEmpty, !letters.contains(where: Lexer.isDigit) else { return nil }
        let number = String(String.UnicodeScalarView(digits))
        let written = String(String.UnicodeScalarView(letters))
        if written == "rows" || written == "row" { return "\(number) rows" }
        if written == "M" { return "\(number)m (phút/minutes), \(number)mo (tháng/months)" }
        guard let unit = unit(for: written) else { return nil }
        guard number.contains(".") else { return number + unit }
        // 1.5h is 90m: the largest smaller unit that makes it whole.
        let steps: [(String, Double)] = [
            ("y", 12), ("mo", 0), ("w", 7), ("d", 24), ("h", 60), ("m", 60), ("s", 1000), ("ms", 1000), ("us", 1000),
        ]
        let names = ["y": "mo", "w": "d", "d": "h", "h": "m", "m": "s", "s": "ms", "ms": "us", "us": "ns"]
        guard var value = Double(number) else { return nil }
        var current = unit
        while let next = names[current], let step = steps.first(where: { $0.0 == current })?.1 {
            value *= step
            current = next
            if let whole = Int64(exactly: value) { return "\(whole)\(current)" }
        }
        return nil
    }

    /// The unit meant by `word`, which may be one already.
    static func unit(for word: String) -> String? {
        Lexer.unitsOfDuration.contains(word) ? word : units[word.lowercased()]
    }

    private static let units: [String: String] = {
        let rows: [(String, String)] = [
            ("ns", "nanos nanosecond nanoseconds nsec"), ("us", "µs μs micros microsecond microseconds usec u µ"),
            ("ms", "millis millisecond milliseconds msec"), ("s", "sec secs second seconds giây"),
            ("m", "min mins minute minutes phút"), ("h", "hr hrs hour hours giờ"), ("d", "day days ngày"),
            ("w", "wk wks week weeks tuần"), ("mo", "mon mons month months tháng"), ("q", "quarter quarters qtr quý"),
            ("y", "yr yrs year years năm"),
        ]
        var table: [String: String] = [:]
        for (unit, words) in rows {
            table[unit] = unit
            for word in words.split(separator: " ") { table[String(word)] = unit }
        }
        return table
    }()

    /// The word of a range meant by `words` run together: `this month`, `Last_Week`, `hôm nay`.
    static func rangeWord(for words: String) -> String? {
        let letters = String(folded(words).filter { $0.isLetter })
        if let word = RangeExpression.Word(rawValue: letters) { return word.rawValue }
        if let word = vietnameseRanges[letters] { return word.rawValue }
        return closest(to: letters, among: RangeExpression.Word.allCases.map(\.rawValue)).first
    }

    private static let vietnameseRanges: [String: RangeExpression.Word] = [
        "homnay": .today, "homqua": .yesterday, "tuannay": .thisweek, "tuantruoc": .lastweek, "thangnay": .thismonth,
        "thangtruoc": .lastmonth, "quynay": .thisquarter, "quytruoc": .lastquarter, "namnay": .thisyear,
        "namtruoc": .lastyear, "namngoai": .lastyear,
    ]
}

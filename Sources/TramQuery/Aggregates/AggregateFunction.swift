package import TramColumnar

/// The aggregate functions of the query language, and what a binder has to know about each.
package enum AggregateFunction: String, CaseIterable, Sendable {
    case count
    case sum
    case mean
    case min
    case max
    case first
    case last
    case spread
    case stddev
    case variance = "var"
    case median
    case p50
    case p90
    case p95
    case p99
    case quantile
    case distinct
    case mode
    case minAt = "min_at"
    case maxAt = "max_at"
    case corr, covar, list, histogram
    case increase, rate, resets
    case twa, integral, duration, uptime
    case expected, missing, gaps, freshness, age

    /// Every name that `init(rawValue:)` knows, in the order of the manual.
    package static var names: [String] { allCases.map(\.rawValue) }

    package var name: String { rawValue }

    /// Whether the call must name a column.
    package var needsArgument: Bool { self != .count && takesColumn }

    /// Whether a column may stand as the first argument.
    package var takesColumn: Bool {
        switch self {
        case .expected, .missing, .gaps, .freshness, .age: false
        default: true
        }
    }

    /// Whether it looks from a row to the next of the same series.
    static func followsSeries(_ name: String) -> Bool {
        switch AggregateFunction(rawValue: name) {
        case .increase, .rate, .resets, .twa, .integral, .duration, .uptime, .gaps: true
        default: false
        }
    }

    /// Whether a second column follows the first.
    package var takesPair: Bool { self == .corr || self == .covar }

    /// The types that the argument may have.
    package var inputTypes: [ColumnType] {
        switch self {
        case .count, .first, .last, .min, .max, .distinct, .mode, .list:
            [.float, .int, .uint, .duration, .time, .bool, .string, .tag]
        case .sum, .mean, .stddev, .median, .p50, .p90, .p95, .p99, .quantile: [.float, .int, .uint, .duration]
        // The square of a duration has no name.
        case .variance, .corr, .covar, .histogram, .increase, .rate, .resets, .integral: [.float, .int, .uint]
        case .twa: [.float, .int, .uint, .duration]
        case .duration, .uptime: [.bool]
        case .expected, .missing, .gaps, .freshness, .age: []
        case .spread, .minAt, .maxAt: [.float, .int, .uint, .duration, .time]
        }
    }

    /// Whether a number 0...1 follows the column.
    package var needsShare: Bool { self == .quantile }

    /// How a call is written; for hints.
    package var usage: String {
        switch self {
        case .count, .freshness, .age: "\(name)()"
        case .quantile: "quantile(speed, 0.9)"
        case .corr, .covar: "\(name)(speed, count)"
        case .list: "list(speed, 10)"
        case .histogram: "histogram(speed, 10)"
        case .rate: "rate(kwh, 1h)"
        case .integral: "integral(kw, 1h)"
        case .duration, .uptime: "\(name)(speed > 0)"
        case .expected, .missing, .gaps: "\(name)(1m)"
        default: "\(name)(speed)"
        }
    }

    /// The words that may stand as the last argument.
    package var modifiers: [String] {
        switch self {
        case .median, .p50, .p90, .p95, .p99, .quantile: ["exact", "disc"]
        case .distinct: ["exact"]
        default: []
        }
    }

    /// The share of the values at or below the result; nil for what is no quantile or has it as an argument.
    var fixedShare: Double? {
        switch self {
        case .median, .p50: 0.5
        case .p90: 0.9
        case .p95: 0.95
        case .p99: 0.99
        default: nil
        }
    }

    /// One line for completion.
    package var help: Bilingual {
        switch self {
        case .count:
            Bilingual(vi: "Số dòng; count(f): số giá trị có mặt", en: "Number of rows; count(f): of values present")
        case .sum: Bilingual(vi: "Tổng, chính xác đến từng chữ số thập phân", en: "Sum, exact to the decimal")
        case .mean: Bilingual(vi: "Trung bình cộng: sum / count", en: "Arithmetic mean: sum / count")
        case .min: Bilingual(vi: "Giá trị nhỏ nhất", en: "Smallest value")
        case .max: Bilingual(vi: "Giá trị lớn nhất", en: "Largest value")
        case .first: Bilingual(vi: "Giá trị sớm nhất theo thời gian", en: "Earliest value")
        case .last: Bilingual(vi: "Giá trị mới nhất theo thời gian", en: "Latest value")
        case .spread: Bilingual(vi: "Khoảng biến thiên: lớn nhất trừ nhỏ nhất", en: "Largest value less the smallest")
        case .stddev: Bilingual(vi: "Độ lệch chuẩn mẫu (n - 1)", en: "Sample standard deviation (n - 1)")
        case .variance: Bilingual(vi: "Phương sai mẫu (n - 1)", en: "Sample variance (n - 1)")
        case .median: Bilingual(vi: "Trung vị, sai số tương đối 1 %", en: "Median, within 1 % of its value")
        case .p50: Bilingual(vi: "Phân vị 50 %, sai số tương đối 1 %", en: "50th percentile, within 1 % of its value")
        case .p90: Bilingual(vi: "Phân vị 90 %, sai số tương đối 1 %", en: "90th percentile, within 1 % of its value")
        case .p95: Bilingual(vi: "Phân vị 95 %, sai số tương đối 1 %", en: "95th percentile, within 1 % of its value")
        case .p99: Bilingual(vi: "Phân vị 99 %, sai số tương đối 1 %", en: "99th percentile, within 1 % of its value")
        case .quantile:
            Bilingual(
                vi: "Phân vị q (0 đến 1): quantile(f, 0.95), thêm exact hoặc disc để tính chính xác",
                en: "Quantile q (0 to 1): quantile(f, 0.95), with exact or disc from all values")
        case .distinct:
            Bilingual(
                vi: "Số giá trị khác nhau: chính xác đến 256, sau đó ước lượng; thêm exact để đếm đủ",
                en: "Number of different values: exact up to 256, then estimated; with exact always exact")
        case .mode: Bilingual(vi: "Giá trị gặp nhiều nhất", en: "Most frequent value")
        case .minAt: Bilingual(vi: "Lúc đạt giá trị nhỏ nhất lần đầu", en: "When the smallest value was first reached")
        case .corr: Bilingual(vi: "Hệ số tương quan Pearson của hai cột", en: "Pearson's correlation of two columns")
        case .covar: Bilingual(vi: "Hiệp phương sai mẫu (n - 1)", en: "Sample covariance of two columns (n - 1)")
        case .list:
            Bilingual(
                vi: "n giá trị đầu theo thời gian, dạng JSON: list(f, 10)",
                en: "First n values in time order, as JSON: list(f, 10)")
        case .histogram:
            Bilingual(
                vi: "Phân bố: mỗi khoảng rộng w một dòng, cột bucket và count: histogram(f, 10)",
                en: "Distribution: a row for each bucket of width w, columns bucket and count: histogram(f, 10)")
        case .increase:
            Bilingual(
                vi: "Bộ đếm tăng bao nhiêu, tính cả lúc về 0, không ngoại suy",
                en: "Rise of a counter, resets counted, nothing extrapolated")
        case .rate:
            Bilingual(
                vi: "Tốc độ tăng của bộ đếm trên một đơn vị thời gian: rate(f, 1h); mặc định 1s",
                en: "Rise of a counter in one unit of time: rate(f, 1h); 1s when not given")
        case .resets: Bilingual(vi: "Số lần bộ đếm về 0", en: "How often a counter fell back")
        case .twa:
            Bilingual(
                vi: "Trung bình theo thời gian: mỗi giá trị giữ đến dòng sau",
                en: "Time-weighted mean: each value holds until the next row")
        case .integral:
            Bilingual(
                vi: "Tích phân theo thời gian: integral(kw, 1h) ra kWh",
                en: "Integral over time: integral(kw, 1h) gives kWh")
        case .duration:
            Bilingual(
                vi: "Thời gian điều kiện đúng: duration(speed = 0)",
                en: "Time for which a condition held: duration(speed = 0)")
        case .uptime:
            Bilingual(
                vi: "Tỷ lệ thời gian điều kiện đúng, 0 đến 1", en: "Share of time for which a condition held, 0 to 1")
        case .expected:
            Bilingual(
                vi: "Số chu kỳ trong cửa sổ: expected(1m)", en: "Number of periods in the window: expected(1m)")
        case .missing:
            Bilingual(
                vi: "Số dòng thiếu: expected(1m) trừ số dòng", en: "Rows that are missing: expected(1m) less the rows")
        case .gaps:
            Bilingual(
                vi: "Số lần ngắt dài hơn 1,5 chu kỳ: gaps(1m)", en: "Pauses longer than 1.5 periods: gaps(1m)")
        case .freshness, .age:
            Bilingual(vi: "Dòng mới nhất cách hiện tại bao lâu", en: "How long ago the newest row came")
        case .maxAt: Bilingual(vi: "Lúc đạt giá trị lớn nhất lần đầu", en: "When the largest value was first reached")
        }
    }
}

/// A constant after the column in a call: `0.95` or `exact` in `quantile(f, 0.95, exact)`.
package enum AggregateParameter: Hashable, Sendable {
    case number(Double)
    case word(String)
    /// Nanoseconds.
    case duration(Int64)
}

/// What is wrong with a call. The binder knows the places and says it.
package enum AggregateMistake: Error, Hashable, Sendable {
    case unknownFunction(String)
    case missingArgument
    case unfitType(ColumnType, accepted: [ColumnType])
    /// `quantile(f)` lacks its number.
    case missingShare
    /// A share outside 0...1.
    case badShare(Double)
    /// The parameter of this number (0 is the first after the column) is not one that the function takes there;
    /// `allowed` are the words it does.
    case unexpectedParameter(Int, allowed: [String])
    /// The call lacks an argument, has one too many, or one of the wrong kind; `usage` is a right call.
    case wrongCall(usage: String)
}

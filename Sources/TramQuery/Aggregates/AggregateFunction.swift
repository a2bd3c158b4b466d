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

    /// Every name that `init(rawValue:)` knows, in the order of the manual.
    package static var names: [String] { allCases.map(\.rawValue) }

    package var name: String { rawValue }

    /// Whether the call must name a column; `count()` alone may do without.
    package var needsArgument: Bool { self != .count }

    /// The types that the argument may have.
    package var inputTypes: [ColumnType] {
        switch self {
        case .count, .first, .last, .min, .max, .distinct, .mode:
            [.float, .int, .uint, .duration, .time, .bool, .string, .tag]
        case .sum, .mean, .stddev, .median, .p50, .p90, .p95, .p99, .quantile: [.float, .int, .uint, .duration]
        // The square of a duration has no name.
        case .variance: [.float, .int, .uint]
        case .spread, .minAt, .maxAt: [.float, .int, .uint, .duration, .time]
        }
    }

    /// Whether a number 0...1 follows the column.
    package var needsShare: Bool { self == .quantile }

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
        case .maxAt: Bilingual(vi: "Lúc đạt giá trị lớn nhất lần đầu", en: "When the largest value was first reached")
        }
    }
}

/// A constant after the column in a call: `0.95` or `exact` in `quantile(f, 0.95, exact)`.
package enum AggregateParameter: Hashable, Sendable {
    case number(Double)
    case word(String)
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
}

package import TramColumnar

/// The functions that run along the rows of a group, and what a binder has to know about each.
package enum RunningFunction: String, CaseIterable, Sendable {
    case diff, deriv, cumsum, lag
    case movingMean = "moving_mean"
    case movingMedian = "moving_median"
    case ewma, rank, share, changed, cross, zscore
    case madZ = "mad_z"
    case forecast

    /// Most rows that a function looks back, and most rows of a season.
    static let mostRows: Int64 = 10_000

    package static var names: [String] { allCases.map(\.rawValue) }

    /// How a call is written; for hints.
    package var usage: String {
        switch self {
        case .diff, .cumsum, .rank, .share, .changed: "\(rawValue)(speed)"
        case .deriv: "deriv(speed, 1h)"
        case .lag: "lag(speed, 1)"
        case .movingMean, .movingMedian: "\(rawValue)(speed, 12)"
        case .zscore, .madZ: "\(rawValue)(speed, 60)"
        case .ewma: "ewma(speed, 0.3)"
        case .cross: "cross(speed, 20)"
        case .forecast: "forecast(speed, 6, 24)"
        }
    }

    /// How many arguments a call may have.
    var argumentCounts: ClosedRange<Int> {
        switch self {
        case .diff, .cumsum, .rank, .share, .changed: 1...1
        case .deriv, .lag: 1...2
        case .movingMean, .movingMedian, .ewma, .cross, .zscore, .madZ: 2...2
        case .forecast: 2...3
        }
    }

    /// Whether it compares the rows of one window with each other, not those of one group.
    var isAcross: Bool { self == .rank || self == .share }

    /// One line for completion.
    package var help: Bilingual {
        switch self {
        case .diff: Bilingual(vi: "Giá trị trừ giá trị trước của nhóm", en: "Value less the group's value before it")
        case .deriv:
            Bilingual(
                vi: "Tốc độ thay đổi trên một đơn vị thời gian: deriv(f, 1h)",
                en: "Rate of change in one unit of time: deriv(f, 1h)")
        case .cumsum: Bilingual(vi: "Tổng cộng dồn của nhóm", en: "Running total of the group")
        case .lag: Bilingual(vi: "Giá trị n dòng trước của nhóm", en: "The group's value n rows before")
        case .movingMean: Bilingual(vi: "Trung bình của n giá trị gần nhất", en: "Mean of the last n values")
        case .movingMedian: Bilingual(vi: "Trung vị của n giá trị gần nhất", en: "Median of the last n values")
        case .ewma:
            Bilingual(
                vi: "Trung bình mũ: a * giá trị + (1 - a) * trước đó",
                en: "Exponentially weighted mean: a * value + (1 - a) * before")
        case .rank:
            Bilingual(
                vi: "Thứ hạng trong cùng cửa sổ, 1 là nhỏ nhất; rank(-f): 1 là lớn nhất",
                en: "Rank within the window, 1 the smallest; rank(-f): 1 the largest")
        case .share:
            Bilingual(vi: "Phần trong tổng của cùng cửa sổ, 0 đến 1", en: "Part of the window's total, 0 to 1")
        case .changed: Bilingual(vi: "Có khác giá trị trước không", en: "Whether it differs from the value before")
        case .cross:
            Bilingual(
                vi: "Vượt ngưỡng: 1 đi lên, -1 đi xuống, 0 không vượt",
                en: "Crossing of a level: 1 upwards, -1 downwards, 0 none")
        case .zscore:
            Bilingual(
                vi: "Số độ lệch chuẩn so với n giá trị trước", en: "Standard deviations from the n values before")
        case .madZ:
            Bilingual(
                vi: "Độ lệch bền vững so với trung vị n giá trị trước (0,6745 * lệch / MAD)",
                en: "Robust deviation from the median of the n values before (0.6745 * distance / MAD)")
        case .forecast:
            Bilingual(
                vi: "Dự báo Holt-Winters n dòng tới: forecast(f, n, mùa); mùa 0 là không có",
                en: "Holt-Winters forecast n rows ahead: forecast(f, n, season); season 0 is none")
        }
    }
}

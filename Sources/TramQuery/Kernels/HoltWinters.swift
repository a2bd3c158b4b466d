/// Additive Holt-Winters smoothing of evenly spaced values, with the smoothing constants chosen as values come.
///
/// 1. The start is fitted to the first values: without a season to the first two (a straight line), with a season of m
///    to the first 2 m: the trend is the difference of the two seasons' means over m, the seasonal parts are the
///    means of what is left after trend and level.
/// 2. From then on each of a fixed grid of constants keeps its own level, trend and seasonal parts (`candidates`), and
///    adds up the squares of its errors one row ahead.
/// 3. A forecast is that of the constants with the least sum so far, of equal ones the first in the grid. So it depends
///    on the values up to its row alone, and the same values give the same bits.
///
/// Holt, "Forecasting seasonals and trends by exponentially weighted moving averages", 1957, reprinted in International
/// Journal of Forecasting 20(1), 2004, doi:10.1016/j.ijforecast.2003.09.015; Winters, "Forecasting Sales by
/// Exponentially Weighted Moving Averages", Management Science 6(3), 1960, doi:10.1287/mnsc.6.3.324.
struct HoltWinters {
    private struct Candidate {
        let levelWeight: Double
        let trendWeight: Double
        let seasonWeight: Double
        var level = 0.0
        var trend = 0.0
        var seasonal: [Double] = []
        var squaredErrors = 0.0
    }

    /// Values of one season; 0 for none.
    let season: Int
    private var start: [Double] = []
    private var candidates: [Candidate] = []
    /// Place in the season of the next value.
    private var place = 0

    /// - Parameter season: 0, or at least 2.
    init(season: Int) {
        self.season = season
    }

    private static func grid(hasSeason: Bool) -> [Candidate] {
        var grid: [Candidate] = []
        for level in [0.2, 0.5, 0.8] {
            for trend in [0.05, 0.2] {
                for season in hasSeason ? [0.1, 0.4] : [0] {
                    grid.append(Candidate(levelWeight: level, trendWeight: trend, seasonWeight: season))
                }
            }
        }
        return grid
    }

    /// O(candidates), with a season once O(season).
    mutating func add(_ value: Double) {
        if candidates.isEmpty {
            start.append(value)
            if start.count == max(2, 2 * season) { begin() }
            return
        }
        let place = place
        for index in candidates.indices { HoltWinters.step(&candidates[index], value, place) }
        if season > 0 { self.place = place + 1 == season ? 0 : place + 1 }
    }

    private static func step(_ candidate: inout Candidate, _ value: Double, _ place: Int) {
        let seasonal = candidate.seasonal.isEmpty ? 0 : candidate.seasonal[place]
        let before = candidate.level
        let error = value - (before + candidate.trend + seasonal)
        candidate.squaredErrors += error * error
        // In the form of error correction: what was foreseen exactly changes nothing.
        candidate.level = before + candidate.trend + candidate.levelWeight * error
        candidate.trend += candidate.levelWeight * candidate.trendWeight * error
        if !candidate.seasonal.isEmpty {
            candidate.seasonal[place] =
                seasonal + candidate.seasonWeight * (1 - candidate.levelWeight) * error
        }
    }

    private mutating func begin() {
        var level = start[start.count - 1]
        var trend = start[1] - start[0]
        var seasonal: [Double] = []
        if season > 0 {
            let count = Double(season)
            let first = start[..<season].reduce(0, +) / count
            let second = start[season...].reduce(0, +) / count
            trend = (second - first) / count
            let half = (count - 1) / 2
            seasonal = (0..<season).map { place in
                let moved = trend * (Double(place) - half)
                return ((start[place] - first - moved) + (start[season + place] - second - moved)) / 2
            }
            level = second + trend * half
        }
        candidates = HoltWinters.grid(hasSeason: season > 0)
        for index in candidates.indices {
            candidates[index].level = level
            candidates[index].trend = trend
            candidates[index].seasonal = seasonal
        }
        start = []
    }

    /// The value that is expected `steps` rows, at least 1, after the last; nil while there are too few values.
    func forecast(steps: Int) -> Double? {
        guard var best = candidates.first else { return nil }
        for candidate in candidates.dropFirst() where candidate.squaredErrors < best.squaredErrors { best = candidate }
        let trended = best.level + Double(steps) * best.trend
        return season > 0 ? trended + best.seasonal[(place + steps - 1) % season] : trended
    }
}

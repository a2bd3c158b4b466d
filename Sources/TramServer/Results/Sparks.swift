/// Numbers drawn with letters of a terminal.
enum Sparks {
    private static let eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    private static let heights = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// A bar of `share`, 0...1, of `columns`, to an eighth of a column; what is not zero is at least that long.
    static func bar(_ share: Double, columns: Int) -> String {
        guard share > 0, share.isFinite else { return "" }
        let eighths = max(Int((min(share, 1) * Double(columns * 8)).rounded()), 1)
        return String(repeating: "█", count: eighths / 8) + Sparks.eighths[eighths % 8]
    }

    /// The values from the least to the greatest as heights, in at most `columns` columns: where there are more values,
    /// each column is the mean of its part. What is missing is a blank.
    static func line(_ values: [Double?], columns: Int) -> String {
        guard columns > 0, !values.isEmpty else { return "" }
        let count = min(values.count, columns)
        let parts = (0..<count).map { part -> Double? in
            let slice = values[(part * values.count / count)..<((part + 1) * values.count / count)].compactMap { $0 }
            // Divided first: the sum of large numbers would be none.
            return slice.isEmpty ? nil : slice.reduce(0) { $0 + $1 / Double(slice.count) }
        }
        guard let low = parts.compactMap({ $0 }).min(), let high = parts.compactMap({ $0 }).max() else { return "" }
        let span = high / 2 - low / 2
        return parts.map { value in
            guard let value else { return " " }
            guard span > 0, span.isFinite else { return heights[3] }
            let place = (value / 2 - low / 2) / span * Double(heights.count - 1)
            return heights[min(max(Int(place.rounded()), 0), heights.count - 1)]
        }.joined()
    }
}

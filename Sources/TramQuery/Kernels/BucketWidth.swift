/// The width of a histogram's buckets, which begin at its multiples.
///
/// Held as a fraction of whole numbers where the width is a short decimal, so that bounds such as 0.3 come out as they
/// are written: 3 * 1 / 10, not 3 * 0.1.
package struct BucketWidth {
    private let numerator: Double
    private let denominator: Double

    /// - Parameter width: More than 0, finite.
    package init(_ width: Double) {
        for digits in 0...9 {
            let scale = Double(PowerOfTen.integer(digits))
            let scaled = (width * scale).rounded()
            if scaled >= 1, scaled < 0x1p40, scaled / scale == width {
                numerator = scaled
                denominator = scale
                return
            }
        }
        numerator = width
        denominator = 1
    }

    /// The largest multiple of the width that is not above `value`; no number for what is none.
    package func lowerBound(of value: Double) -> Double {
        func bound(_ number: Double) -> Double { number * numerator / denominator }
        var number = (value / (numerator / denominator)).rounded(.down)
        // The quotient may have been rounded past a bound; what counts is the comparison with the bound itself.
        if bound(number + 1) <= value { number += 1 }
        if bound(number) > value { number -= 1 }
        // Adding 0 makes 0 of -0.
        return bound(number) + 0
    }
}

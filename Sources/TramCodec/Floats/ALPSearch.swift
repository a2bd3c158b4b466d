/// Finds the (exponent, factor) of a column whose values are products of short decimals.
///
/// 1. All pairs with factor <= exponent <= 18 are tried on 64 values at equal distances. A pair costs the bits of the
///    span of its integers, and 74 bits for each value that does not come back.
/// 2. The five cheapest are kept with the series; its next columns try only those, on 32 values, and stop after two in
///    a row that are no better.
///
/// Two-level sampling of Afroozeh, Kuffó, Boncz, "ALP", Proc. ACM Manag. Data 1(4) (SIGMOD 2024),
/// doi:10.1145/3626717, section 3.2, with one spread sample in place of eight row groups.
enum ALPSearch {
    struct Pair: Equatable, Sendable {
        var exponent: UInt8
        var factor: UInt8

        var scaling: DecimalScaling { .product(exponent: Int(exponent), factor: Int(factor)) }
    }

    static let keptPairs = 5
    /// More bits a value than this are no success.
    private static let limitBits = 48

    /// The cheapest pairs, best first; empty when none is worth it.
    static func pairs(_ bits: UnsafeBufferPointer<UInt64>) -> [Pair] {
        let sample = unsafe sample(bits, 64)
        var found: [(pair: Pair, cost: Int)] = []
        for exponent in (0...18).reversed() {
            for factor in (0...exponent).reversed() {
                let pair = Pair(exponent: UInt8(exponent), factor: UInt8(factor))
                guard let cost = cost(sample, pair), cost < sample.count * limitBits else { continue }
                found.append((pair, cost))
            }
        }
        // Stable: of equal pairs the one with the larger exponent, then the larger factor, stays in front.
        let order = found.indices.sorted { (found[$0].cost, $0) < (found[$1].cost, $1) }
        return order.prefix(keptPairs).map { found[$0].pair }
    }

    /// The best of the kept pairs for this column; nil when none is worth it.
    static func best(of pairs: [Pair], _ bits: UnsafeBufferPointer<UInt64>) -> Pair? {
        let sample = unsafe sample(bits, 32)
        var best: Pair?
        var bestCost = sample.count * limitBits
        var worse = 0
        for pair in pairs where worse < 2 {
            if let cost = cost(sample, pair), cost < bestCost {
                best = pair
                bestCost = cost
                worse = 0
            } else {
                worse += 1
            }
        }
        return best
    }

    private static func sample(_ bits: UnsafeBufferPointer<UInt64>, _ size: Int) -> [Double] {
        let size = min(size, bits.count)
        return (0..<size).map { unsafe Double(bitPattern: bits[$0 * (bits.count - 1) / max(1, size - 1)]) }
    }

    /// Nil when less than two values come back.
    private static func cost(_ sample: [Double], _ pair: Pair) -> Int? {
        let constants = pair.scaling.constants
        var low = Int64.max
        var high = Int64.min
        var hits = 0
        for value in sample {
            guard let integer = constants.encode(value) else { continue }
            low = min(low, integer)
            high = max(high, integer)
            hits += 1
        }
        guard hits >= min(2, sample.count) else { return nil }
        return sample.count * UInt64(high - low).bitLength
            + (sample.count - hits) * (PackedIntegers.rowBits + 64)
    }
}

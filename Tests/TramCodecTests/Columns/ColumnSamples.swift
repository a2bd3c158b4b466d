import TramColumnar
import TramTesting

/// Columns as sensors make them, and as they must not break us. Each is the same for the same seed.
enum ColumnSamples {
    /// Doubles, by name.
    static let floats = [
        "temperature", "level", "counter", "gps", "speed-averages", "interpolated", "states", "constant", "mostly-zero",
        "with-strays", "with-specials", "full-precision", "products", "random-bits", "denormals", "negative-zero",
        "long-decimals", "huge-integers", "moved-decimals",
    ]
    /// 64-bit integers, by name.
    static let integers = [
        "constant", "stride", "jitter", "seconds", "counter", "states", "walk", "alternating-extremes", "random-bits",
        "overflowing-steps", "few-far-apart", "outliers", "powers",
    ]

    static func bits(float name: String, count: Int, seed: UInt64) -> [UInt64] {
        var generator = SeededGenerator(seed: seed)
        return doubles(name, count, &generator).map(\.bitPattern)
    }

    static func integers(_ name: String, count: Int, seed: UInt64) -> [Int64] {
        var generator = SeededGenerator(seed: seed)
        return integers(name, count, &generator)
    }

    /// About -1...1, mostly near 0.
    private static func noise(_ generator: inout SeededGenerator) -> Double {
        var sum = 0.0
        for _ in 0..<4 { sum += Double.random(in: -0.5...0.5, using: &generator) }
        return sum
    }

    private static func walk(
        _ count: Int, from start: Double, step: Double, digits power: Double, _ generator: inout SeededGenerator
    ) -> [Double] {
        var level = start
        return (0..<count).map { _ in
            level += noise(&generator) * step
            return (level * power).rounded() / power
        }
    }

    private static func doubles(_ name: String, _ count: Int, _ generator: inout SeededGenerator) -> [Double] {
        switch name {
        case "temperature": return walk(count, from: 24, step: 0.3, digits: 10, &generator)
        case "level": return walk(count, from: 3.2, step: 0.01, digits: 1000, &generator)
        case "counter":
            var total = 1_000_000.0
            return (0..<count).map { _ in
                total += Double(Int.random(in: 0...40, using: &generator))
                return total
            }
        case "gps": return walk(count, from: 21.028511, step: 0.0002, digits: 1_000_000, &generator)
        case "speed-averages":
            return (0..<count).map { _ in
                let readings: Double = [8, 9, 8, 9, 7].randomElement(using: &generator) ?? 8
                let sum = (60 * readings + noise(&generator) * 40).rounded()
                return (sum / readings * 1e8).rounded() / 1e8
            }
        case "interpolated":
            return (0..<count).map { row in ((50 + Double(row) * 7 / 131) * 1e8).rounded() / 1e8 }
        case "states": return (0..<count).map { row in Double((row / 37) % 4) }
        case "constant": return [Double](repeating: 312.5, count: count)
        case "mostly-zero":
            return (0..<count).map { _ in
                Int.random(in: 0..<20, using: &generator) > 0 ? 0 : (noise(&generator) * 100).rounded() / 10
            }
        case "with-strays":
            var values = walk(count, from: 24, step: 0.3, digits: 10, &generator)
            for row in values.indices where row % 61 == 7 { values[row] = Double.random(in: 0...1, using: &generator) }
            return values
        case "with-specials": return specials(count, &generator)
        case "full-precision": return (0..<count).map { _ in noise(&generator) }
        case "products": return (0..<count).map { _ in (noise(&generator) * 50_000).rounded() * 0.001 }
        case "random-bits": return (0..<count).map { _ in Double(bitPattern: generator.next()) }
        case "denormals": return (0..<count).map { row in Double(bitPattern: UInt64(row) * 3) }
        case "negative-zero": return (0..<count).map { row in row % 3 == 0 ? -0.0 : 0.0 }
        case "moved-decimals":
            return walk(count, from: 35, step: 0.2, digits: 1000, &generator).map { value in
                Double(bitPattern: value.bitPattern &+ UInt64.random(in: 0...3, using: &generator) &- 1)
            }
        case "long-decimals":
            return (0..<count).map { _ in (noise(&generator) * 1e14).rounded() / 1e15 }
        default:
            return (0..<count).map { _ in Double(Int64.random(in: .min ... .max, using: &generator)) }
        }
    }

    private static func specials(_ count: Int, _ generator: inout SeededGenerator) -> [Double] {
        let special: [UInt64] = [
            0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000, 0x7ff8_0000_0000_0000, 0x7ff0_0000_0000_0001,
            0xffff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0x0000_0000_0000_0001, 0x7fef_ffff_ffff_ffff,
        ]
        var values = walk(count, from: 5, step: 1, digits: 100, &generator)
        for row in values.indices where row % 9 == 4 {
            values[row] = Double(bitPattern: special[row / 9 % special.count])
        }
        return values
    }

    private static func integers(_ name: String, _ count: Int, _ generator: inout SeededGenerator) -> [Int64] {
        switch name {
        case "constant": return [Int64](repeating: -77, count: count)
        case "stride": return (0..<count).map { 1_700_000_000_000_000_000 + Int64($0) * 60_000_000_000 }
        case "jitter":
            return (0..<count).map { row in
                1_700_000_000_000_000_000 + Int64(row) * 1_000_000_123 + Int64.random(in: -900...900, using: &generator)
            }
        case "seconds":
            return (0..<count).map { row in
                1_700_000_000_000_000_000
                    + (Int64(row) * 300 + Int64.random(in: 0...9, using: &generator)) * 1_000_000_000
            }
        case "counter":
            var total: Int64 = 1 << 40
            return (0..<count).map { _ in
                total += 1000 + Int64.random(in: 0...30, using: &generator)
                return total
            }
        case "states": return (0..<count).map { row in Int64((row / 100) % 3) - 1 }
        case "walk":
            var level: Int64 = 0
            return (0..<count).map { _ in
                level += Int64.random(in: -5...5, using: &generator)
                return level
            }
        case "alternating-extremes": return (0..<count).map { $0 % 2 == 0 ? .min : .max }
        case "random-bits": return (0..<count).map { _ in Int64(bitPattern: generator.next()) }
        case "overflowing-steps":
            return (0..<count).map { row in Int64(row) &* 0x7fff_ffff_ffff_fff1 &+ Int64(row * row) }
        case "few-far-apart":
            let few: [Int64] = [.min, -1, 0, 12_345_678_901, .max]
            return (0..<count).map { _ in few.randomElement(using: &generator) ?? 0 }
        case "outliers":
            return (0..<count).map { row in
                row % 100 == 13 ? .max - Int64(row) : Int64.random(in: 100...131, using: &generator)
            }
        default: return (0..<count).map { row in 1 &<< Int64(row % 64) }
        }
    }
}

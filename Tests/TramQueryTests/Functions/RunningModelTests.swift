import Testing
import TramColumnar
import TramQuery
import TramTesting

@testable import TramQuery

/// Running functions against slow ones that look at all rows before.
@Suite struct RunningModelTests {
    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// The value of a call at the last of `values`.
    private static func model(_ function: String, _ count: Int, _ values: [Double]) -> Double? {
        let recent = Array(values.suffix(count))
        let before = Array(values.dropLast().suffix(count))
        let last = values[values.count - 1]
        switch function {
        case "moving_mean": return recent.reduce(0, +) / Double(recent.count)
        case "moving_median": return median(recent)
        case "lag": return values.count > count ? values[values.count - 1 - count] : nil
        case "cumsum": return values.reduce(0, +)
        case "zscore", "mad_z":
            guard before.count >= min(count, 5) else { return nil }
            if Set(before).count == 1 { return last == before[0] ? 0 : nil }
            if function == "zscore" {
                let mean = before.reduce(0, +) / Double(before.count)
                let squares = before.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
                return (last - mean) / (squares / Double(before.count - 1)).squareRoot()
            }
            let middle = median(before)
            let deviation = median(before.map { abs($0 - middle) })
            if deviation > 0 { return 0.6745 * (last - middle) / deviation }
            let distance = before.map { abs($0 - middle) }.reduce(0, +) / Double(before.count)
            return (last - middle) / (1.253314 * distance)
        default: return nil
        }
    }

    @Test(arguments: 0..<60)
    func `running functions are those of a model, before and after aggregation`(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let second: Int64 = 1_000_000_000
        let range = [1, 3, 40].randomElement(using: &generator) ?? 1
        var rows: [TestRow] = []
        for station in 0..<Int.random(in: 1...3, using: &generator) {
            for step in 0..<Int64.random(in: 1...40, using: &generator)
            where Int.random(in: 0...4, using: &generator) > 0 {
                var fields: [String: Cell] = ["k": .int(1)]
                if Int.random(in: 0...6, using: &generator) > 0 {
                    fields["x"] = .float(Double(Int.random(in: -range...range, using: &generator)) / 4)
                }
                rows.append(TestRow(time: step * second, tags: ["st": "\(station)"], fields: fields))
            }
        }
        rows.append(TestRow(time: 99 * second, tags: ["st": "0"], fields: ["x": .float(1), "k": .int(1)]))
        let count = Int.random(in: 3...9, using: &generator)
        for function in ["moving_mean", "moving_median", "lag", "cumsum", "zscore", "mad_z"] {
            let call = { (field: String) in
                function == "cumsum" ? "cumsum(\(field))" : "\(function)(\(field), \(count))"
            }
            let raw = try MemorySource(rows.shuffled(using: &generator)).lines(
                "m | set r = \(call("x")) | select time, st, x, r")
            let table = try MemorySource(rows.shuffled(using: &generator)).lines(
                "m | x = max(x) by st every 1s | sort -time | set r = \(call("x")) | sort time, st | select time, st, x, r"
            )
            #expect(raw == table)
            var seen: [String: [Double]] = [:]
            for line in raw.dropFirst() {
                let words = line.split(separator: " ").map(String.init)
                guard let value = Double(words[2]) else {
                    #expect(words[3] == "-")
                    continue
                }
                seen[words[1], default: []].append(value)
                let expected = Self.model(function, count, seen[words[1]] ?? [])
                let found = Double(words[3])
                #expect((found == nil) == (expected == nil), "\(function) \(count): \(line)")
                if let found, let expected {
                    #expect(abs(found - expected) <= 1e-9 * max(1, abs(expected)), "\(function) \(count): \(line)")
                }
            }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `the median distance of a sorted window is that of all its distances`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for capacity in [1, 2, 3, 7, 64] {
            var window = SortedWindow(capacity: capacity)
            var all: [Double] = []
            for _ in 0..<200 {
                let value = Double(Int.random(in: -9...9, using: &generator))
                window.push(value)
                all.append(value)
                let recent = Array(all.suffix(capacity))
                #expect(window.sorted == recent.sorted())
                #expect(window.median == Self.median(recent))
                for center in [Self.median(recent), -20, 20, 3] {
                    #expect(window.medianDistance(from: center) == Self.median(recent.map { abs($0 - center) }))
                }
            }
        }
    }
}

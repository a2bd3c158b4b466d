import Foundation
import Testing
import TramColumnar
import TramLineProtocol
import TramTesting

/// Every number is the one nearest to its text; the C library's strtod is the second opinion.
@Suite struct NumberTests {
    /// What the column holds for `v=<text>`, read by a parser that meets the series for the first time and by one that
    /// knows it.
    private func parsed(_ texts: [String]) -> [[Value?]] {
        let bytes = Array(texts.enumerated().map { "m v=\($1) \($0)\n" }.joined().utf8)
        let parser = LineParser()
        return (0..<2).map { _ in
            var values = [Value?](repeating: nil, count: texts.count)
            for row in outcome(bytes, parser: parser).rows { values[Int(row.time)] = row.fields["v"] }
            return values
        }
    }

    private func expectStrtod(_ texts: [String]) {
        for values in parsed(texts) {
            for (text, value) in zip(texts, values) {
                let nearest = unsafe strtod(text, nil)
                #expect(value == (nearest.isFinite ? .float(nearest.bitPattern) : nil), "\(text)")
            }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `random doubles in their shortest form come back bit for bit`(seed: UInt64)
    {
        var generator = SeededGenerator(seed: seed)
        var doubles: [Double] = []
        while doubles.count < 20_000 {
            let double = Double(bitPattern: generator.next())
            if double.isFinite { doubles.append(double) }
        }
        for values in parsed(doubles.map { "\($0)" }) {
            for (double, value) in zip(doubles, values) { #expect(value == .float(double.bitPattern), "\(double)") }
        }
    }

    @Test(arguments: [UInt64(4), 5]) func `17 to 25 digits of any exponent are read as strtod reads them`(seed: UInt64)
    {
        var generator = SeededGenerator(seed: seed)
        expectStrtod(
            (0..<20_000).map { _ in
                let digits = Int.random(in: 17...25, using: &generator)
                var text = Bool.random(using: &generator) ? "-" : ""
                let point = Int.random(in: 0...digits, using: &generator)
                for place in 0..<digits {
                    if place == point { text += "." }
                    text += String(Int.random(in: 0...9, using: &generator))
                }
                return text + "e" + String(Int.random(in: -350...330, using: &generator))
            })
    }

    @Test(arguments: [UInt64(6), 7]) func `decimals as sensors write them are read as strtod reads them`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        expectStrtod(
            (0..<20_000).map { _ in
                let whole = Int.random(in: 0...10, using: &generator)
                let fraction = Int.random(in: whole == 0 ? 1...10 : 0...10, using: &generator)
                func digits(_ count: Int) -> String {
                    (0..<count).map { _ in String(Int.random(in: 0...9, using: &generator)) }.joined()
                }
                let point = fraction > 0 || Bool.random(using: &generator) ? "." : ""
                return (Bool.random(using: &generator) ? "-" : "") + digits(whole) + point + digits(fraction)
            })
    }

    /// Half way between two doubles, and one unit in a far digit to either side.
    @Test func `halves go to the even neighbour, and the last digit decides`() {
        var generator = SeededGenerator(seed: 8)
        var texts: [String] = []
        for _ in 0..<2000 {
            // An odd number of 54 bits lies half way; scaled down by a power of two it has a finite decimal form.
            let odd = (UInt64.random(in: 1 << 53..<1 << 54, using: &generator)) | 1
            let shift = Int.random(in: 0...40, using: &generator)
            let half = NSDecimalNumber(mantissa: odd, exponent: 0, isNegative: false)
            let scaled = half.dividing(
                by: NSDecimalNumber(mantissa: 1 << UInt64(shift % 20), exponent: 0, isNegative: false))
            let text = scaled.stringValue
            texts += [text, text + (text.contains(".") ? "" : ".") + "0000000000000000000000001"]
        }
        texts += [
            "9007199254740993", "9007199254740992.99999999999999999999", "9007199254740993.00000000000000000001",
            "2.2250738585072011e-308", "2.2250738585072012e-308", "2.2250738585072014e-308", "4.9406564584124654e-324",
            "2.4703282292062327e-324", "2.4703282292062328e-324", "1.7976931348623158e308", "1.7976931348623159e308",
            "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692"
                + "88713786516",
            "0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001e100",
        ]
        expectStrtod(texts)
    }

    @Test func `a number may have a thousand digits`() {
        let digits = String(repeating: "1234567890", count: 100)
        expectStrtod([
            digits + "e-700", "0." + digits, "-" + digits + "." + digits + "e-800",
            "0." + String(repeating: "0", count: 999) + "1e1000",
            "1" + String(repeating: "0", count: 999) + "e-999", String(repeating: "0", count: 999) + "7",
        ])
    }

    @Test func `exponents past all bounds are zero or refused`() {
        expectStrtod([
            "1e-400", "-1e-400", "1e-99999999999999999999999", "0e99999999999999999999999", "-0", "-0.0", "0e400",
            "1e309",
            "1e400", "-1e99999999999999999999999", "1e308", "1e0000000000000000000000000000001",
        ])
    }

    @Test func `negative zero stays negative`() {
        for values in parsed(["-0", "-0.0", "-0e5"]) {
            #expect(values == Array(repeating: .float((-0.0).bitPattern), count: 3))
        }
    }

    @Test func `integers at the edges of 64 bits are exact`() {
        let texts = [
            "9223372036854775807i", "-9223372036854775808i", "0000000000000000000000000000001i", "-0i",
            "18446744073709551615u",
            "00000000000000000000018446744073709551615u", "1234567i", "12345678i", "123456789012345i",
            "1234567890123456i",
            "1234567890123456789i", "9223372036854775808i", "-9223372036854775809i", "18446744073709551616u",
            "99999999999999999999i",
        ]
        let expected: [Value?] = [
            .int(.max), .int(.min), .int(1), .int(0), .uint(.max), .uint(.max), .int(1_234_567), .int(12_345_678),
            .int(123_456_789_012_345), .int(1_234_567_890_123_456), .int(1_234_567_890_123_456_789), nil, nil, nil, nil,
        ]
        for values in parsed(texts) { #expect(values == expected) }
    }

    @Test func `random integers come back`() {
        var generator = SeededGenerator(seed: 9)
        let integers = (0..<20_000).map { _ in
            Int64(truncatingIfNeeded: generator.next()) >> Int64.random(in: 0...63, using: &generator)
        }
        for values in parsed(integers.map { "\($0)i" }) { #expect(values == integers.map { .int($0) }) }
        let naturals = integers.map { UInt64(bitPattern: $0) }
        for values in parsed(naturals.map { "\($0)u" }) { #expect(values == naturals.map { .uint($0) }) }
    }
}

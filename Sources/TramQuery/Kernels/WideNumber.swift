/// Whole numbers of many words, lowest first, never negative. For what is done once a slot and not once a value.
struct WideNumber: Equatable {
    /// As many as are needed and maybe some zeros above.
    var words: [UInt64]

    init(words: [UInt64] = []) { self.words = words }

    init(_ number: UInt128) {
        words = [UInt64(truncatingIfNeeded: number), UInt64(truncatingIfNeeded: number >> 64)]
    }

    /// Words up to the highest that is not zero.
    var length: Int { (words.lastIndex { $0 != 0 } ?? -1) + 1 }
    var isZero: Bool { words.allSatisfy { $0 == 0 } }

    /// The number when it fits.
    var narrow: UInt128? {
        guard words.dropFirst(2).allSatisfy({ $0 == 0 }) else { return nil }
        return UInt128(words.first ?? 0) | UInt128(words.count > 1 ? words[1] : 0) << 64
    }

    static func == (left: WideNumber, right: WideNumber) -> Bool {
        for index in 0..<max(left.words.count, right.words.count) where left.word(index) != right.word(index) {
            return false
        }
        return true
    }

    private func word(_ index: Int) -> UInt64 { index < words.count ? words[index] : 0 }

    /// Adds `number` * 2^`shift`.
    mutating func add(_ number: UInt128, shift: Int = 0) {
        let first = shift >> 6
        let bits = UInt64(truncatingIfNeeded: shift & 63)
        let low = UInt64(truncatingIfNeeded: number)
        let high = UInt64(truncatingIfNeeded: number >> 64)
        var carry = false
        // Shifting by 63 and then by the rest, for a shift by 64 would not be one.
        add(low << bits, at: first, carry: &carry)
        add(high << bits | (low >> 1) >> (63 - bits), at: first + 1, carry: &carry)
        add((high >> 1) >> (63 - bits), at: first + 2, carry: &carry)
        var index = first + 3
        while carry {
            add(0, at: index, carry: &carry)
            index += 1
        }
    }

    mutating func add(_ other: WideNumber) {
        var carry = false
        var index = 0
        while index < other.words.count || carry {
            add(other.word(index), at: index, carry: &carry)
            index += 1
        }
    }

    private mutating func add(_ word: UInt64, at index: Int, carry: inout Bool) {
        if word == 0, !carry { return }
        words.extend(to: index + 1, with: 0)
        let (partial, first) = words[index].addingReportingOverflow(word)
        let (sum, second) = partial.addingReportingOverflow(carry ? 1 : 0)
        words[index] = sum
        carry = first || second
    }

    mutating func multiply(by factor: UInt64) {
        var carry: UInt64 = 0
        for index in words.indices {
            let product = words[index].multipliedFullWidth(by: factor)
            let (sum, overflow) = product.low.addingReportingOverflow(carry)
            words[index] = sum
            // The high word of a product is at most 2^64 - 2.
            carry = product.high &+ (overflow ? 1 : 0)
        }
        if carry != 0 { words.append(carry) }
    }

    /// Multiplies by 10^`exponent`, 0...30.
    mutating func multiply(byPowerOfTen exponent: Int) {
        let first = min(exponent, 15)
        if first > 0 { multiply(by: UInt64(PowerOfTen.integer(first))) }
        if exponent > first { multiply(by: UInt64(PowerOfTen.integer(exponent - first))) }
    }

    /// Divides by `divisor`, which is not 0, and returns what is left.
    mutating func divide(by divisor: UInt64) -> UInt64 {
        var rest: UInt64 = 0
        for index in words.indices.reversed() {
            (words[index], rest) = divisor.dividingFullWidth((rest, words[index]))
        }
        return rest
    }

    /// Takes zeros off the end of number / 10^`scale`, for the smallest scale.
    mutating func stripZeros(scale: inout Int) {
        guard !isZero else {
            scale = 0
            return
        }
        while scale > 0, words[0] & 1 == 0 {
            var tenth = self
            guard tenth.divide(by: 10) == 0 else { return }
            self = tenth
            scale -= 1
        }
    }

    /// A product by hand, O(words * words).
    static func * (left: WideNumber, right: WideNumber) -> WideNumber {
        var product = WideNumber(words: [UInt64](repeating: 0, count: left.words.count + right.words.count))
        for low in left.words.indices where left.words[low] != 0 {
            for high in right.words.indices {
                let (top, bottom) = left.words[low].multipliedFullWidth(by: right.words[high])
                if top | bottom != 0 { product.add(UInt128(top) << 64 | UInt128(bottom), shift: (low + high) * 64) }
            }
        }
        return product
    }

    /// The difference, zero when it is negative.
    static func - (left: WideNumber, right: WideNumber) -> WideNumber {
        var difference = left
        var borrow: UInt64 = 0
        for index in 0..<max(left.words.count, right.words.count) {
            difference.words.extend(to: index + 1, with: 0)
            let (partial, first) = left.word(index).subtractingReportingOverflow(right.word(index))
            let (rest, second) = partial.subtractingReportingOverflow(borrow)
            difference.words[index] = rest
            borrow = first || second ? 1 : 0
        }
        return borrow == 0 ? difference : WideNumber()
    }

    /// The highest 64 bits, of which the last also stands for all that is below, and the power of two that they are to
    /// be multiplied by. Converting the bits to a float rounds the number once.
    var window: (bits: UInt64, exponent: Int) {
        guard let top = words.lastIndex(where: { $0 != 0 }) else { return (0, 0) }
        let shift = UInt64(words[top].leadingZeroBitCount)
        var bits = words[top] << shift
        guard top > 0 else { return (bits, -Int(shift)) }
        bits |= (words[top - 1] >> 1) >> (63 - shift)
        if words[top - 1] << shift != 0 || words[..<(top - 1)].contains(where: { $0 != 0 }) { bits |= 1 }
        return (bits, top * 64 - Int(shift))
    }
}

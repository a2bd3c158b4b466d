extension DecimalReading {
    /// Number of values, sum of their mantissas and of the squares of these, all exact.
    struct Moments {
        var taken = 0
        var sum: Int128 = 0
        var squares: UInt128 = 0
        /// Squares that did not fit there, in units of 2^128.
        var wideSquares: UInt64 = 0
    }

    /// Adds the mantissas of a run and their squares at one scale, a chunk at a time. Distances from the first value
    /// are squared, since they are short where the values are not: below 2^25 their squares are exact as floats.
    ///
    /// Stops before the first chunk in which a value has no mantissa at this scale or is too far from the first. A tail
    /// is filled up with the first value to a chunk.
    /// - Precondition: at most 2,048 values, so that the sums fit.
    static func sumMoments(_ values: UnsafeBufferPointer<UInt64>, scale: Int) -> Moments {
        precondition(values.count <= 2048, "a longer run could overflow")
        guard let base = unsafe UnsafeRawPointer(values.baseAddress), values.count > 0,
            let origin = unsafe mantissa(Double(bitPattern: values[0]), power: power(scale))
        else { return Moments() }
        var result = unsafe sumMoments(base, count: values.count, scale: scale, origin: origin)
        let left = values.count - result.taken
        if left > 0, left < chunk {
            var tail = unsafe InlineArray<32, UInt64>(repeating: values[0])
            for row in 0..<left { tail[row] = unsafe values[result.taken + row] }
            let part = unsafe tail.span.withUnsafeBytes { tail in
                // 32 values are never without a first one.
                unsafe tail.baseAddress.map { unsafe sumMoments($0, count: chunk, scale: scale, origin: origin) }
            }
            if let part, part.taken == chunk {
                let filled = Int128(chunk - left)
                result.taken += left
                result.sum += part.sum - filled * Int128(origin)
                result.squares += part.squares - UInt128(filled) * UInt128(origin.magnitude) * UInt128(origin.magnitude)
            }
        }
        return result
    }

    private static func sumMoments(
        _ base: UnsafeRawPointer, count: Int, scale: Int, origin: Int64
    ) -> Moments {
        // Whole numbers need no division.
        scale == 0
            ? unsafe sumMoments(base, count: count, power: 1, origin: origin, divides: false)
            : unsafe sumMoments(base, count: count, power: power(scale), origin: origin, divides: true)
    }

    @inline(__always)
    private static func sumMoments(
        _ base: UnsafeRawPointer, count: Int, power: Double, origin: Int64, divides: Bool
    ) -> Moments {
        let powers = SIMD8<Double>(repeating: power)
        let origins = SIMD8<Double>(repeating: Double(origin))
        let magics = SIMD8<Double>(repeating: magic)
        let magicBits = SIMD8<UInt64>(repeating: magic.bitPattern)
        let exponents = SIMD8<UInt64>(repeating: exponentMask)
        let limits = SIMD8<UInt64>(repeating: (0x1p50).bitPattern)
        let tops = SIMD8<UInt64>(repeating: 1 << 63)
        var sums = SIMD8<UInt64>(repeating: 0)
        var squareSums = SIMD8<UInt64>(repeating: 0)
        var row = 0
        while row &+ chunk <= count {
            var partial = SIMD8<UInt64>(repeating: 0)
            var partialSquares = SIMD8<UInt64>(repeating: 0)
            var differences = SIMD8<UInt64>(repeating: 0)
            for step in 0..<(chunk / 8) {
                let bits = unsafe base.loadUnaligned(
                    fromByteOffset: (row &+ step &* 8) &* 8, as: SIMD8<UInt64>.self)
                let value = unsafe unsafeBitCast(bits, to: SIMD8<Double>.self)
                let shifted = value * powers + magics
                let mantissas = shifted - magics
                let back = divides ? mantissas / powers : mantissas
                let shiftedBits = unsafe unsafeBitCast(shifted, to: SIMD8<UInt64>.self)
                differences |= unsafe unsafeBitCast(back, to: SIMD8<UInt64>.self) ^ bits
                differences |= (shiftedBits ^ magicBits) & exponents
                let distances = mantissas - origins
                let squares = distances * distances
                // The top bit of the difference is missing when the square is not below the limit.
                let excess = unsafe unsafeBitCast(squares, to: SIMD8<UInt64>.self) &- limits
                differences |= ~excess & tops
                partial &+= shiftedBits
                partialSquares &+= unsafe unsafeBitCast(squares + magics, to: SIMD8<UInt64>.self)
            }
            let half = differences.lowHalf | differences.highHalf
            let quarter = half.lowHalf | half.highHalf
            if quarter[0] | quarter[1] != 0 { break }
            sums &+= partial
            squareSums &+= partialSquares
            row &+= chunk
        }
        // The magic number's bits are taken off once for all values.
        let magicTotal = UInt64(truncatingIfNeeded: row) &* magic.bitPattern
        let sum = Int64(bitPattern: sums.wrappedSum() &- magicTotal)
        return moments(count: row, sum: Int128(sum), squares: squareSums.wrappedSum() &- magicTotal, origin: origin)
    }

    /// The moments of values of which the sum and the squares of the distances from `origin` are known: |origin| up to
    /// 2^55 and up to 2,048 values.
    static func moments(count: Int, sum: Int128, squares: UInt64, origin: Int64) -> Moments {
        let origin = Int128(origin)
        let distances = sum - Int128(count) * origin
        let total = Int128(squares) + 2 * origin * distances + Int128(count) * origin * origin
        // A sum of squares, so not negative.
        return Moments(taken: count, sum: sum, squares: UInt128(truncatingIfNeeded: total))
    }
}

/// A hash of bytes or numbers that depends on random numbers of its own.
///
/// Senders choose what is hashed; who does not know the numbers cannot choose texts that meet. Each step folds a
/// 64×64→128-bit product by xor, over 16 bytes (the construction of Wang Yi's wyhash, github.com/wangyi-fudan/wyhash).
public struct KeyedHash: Sendable {
    @usableFromInline let seed = UInt64.random(in: .min ... .max)
    @usableFromInline let step = UInt64.random(in: .min ... .max)
    @usableFromInline let end = UInt64.random(in: .min ... .max)

    public init() {}

    @inlinable @inline(__always)
    static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    /// O(bytes).
    public func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = seed
        var rest = bytes.count
        guard var next = bytes.baseAddress, rest > 0 else { return KeyedHash.fold(hash, end) }
        while rest >= 16 {
            hash = unsafe KeyedHash.fold(
                hash ^ next.loadUnaligned(as: UInt64.self),
                step ^ next.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            unsafe next += 16
            rest -= 16
        }
        var (low, high): (UInt64, UInt64) = (0, 0)
        // Which of these was taken follows from the length, which is part of the hash.
        if rest >= 8 {
            low = unsafe next.loadUnaligned(as: UInt64.self)
            high = unsafe next.loadUnaligned(fromByteOffset: rest - 8, as: UInt64.self)
        } else if rest >= 4 {
            low = unsafe UInt64(next.loadUnaligned(as: UInt32.self))
            high = unsafe UInt64(next.loadUnaligned(fromByteOffset: rest - 4, as: UInt32.self))
        } else {
            for index in 0..<rest {
                low |= unsafe UInt64(next.load(fromByteOffset: index, as: UInt8.self)) << (8 * index)
            }
        }
        hash = KeyedHash.fold(hash ^ low, step ^ high)
        return KeyedHash.fold(hash ^ UInt64(bytes.count), end)
    }

    /// The hash of a row of numbers, given one after the other; begins with any hash, 0 for the first.
    @inlinable @inline(__always)
    public func mixed(_ hash: UInt64, _ number: UInt64) -> UInt64 {
        KeyedHash.fold(hash ^ seed ^ number, step ^ number &>> 32)
    }
}

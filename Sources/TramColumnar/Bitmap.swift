/// A row of bits: which values of a vector are present.
public struct Bitmap: Equatable, Sendable {
    /// Bit `i` is bit `i & 63` of word `i >> 6`; bits past `count` are zero.
    public private(set) var words: [UInt64]
    public private(set) var count: Int

    public init(repeating value: Bool, count: Int) {
        self.count = count
        words = [UInt64](repeating: value ? ~0 : 0, count: (count + 63) / 64)
        clearTail()
    }

    private mutating func clearTail() {
        if count & 63 != 0, let last = words.indices.last { words[last] &= (1 << UInt64(count & 63)) - 1 }
    }

    /// The bit at `index`, 0..<count.
    public subscript(index: Int) -> Bool {
        get {
            precondition(index >= 0 && index < count, "a bit inside the bitmap")
            return words[index >> 6] >> UInt64(index & 63) & 1 != 0
        }
        set {
            precondition(index >= 0 && index < count, "a bit inside the bitmap")
            let bit: UInt64 = 1 << UInt64(index & 63)
            if newValue { words[index >> 6] |= bit } else { words[index >> 6] &= ~bit }
        }
    }

    public mutating func append(_ value: Bool) {
        if count & 63 == 0 { words.append(0) }
        if value { words[count >> 6] |= 1 << UInt64(count & 63) }
        count += 1
    }

    /// Appends `count` times `value`.
    public mutating func append(repeating value: Bool, count added: Int) {
        for _ in 0..<added { append(value) }
    }

    /// Appends the bits of `other`. O(its count).
    public mutating func append(_ other: Bitmap) {
        for index in 0..<other.count { append(other[index]) }
    }

    /// Makes room for a bit before `index`. O(count).
    public mutating func insert(_ value: Bool, at index: Int) {
        append(false)
        var position = count - 1
        while position > index {
            self[position] = self[position - 1]
            position -= 1
        }
        self[index] = value
    }

    /// The bits of `range` as a bitmap of their own. O(range).
    public func slice(_ range: Range<Int>) -> Bitmap {
        var slice = Bitmap(repeating: false, count: range.count)
        for (offset, index) in range.enumerated() where self[index] { slice[offset] = true }
        return slice
    }

    /// How many bits are set. O(count / 64).
    public var setCount: Int {
        words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    public var isAllSet: Bool { setCount == count }
}

/// Series keys as bytes, one behind the other: what a body full of new series costs.
///
/// Layout of a key, texts in UTF-8 with the number of their bytes before them, numbers as varints:
///
///     measurement   text
///     tags          number
///       each        key, value: texts; keys are unique, and rise by their bytes
///
/// Equal keys have equal bytes, different keys different ones: what is a part is said by numbers and not by characters.
public struct SeriesKeyList: Equatable, Sendable {
    /// All keys; they can be copied from here as they are.
    @usableFromInline package var bytes: [UInt8] = []
    @usableFromInline var ends: [Int] = []

    public init() {}

    public init(_ keys: some Sequence<SeriesKey>) {
        for key in keys { append(key) }
    }

    public mutating func append(_ key: SeriesKey) {
        append(text: key.measurement)
        append(number: key.tags.tags.count)
        for tag in key.tags.tags {
            append(text: tag.key)
            append(text: tag.value)
        }
        endKey()
    }

    /// Appends a key by its bytes.
    @inlinable
    public mutating func append(_ key: UnsafeRawBufferPointer) {
        unsafe bytes.append(contentsOf: key)
        endKey()
    }

    /// Appends a number of a key that is put together part by part; `endKey` comes last.
    @inlinable @inline(__always)
    public mutating func append(number: Int) {
        var rest = UInt64(number)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    package mutating func append(text: String) {
        append(number: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    @inlinable @inline(__always)
    public mutating func append(text: UnsafeRawBufferPointer) {
        append(number: text.count)
        unsafe bytes.append(contentsOf: text)
    }

    @inlinable
    public mutating func endKey() { ends.append(bytes.count) }

    public mutating func removeAll(keepingCapacity: Bool = false) {
        bytes.removeAll(keepingCapacity: keepingCapacity)
        ends.removeAll(keepingCapacity: keepingCapacity)
    }

    public mutating func reserveCapacity(_ count: Int) { ends.reserveCapacity(count) }

    /// Hands the bytes of a key to `body`.
    @inlinable @inline(__always)
    public func withBytes<Result>(of index: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let range = (index == 0 ? 0 : ends[index - 1])..<ends[index]
        return unsafe bytes.withUnsafeBytes { unsafe body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

extension SeriesKeyList: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { ends.count }

    /// O(key).
    public subscript(index: Int) -> SeriesKey {
        unsafe withBytes(of: index) { bytes in
            var parts = unsafe SeriesKeyParts(bytes)
            let measurement = unsafe String(decoding: parts.text(), as: UTF8.self)
            var tags: [TagSet.Tag] = []
            for _ in unsafe 0..<parts.number() {
                let key = unsafe String(decoding: parts.text(), as: UTF8.self)
                tags.append(TagSet.Tag(key: key, value: unsafe String(decoding: parts.text(), as: UTF8.self)))
            }
            return SeriesKey(measurement: measurement, tags: TagSet(tags))
        }
    }
}

extension SeriesKeyList: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: SeriesKey...) { self.init(elements) }
}

/// Takes a key of a `SeriesKeyList` apart, in the order of its bytes. They end where they should: a list made them.
@unsafe
public struct SeriesKeyParts {
    @usableFromInline var rest: UnsafeRawBufferPointer

    @inlinable @inline(__always)
    public init(_ bytes: UnsafeRawBufferPointer) { unsafe rest = bytes }

    @inlinable @inline(__always)
    public mutating func number() -> Int {
        var number = 0
        var shift = 0
        var index = 0
        while unsafe index < rest.count {
            let byte = unsafe rest[index]
            number |= Int(byte & 0x7f) << shift
            shift += 7
            index += 1
            if byte < 0x80 { break }
        }
        unsafe rest = UnsafeRawBufferPointer(rebasing: rest[index...])
        return number
    }

    @inlinable @inline(__always)
    public mutating func text() -> UnsafeRawBufferPointer {
        let count = unsafe min(unsafe number(), rest.count)
        let text = unsafe UnsafeRawBufferPointer(rebasing: rest[..<count])
        unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        return unsafe text
    }
}

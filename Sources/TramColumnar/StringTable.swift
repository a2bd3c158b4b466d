import Synchronization

/// Texts with a number each, given in order of arrival from 0 and never changed.
///
/// Texts are equal when their bytes are. Safe from any thread. `code` is O(text) and takes the lock once; readers of
/// many codes take one `snapshot`.
///
/// A text costs its bytes and one or two for their number, 8 bytes for its place, and 11 to 22 to be found.
public final class StringTable: Sendable {
    fileprivate struct State {
        var texts = Texts()
        var slots = HashSlots()
        /// The piece of memory that takes the next text.
        var open: Texts.Slab?
        var openNumber = 0
        var openCount = 0
    }

    private let state = Mutex(State())
    private let hash = KeyedHash()

    public init() {}

    /// The number of `text`, a new one when it is not known yet.
    public func code(_ text: String) -> UInt32 {
        var text = text
        return text.withUTF8 { unsafe code(of: UnsafeRawBufferPointer($0)) }
    }

    /// The number of the text with these bytes of UTF-8, a new one when it is not known yet.
    package func code(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        let hash = unsafe hash.hash(bytes)
        return state.withLock { state in
            if let known = unsafe state.find(bytes, hash) { return known }
            let code = UInt32(truncatingIfNeeded: state.texts.count)
            // The last number marks free slots.
            precondition(code != .max, "fewer texts than 32 bits can number")
            unsafe state.append(bytes)
            state.slots.insert(hash, code)
            return code
        }
    }

    /// The number of `text`, nil when it was never given one.
    public func existingCode(_ text: String) -> UInt32? {
        var text = text
        return text.withUTF8 { unsafe existingCode(of: UnsafeRawBufferPointer($0)) }
    }

    /// The number of the text with these bytes of UTF-8, nil when it was never given one.
    package func existingCode(of bytes: UnsafeRawBufferPointer) -> UInt32? {
        let hash = unsafe hash.hash(bytes)
        return state.withLock { unsafe $0.find(bytes, hash) }
    }

    /// Every text by its number, as of now. O(1): it shares the memory of the table.
    public func snapshot() -> Texts { state.withLock { $0.texts } }

    public var count: Int { state.withLock { $0.texts.count } }

    /// Bytes of memory that the table has asked for.
    package var byteCount: Int {
        state.withLock { $0.slots.byteCount + $0.texts.count * 8 + $0.texts.slabs.reduce(0) { $0 + $1.capacity } }
    }

    /// The texts of a table as of some moment, by their numbers. Safe from any thread, while the table goes on.
    public struct Texts: RandomAccessCollection, Sendable {
        /// Memory for texts: the number of bytes of each, as a varint, and then these.
        @safe
        final class Slab: @unchecked Sendable {
            // Sendable: the table writes behind what it has given out, and nothing is written twice.
            let bytes: UnsafeMutableRawPointer
            let capacity: Int

            init(capacity: Int) {
                self.capacity = capacity
                unsafe bytes = .allocate(byteCount: capacity, alignment: 1)
            }

            deinit { unsafe bytes.deallocate() }
        }

        fileprivate var slabs: [Slab] = []
        /// Number of the slab in the upper half, place in it in the lower one.
        fileprivate var places = PagedArray<UInt64>()

        public var startIndex: Int { 0 }
        public var endIndex: Int { places.count }

        /// The text with this number, below `count`.
        public subscript(code: Int) -> String {
            unsafe withBytes(of: code) { unsafe String(decoding: $0, as: UTF8.self) }
        }

        /// Hands the bytes of a text to `body`.
        @inlinable @inline(__always)
        public func withBytes<Result>(of code: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
            withExtendedLifetime(self) { unsafe body(bytes(of: code)) }
        }

        /// The bytes of a text, there as long as the texts are.
        @unsafe @usableFromInline
        func bytes(of code: Int) -> UnsafeRawBufferPointer {
            let place = places[code]
            var next = unsafe slabs[Int(place >> 32)].bytes + Int(place & 0xffff_ffff)
            var count = 0
            var shift = 0
            while true {
                let byte = unsafe next.load(as: UInt8.self)
                unsafe next += 1
                count |= Int(byte & 0x7f) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return unsafe UnsafeRawBufferPointer(start: next, count: count)
        }
    }
}

extension StringTable.State {
    private static let slabBytes = 65_536
    /// Bytes of a text's length, at most.
    private static let lengthBytes = 10

    fileprivate func find(_ bytes: UnsafeRawBufferPointer, _ hash: UInt64) -> UInt32? {
        slots.find(hash) { code in
            unsafe texts.withBytes(of: Int(code)) { unsafe StringTable.areEqual($0, bytes) }
        }
    }

    fileprivate mutating func append(_ bytes: UnsafeRawBufferPointer) {
        let needed = bytes.count + StringTable.State.lengthBytes
        if needed > StringTable.State.slabBytes / 4 {
            // A long text has memory of its own, so that none is left over.
            let slab = StringTable.Texts.Slab(capacity: needed)
            texts.slabs.append(slab)
            texts.places.append(UInt64(texts.slabs.count - 1) << 32)
            _ = unsafe StringTable.State.write(bytes, to: slab.bytes)
            return
        }
        if open.map({ openCount + needed > $0.capacity }) ?? true {
            // Small at first, since most tables stay so.
            let capacity = min(max(1024, 4 * (open?.capacity ?? 0)), StringTable.State.slabBytes)
            let slab = StringTable.Texts.Slab(capacity: max(capacity, needed))
            openNumber = texts.slabs.count
            openCount = 0
            open = slab
            texts.slabs.append(slab)
        }
        guard let slab = open else { return }
        texts.places.append(UInt64(openNumber) << 32 | UInt64(openCount))
        openCount += unsafe StringTable.State.write(bytes, to: slab.bytes + openCount)
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to start: UnsafeMutableRawPointer) -> Int {
        var next = unsafe start
        var rest = bytes.count
        while rest >= 0x80 {
            unsafe next.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            unsafe next += 1
            rest >>= 7
        }
        unsafe next.storeBytes(of: UInt8(rest), as: UInt8.self)
        unsafe next += 1
        if let source = bytes.baseAddress { unsafe next.copyMemory(from: source, byteCount: bytes.count) }
        return unsafe next - start + bytes.count
    }
}

extension StringTable {
    /// Texts of tags are short: words are compared without a call.
    @inline(__always)
    fileprivate static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        var index = 0
        while index &+ 8 <= left.count {
            if unsafe left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                != right.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            {
                return false
            }
            index &+= 8
        }
        while index < left.count {
            if unsafe left[index] != right[index] { return false }
            index &+= 1
        }
        return true
    }
}

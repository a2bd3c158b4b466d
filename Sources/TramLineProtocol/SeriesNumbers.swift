import TramColumnar

/// Where a parser gets the numbers of series keys from.
package protocol SeriesNumbers: AnyObject {
    /// The number of a key, given by its bytes in a `SeriesKeyList`; nil when there are none left.
    func number(of key: UnsafeRawBufferPointer) -> UInt32?

    /// How many keys have a number, about.
    var count: Int { get }
}

/// Numbers in order of arrival from 0, and the keys that have them.
final class KeyNumbers: SeriesNumbers {
    private(set) var keys = SeriesKeyList()
    private var slots = HashSlots()
    private let hash = KeyedHash()

    var count: Int { keys.count }

    func number(of key: UnsafeRawBufferPointer) -> UInt32? {
        let hash = unsafe hash.hash(key)
        let known = slots.find(hash) { number in
            unsafe keys.withBytes(of: Int(number)) { unsafe $0.elementsEqual(key) }
        }
        if let known { return known }
        guard keys.count < Int(UInt32.max) else { return nil }
        let number = UInt32(keys.count)
        unsafe keys.append(key)
        slots.insert(hash, number)
        return number
    }
}

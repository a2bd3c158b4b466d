/// Whether bytes are UTF-8 as Unicode 16, table 3-7 defines it: no overlong forms, no surrogates, nothing past
/// U+10FFFF.
enum UTF8Check {
    /// The offset of the first byte that begins no whole character, nil when all `count` bytes are text. O(count).
    static func firstInvalid(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int? {
        var index = 0
        while index < count {
            if count - index >= 8, unsafe ByteWords.load(bytes + index) & ByteWords.highs == 0 {
                index += 8
                continue
            }
            let lead = unsafe bytes[index]
            if lead < 0x80 {
                index += 1
                continue
            }
            let length: Int
            var low: UInt8 = 0x80
            var high: UInt8 = 0xbf
            switch lead {
            case 0xc2...0xdf: length = 2
            case 0xe0: (length, low) = (3, 0xa0)
            case 0xed: (length, high) = (3, 0x9f)
            case 0xe1...0xef: length = 3
            case 0xf0: (length, low) = (4, 0x90)
            case 0xf1...0xf3: length = 4
            case 0xf4: (length, high) = (4, 0x8f)
            default: return index
            }
            guard count - index >= length else { return index }
            let second = unsafe bytes[index + 1]
            guard second >= low, second <= high else { return index }
            for offset in 2..<max(length, 2) {
                guard unsafe bytes[index + offset] & 0xc0 == 0x80 else { return index }
            }
            index += length
        }
        return nil
    }
}

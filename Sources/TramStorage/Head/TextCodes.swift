import TramColumnar

/// Remembers the codes of short texts that were met lately, by their bytes: states and modes repeat, and a String for
/// each value costs more than all else about it.
///
/// One text per slot, chosen by hash and confirmed byte by byte; a new text takes the slot from the old one, so a
/// sender of ever new texts costs no more than the table would without this.
struct TextCodes {
    private struct Slot {
        var hash: UInt64
        var code: UInt32
        var bytes: [UInt8]
    }

    private static let slotCount = 4096
    private static let longest = 128

    private var slots: [Slot?] = []

    /// The code of `text` in `strings`, made when new.
    mutating func code(of text: Span<UInt8>, in strings: StringTable) -> UInt32 {
        guard text.count <= TextCodes.longest else { return strings.code(TextCodes.string(text)) }
        // FNV-1a: Fowler, Noll, Vo. Nothing depends on its strength.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in text.indices { hash = (hash ^ UInt64(text[index])) &* 0x0000_0100_0000_01b3 }
        if slots.isEmpty { slots = [Slot?](repeating: nil, count: TextCodes.slotCount) }
        let place = Int(hash >> 52)
        if let slot = slots[place], slot.hash == hash, TextCodes.isEqual(slot.bytes.span, text) { return slot.code }
        let code = strings.code(TextCodes.string(text))
        slots[place] = Slot(hash: hash, code: code, bytes: text.indices.map { text[$0] })
        return code
    }

    private static func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for index in left.indices where left[index] != right[index] { return false }
        return true
    }

    private static func string(_ text: Span<UInt8>) -> String {
        unsafe text.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

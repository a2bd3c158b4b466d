package import TramColumnar

/// The texts that a running plan knows: those of the source's string table, and those that the plan itself makes.
///
/// Equal texts have equal codes, so that operators compare and group by code. What a query over a fixed view makes gets
/// codes behind those that the table had when the pool was made, and is gone with the pool: a query cannot make the
/// table grow. A standing query, whose table grows under it, puts its texts into the table. Not safe for several
/// threads: one pool a running plan.
package final class TextPool {
    private let table: StringTable
    private let growsTable: Bool
    let tableCount: UInt32
    private var texts: StringTable.Texts
    /// Those that the plan made, with codes behind the table's.
    private var ownTexts: [String] = []
    /// What `allTexts` has given.
    private var all: [String] = []
    private var ownCodes: [String: UInt64] = [:]
    /// Roughly the bytes of the texts that the plan made.
    private(set) var ownBytes = 0
    /// How many bytes they may take. Texts beyond are not kept: `isExhausted` tells, and the query has to end.
    var mostBytes = Int.max
    private(set) var isExhausted = false
    /// An entry in two tables, and the head of a text's own storage.
    private static let bytesPerText = 96

    package init(_ table: StringTable, growsTable: Bool = false) {
        self.table = table
        self.growsTable = growsTable
        texts = table.snapshot()
        tableCount = UInt32(truncatingIfNeeded: texts.count)
    }

    /// The code of `text`, a new one when it is not known yet.
    package func code(_ text: String) -> UInt64 {
        if growsTable { return UInt64(table.code(text)) }
        if let known = existingCode(text) { return known }
        let bytes = text.utf8.count + TextPool.bytesPerText
        guard bytes <= mostBytes - ownBytes else {
            isExhausted = true
            return 0
        }
        ownBytes += bytes
        let code = UInt64(texts.count + ownTexts.count)
        ownTexts.append(text)
        ownCodes[text] = code
        return code
    }

    /// A pool that knows the same texts by the same codes, for another thread. Not for standing queries.
    func copy() -> TextPool { TextPool(copying: self) }

    private init(copying other: TextPool) {
        table = other.table
        growsTable = other.growsTable
        tableCount = other.tableCount
        texts = other.texts
        ownTexts = other.ownTexts
        ownCodes = other.ownCodes
    }

    /// The code here of a text that has `code` in a copy of this pool.
    func code(of code: UInt64, in other: TextPool) -> UInt64 {
        code < UInt64(texts.count) ? code : self.code(other.text(code))
    }

    /// The code of `text`, nil when no value has it.
    package func existingCode(_ text: String) -> UInt64? {
        if let own = ownCodes[text] { return own }
        guard let code = table.existingCode(text), growsTable || code < tableCount else { return nil }
        return UInt64(code)
    }

    /// The text with this code; empty for a code that was never given.
    package func text(_ code: UInt64) -> String {
        if code >= UInt64(texts.count), growsTable, table.count > texts.count { texts = table.snapshot() }
        if code < UInt64(texts.count) { return texts[Int(code)] }
        let own = code - UInt64(texts.count)
        return own < UInt64(ownTexts.count) ? ownTexts[Int(own)] : ""
    }

    /// Every text by its code, as of now. O(1) unless the table has grown; the first call makes them all.
    package func allTexts() -> [String] {
        if growsTable && table.count > texts.count { texts = table.snapshot() }
        for code in all.count..<max(all.count, texts.count + ownTexts.count) { all.append(text(UInt64(code))) }
        return all
    }

    /// Whether the text of one code sorts before that of another, by the bytes of UTF-8.
    package func isOrdered(_ left: UInt64, before right: UInt64) -> Bool {
        left != right && text(left).utf8.lexicographicallyPrecedes(text(right).utf8)
    }
}

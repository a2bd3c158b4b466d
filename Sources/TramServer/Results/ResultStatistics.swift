import TramQuery

/// What it took to answer: the `stats` of a JSON result. What is nil is left out.
public struct ResultStatistics: Hashable, Sendable {
    /// Rows read, not rows given.
    public var rows: Int?
    public var blocks: Int?
    /// Blocks whose values had to be unpacked; the others were answered from what is kept about them.
    public var blocksDecoded: Int?
    /// Nil where the same question has to give the same bytes. Written in whole microseconds.
    public var elapsedMilliseconds: Double?

    public init(
        rows: Int? = nil, blocks: Int? = nil, blocksDecoded: Int? = nil, elapsedMilliseconds: Double? = nil
    ) {
        self.rows = rows
        self.blocks = blocks
        self.blocksDecoded = blocksDecoded
        self.elapsedMilliseconds = elapsedMilliseconds
    }

    func appendJSON(to bytes: inout [UInt8]) {
        var entries: [String] = []
        if let rows { entries.append(#""rows":\#(rows)"#) }
        if let blocks { entries.append(#""blocks":\#(blocks)"#) }
        if let blocksDecoded { entries.append(#""blocks_decoded":\#(blocksDecoded)"#) }
        if let elapsedMilliseconds, elapsedMilliseconds.isFinite {
            let shown = (elapsedMilliseconds * 1000).rounded() / 1000
            entries.append(#""elapsed_ms":\#(NumberText.shortest(shown))"#)
        }
        bytes.append(contentsOf: "{\(entries.joined(separator: ","))}".utf8)
    }
}

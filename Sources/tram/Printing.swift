import TramColumnar
import TramQuery
import TramServer
import TramSystem

/// How results go to standard output: a table on a terminal, CSV elsewhere, unless a format was asked for.
struct Printing {
    var format: ResultFormat?
    var epoch: Epoch?
    var language: Language
    var zone: TimeZoneRules
    /// Rows of a table at most.
    var maximumRows = TableStyle().maximumRows

    var chosenFormat: ResultFormat { format ?? (StandardStream.output.isTerminal ? .table : .csv) }

    var isTable: Bool { chosenFormat == .table }

    func write(_ result: QueryResult) throws {
        let isTerminal = StandardStream.output.isTerminal
        let writer = ResultWriter(
            format: chosenFormat, epoch: epoch, language: language,
            table: TableStyle(
                zone: result.zone ?? zone,
                width: isTerminal ? StandardStream.output.columns(variable: Environment.columns) : nil,
                isColored: isTerminal && Environment.wantsColor, maximumRows: maximumRows))
        // No elapsed time: the same question gives the same bytes.
        // Every block that is read is decoded.
        let statistics = ResultStatistics(
            rows: result.rowsRead, blocks: result.blocksRead, blocksDecoded: result.blocksDecoded)
        try writer.write(result, statistics: statistics) { chunk in try StandardStream.output.write(chunk) }
    }
}

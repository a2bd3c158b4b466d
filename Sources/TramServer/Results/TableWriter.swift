import TramColumnar
import TramQuery

/// A result as a table for a terminal:
///
///     time (+07:00)     way       mean
///     ────────────────  ────  ────────
///     2026-11-21 06:00  QL51     42.25
///     2026-11-21 06:05  QL51  1,057.9
///     (2 rows)
///
/// Where it is asked for, and each row has one number only, that number is drawn as a bar beside it; one series over
/// time is drawn as a line under the table.
///
/// Where it does not fit the terminal, text is cut first, down to eight columns each; then the columns at the right are
/// left
/// out and a line says so. A number is never cut.
struct TableWriter: RowWriter {
    private let columns: [TableColumnText]
    private let leftOutColumns: Int
    private let totalRows: Int
    private let language: Language
    private let isColored: Bool
    private let hasHeaderBelow: Bool
    /// One series over time, drawn.
    private let line: String?
    let rowCount: Int

    init(_ result: QueryResult, epoch: Epoch?, language: Language, style: TableStyle) {
        let rowCount = min(result.rowCount, max(style.maximumRows, 0))
        var columns = result.columns.indices.map {
            TableColumnText(
                result, column: $0, rowCount: rowCount, epoch: epoch, language: language, style: style)
        }
        if let width = style.width { TableWriter.fit(&columns, in: width) }
        leftOutColumns = result.columns.count - columns.count
        line = style.drawsNumbers ? TableWriter.line(result, rowCount, width: style.width) : nil
        if style.drawsNumbers, leftOutColumns == 0, let values = TableWriter.barValues(result, rowCount) {
            let used = columns.reduce(TableWriter.gap * columns.count) { $0 + $1.width }
            let room = min((style.width ?? .max) - used, TableWriter.longestBar)
            if room >= TableWriter.shortestBar { columns.append(TableColumnText(bars: values, columns: room)) }
        }
        hasHeaderBelow = style.headerAgainAfter.map { rowCount > $0 } ?? false
        self.columns = columns
        self.rowCount = rowCount
        self.language = language
        totalRows = result.rowCount
        isColored = style.isColored
    }

    // MARK: Layout

    private static let gap = 2
    /// Text is not cut shorter than this to make room.
    private static let shortestText = 8

    private static func fit(_ columns: inout [TableColumnText], in width: Int) {
        // As many columns as fit when all text is as short as it may become, but the first in any case.
        var used = 0
        var count = 0
        for column in columns {
            let least = column.canBeCut ? min(column.width, shortestText) : column.width
            let next = used + (count == 0 ? 0 : gap) + least
            if count > 0, next > width { break }
            used = next
            count += 1
        }
        columns.removeLast(columns.count - count)
        let rest = width - columns.filter { !$0.canBeCut }.reduce(gap * max(count - 1, 0)) { $0 + $1.width }
        let limits = TableWriter.shares(of: rest, among: columns.filter(\.canBeCut).map(\.width))
        var next = limits.makeIterator()
        for index in columns.indices where columns[index].canBeCut {
            columns[index].narrow(to: max(next.next() ?? shortestText, 1))
        }
    }

    /// `room` divided so that narrow columns keep their width and the wide ones share what is left evenly.
    private static func shares(of room: Int, among widths: [Int]) -> [Int] {
        var shares = widths
        var rest = room
        let ascending = widths.indices.sorted { (widths[$0], $0) < (widths[$1], $1) }
        for (position, index) in ascending.enumerated() {
            shares[index] = min(widths[index], max(rest, 0) / (widths.count - position))
            rest -= shares[index]
        }
        return shares
    }

    // MARK: Drawings

    private static let longestBar = 24
    private static let shortestBar = 8
    private static let longestLine = 72
    /// Fewer values say more as numbers.
    private static let fewestInLine = 8

    /// The numbers of the only column that has some.
    private static func numbers(_ result: QueryResult, _ rowCount: Int) -> [Double?]? {
        let numeric = result.columns.indices.filter { result.columns[$0].type.isDrawn }
        guard numeric.count == 1, let column = numeric.first, rowCount > 1 else { return nil }
        return (0..<rowCount).map { row in
            switch result.value(row: row, column: column) {
            case .float(let number): number.isFinite ? number : nil
            case .int(let number): Double(number)
            case .uint(let number): Double(number)
            default: nil
            }
        }
    }

    /// Rows that are names and one number: groups, or the best of them. None is negative.
    private static func barValues(_ result: QueryResult, _ rowCount: Int) -> [Double?]? {
        let types = result.columns.map(\.type)
        guard types.contains(where: { $0 == .tag || $0 == .string }), !types.contains(.time),
            let values = numbers(result, rowCount)
        else {
            return nil
        }
        let present = values.compactMap { $0 }
        return present.allSatisfy { $0 >= 0 } && present.contains { $0 > 0 } ? values : nil
    }

    /// Rows that are a time and one number.
    private static func line(_ result: QueryResult, _ rowCount: Int, width: Int?) -> String? {
        guard result.columns.count == 2, result.columns[0].type == .time, rowCount >= fewestInLine,
            let values = numbers(result, rowCount), values.contains(where: { $0 != nil })
        else { return nil }
        let name = TerminalText.printable(result.columns[1].name)
        let room = min((width ?? .max) - TerminalText.columns(of: name) - gap, longestLine)
        guard room >= fewestInLine else { return nil }
        return name + String(repeating: " ", count: gap) + Sparks.line(values, columns: room)
    }

    // MARK: Lines

    func appendHead(to bytes: inout [UInt8]) {
        append(to: &bytes) { (columns[$0].header, .bold) }
        append(to: &bytes) { (TableColumnText.Cell(String(repeating: "─", count: columns[$0].width)), .dim) }
    }

    func appendRow(_ row: Int, to bytes: inout [UInt8]) {
        append(to: &bytes) {
            let cell = columns[$0].cells[row]
            return (cell, cell.isNull ? .dim : .plain)
        }
    }

    func appendTail(to bytes: inout [UInt8]) {
        let numbers = NumberForm(language: language)
        if hasHeaderBelow {
            append(to: &bytes) { (TableColumnText.Cell(String(repeating: "─", count: columns[$0].width)), .dim) }
            append(to: &bytes) { (columns[$0].header, .bold) }
        }
        if let line {
            append(line, .plain, to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
        }
        let moreRows = totalRows - rowCount
        if moreRows > 0 {
            let count = numbers.grouped(String(moreRows))
            append(
                note: Bilingual(
                    vi: "… còn \(count) dòng; dùng --format csv", en: "… \(count) more; use --format csv"), to: &bytes)
        }
        if leftOutColumns > 0 {
            append(
                note: Bilingual(
                    vi: "… còn \(leftOutColumns) cột không vừa màn hình; dùng --format csv",
                    en: leftOutColumns == 1
                        ? "… 1 column does not fit; use --format csv"
                        : "… \(leftOutColumns) columns do not fit; use --format csv"), to: &bytes)
        }
        let total = numbers.grouped(String(totalRows))
        append(note: Bilingual(vi: "(\(total) dòng)", en: totalRows == 1 ? "(1 row)" : "(\(total) rows)"), to: &bytes)
    }

    private enum Weight: String {
        case plain = ""
        case bold = "\u{1B}[1m"
        case dim = "\u{1B}[2m"
    }

    private func append(note: Bilingual, to bytes: inout [UInt8]) {
        append(note.text(language), .dim, to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
    }

    private func append(_ text: String, _ weight: Weight, to bytes: inout [UInt8]) {
        let isMarked = isColored && weight != .plain
        if isMarked { bytes.append(contentsOf: weight.rawValue.utf8) }
        bytes.append(contentsOf: text.utf8)
        if isMarked { bytes.append(contentsOf: "\u{1B}[0m".utf8) }
    }

    /// One line: a cell for each column. Blanks wait until a text follows them, so that no line ends with any.
    private func append(to bytes: inout [UInt8], _ cell: (Int) -> (TableColumnText.Cell, Weight)) {
        var blanks = 0
        for (index, column) in columns.enumerated() {
            let (cell, weight) = cell(index)
            if index > 0 { blanks += TableWriter.gap }
            let free = max(column.width - cell.width, 0)
            let before = column.isRight ? free - min(cell.after, free) : 0
            blanks += before
            if !cell.text.isEmpty {
                bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: blanks))
                blanks = 0
                append(cell.text, weight, to: &bytes)
            }
            blanks += free - before
        }
        bytes.append(UInt8(ascii: "\n"))
    }
}

extension ColumnType {
    /// Whether its values can be drawn: plain numbers.
    fileprivate var isDrawn: Bool { self == .float || self == .int || self == .uint }
}

import TramColumnar
import TramQuery

/// One column of a table: its header and the cells of the rows that are shown, as text.
struct TableColumnText {
    struct Cell {
        var text: String
        /// In columns of the terminal.
        var width: Int
        /// Blanks behind a number, so that the points of the column stand under each other.
        var after = 0
        var isNull = false

        init(_ text: String) {
            self.text = text
            width = TerminalText.columns(of: text)
        }

        /// The beginning of a longer text with `…` behind it, so that it takes at most `columns`, 1 or more.
        mutating func cut(to columns: Int) {
            guard width > columns else { return }
            var kept = ""
            width = 1
            for letter in text {
                let next = TerminalText.columns(of: String(letter))
                guard width + next <= columns else { break }
                kept.append(letter)
                width += next
            }
            text = kept + "…"
        }
    }

    private(set) var header: Cell
    private(set) var cells: [Cell]
    private(set) var width: Int
    /// Numbers and durations stand to the right.
    let isRight: Bool
    /// Half a number would be a wrong number: only text may be cut.
    let canBeCut: Bool

    /// The first `rowCount` rows of a column.
    init(
        _ result: QueryResult, column: Int, rowCount: Int, epoch: Epoch?, language: Language, style: TableStyle
    ) {
        let info = result.columns[column]
        let values = (0..<rowCount).map { result.value(row: $0, column: column) }
        let name = TableColumnText.oneLine(info.name)
        let numbers = NumberForm(language: language, decimals: style.decimals)
        var header = Cell(name)
        var cells: [Cell]
        switch info.type {
        case .time where epoch == nil:
            let form = TimeForm(values.lazy.compactMap(\.instant), zone: style.zone, language: language)
            header = Cell("\(name) (\(form.zoneText))")
            cells = values.map { Cell($0.instant.map(form.text) ?? "") }
        case .duration where epoch == nil:
            let form = DurationForm(language: language)
            cells = values.map { value in
                if case .duration(let nanoseconds) = value { Cell(form.text(nanoseconds)) } else { Cell("") }
            }
        case .tag, .string, .bool, .time, .duration:
            cells = values.map { value in
                var bytes: [UInt8] = []
                value.appendPlain(epoch: epoch, to: &bytes)
                return Cell(TableColumnText.oneLine(String(decoding: bytes, as: UTF8.self)))
            }
        case .int, .uint: cells = values.map { Cell(numbers.grouped($0.plainText)) }
        case .float:
            cells = values.map { value in
                guard case .float(let number) = value else { return Cell("") }
                return Cell(numbers.text(number))
            }
            TableColumnText.alignPoints(&cells, point: numbers.point)
        }
        for (row, value) in values.enumerated() where value == .null {
            cells[row] = Cell("–")
            cells[row].isNull = true
        }
        self.header = header
        self.cells = cells
        width = cells.reduce(header.width) { max($0, $1.width + $1.after) }
        switch info.type {
        case .tag, .string, .bool: isRight = false
        case .time: isRight = epoch != nil
        case .float, .int, .uint, .duration: isRight = true
        }
        canBeCut = info.type == .tag || info.type == .string
    }

    /// Values as bars from zero on, the longest `columns` wide. None of them is negative.
    init(bars values: [Double?], columns: Int) {
        let longest = values.compactMap { $0 }.max() ?? 0
        cells = values.map { value in
            guard let value, longest > 0 else { return Cell("") }
            return Cell(Sparks.bar(value / longest, columns: columns))
        }
        header = Cell("")
        width = cells.reduce(0) { max($0, $1.width) }
        isRight = false
        canBeCut = false
    }

    /// Makes the column at most so wide.
    mutating func narrow(to columns: Int) {
        guard canBeCut, columns < width else { return }
        header.cut(to: columns)
        for row in cells.indices { cells[row].cut(to: columns) }
        width = columns
    }

    /// Numbers with exponents stand to the right as they are.
    private static func alignPoints(_ cells: inout [Cell], point: Character) {
        let fractions = cells.map { cell -> Int in
            guard !cell.text.contains("e"), let mark = cell.text.lastIndex(of: point) else { return 0 }
            return cell.text.distance(from: mark, to: cell.text.endIndex)
        }
        let longest = fractions.max() ?? 0
        for (row, fraction) in fractions.enumerated() where !cells[row].text.contains("e") {
            cells[row].after = longest - fraction
        }
    }

    private static func oneLine(_ text: String) -> String {
        let shown = TerminalText.printable(text)
        return shown.contains("\t") ? String(shown.map { $0 == "\t" ? " " : $0 }) : shown
    }
}

extension Value {
    fileprivate var instant: Int64? {
        if case .time(let instant) = self { instant } else { nil }
    }
}

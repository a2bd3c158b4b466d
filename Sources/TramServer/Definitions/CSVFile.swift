import TramColumnar

/// Comma-separated values with a header, as RFC 4180 writes them: quotes, doubled quotes, line ends inside quotes.
///
/// A byte order mark and either kind of line end are accepted, and so are empty lines between records.
public struct CSVFile: Hashable, Sendable {
    public struct Record: Hashable, Sendable {
        /// The line on which the record begins, from 1.
        public var line: Int
        /// As many as the header has.
        public var fields: [String]
    }

    /// A larger file is refused before it is read.
    public static let maximumBytes = 64 << 20

    public var file: String
    public var header: [String]
    public var records: [Record]

    /// - Throws: what is wrong with the file, up to a hundred faults.
    public init(_ bytes: [UInt8], file: String) throws(DefinitionErrors) {
        self.file = file
        header = []
        records = []
        guard bytes.count <= CSVFile.maximumBytes else {
            throw DefinitionErrors([
                DefinitionError(file: file, en: "the file is larger than 64 MiB", vi: "tệp lớn hơn 64 MiB")
            ])
        }
        var scanner = CSVScanner(bytes: bytes, file: file)
        var errors: [DefinitionError] = []
        while errors.count < DefinitionReader.maximumErrors {
            do throws(DefinitionError) {
                guard let record = try scanner.next() else { break }
                if header.isEmpty {
                    header = record.fields
                    try CSVFile.check(header, line: record.line, file: file)
                } else if record.fields.count != header.count {
                    throw DefinitionError(
                        file: file, line: record.line,
                        en: "the line has \(record.fields.count) fields, the header has \(header.count)",
                        vi: "dòng có \(record.fields.count) trường, tiêu đề có \(header.count)",
                        hint: Bilingual(
                            vi: "trường có dấu phẩy phải đặt trong dấu nháy kép",
                            en: "a field with a comma stands in double quotes"))
                } else {
                    records.append(record)
                }
            } catch {
                errors.append(error)
            }
        }
        if errors.isEmpty, header.isEmpty {
            errors.append(DefinitionError(file: file, en: "the file has no header", vi: "tệp không có dòng tiêu đề"))
        }
        guard errors.isEmpty else { throw DefinitionErrors(errors) }
    }

    /// The number of a column; nil when the header does not have it.
    public func column(_ name: String) -> Int? {
        header.firstIndex(of: name)
    }

    private static func check(_ header: [String], line: Int, file: String) throws(DefinitionError) {
        var seen: Set<String> = []
        for (number, name) in header.enumerated() {
            if name.isEmpty {
                throw DefinitionError(
                    file: file, line: line, en: "column \(number + 1) has no name", vi: "cột \(number + 1) không có tên"
                )
            }
            if !seen.insert(name).inserted {
                throw DefinitionError(
                    file: file, line: line, en: "the column \"\(name)\" is there twice",
                    vi: "cột \"\(name)\" xuất hiện hai lần")
            }
        }
    }
}

/// Reads record after record; after an error it goes on with the next line.
private struct CSVScanner {
    let bytes: [UInt8]
    let file: String
    var position = 0
    var line = 1

    init(bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
    }

    mutating func next() throws(DefinitionError) -> CSVFile.Record? {
        while position < bytes.count, skipLineEnd() {}
        guard position < bytes.count else { return nil }
        let start = line
        var fields: [String] = []
        while true {
            let field = try bytes[position...].first == quote ? quoted() : plain()
            guard let text = String(validating: field, as: UTF8.self) else {
                skipLine()
                throw DefinitionError(
                    file: file, line: start, en: "the line is not UTF-8 text", vi: "dòng không phải văn bản UTF-8",
                    hint: Bilingual(
                        vi: "lưu lại tệp với bảng mã UTF-8", en: "save the file again with the encoding UTF-8"))
            }
            fields.append(text)
            guard position < bytes.count, bytes[position] == UInt8(ascii: ",") else { break }
            position += 1
        }
        if position < bytes.count { _ = skipLineEnd() }
        return CSVFile.Record(line: start, fields: fields)
    }

    private let quote = UInt8(ascii: "\"")

    /// Whether a line end stood here and was passed.
    private mutating func skipLineEnd() -> Bool {
        guard isLineEnd(position) else { return false }
        position += bytes[position] == UInt8(ascii: "\n") ? 1 : 2
        line += 1
        return true
    }

    private func isLineEnd(_ index: Int) -> Bool {
        guard index < bytes.count else { return false }
        if bytes[index] == UInt8(ascii: "\n") { return true }
        return bytes[index] == UInt8(ascii: "\r") && index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "\n")
    }

    private mutating func skipLine() {
        while position < bytes.count, !isLineEnd(position) { position += 1 }
        _ = skipLineEnd()
    }

    private mutating func plain() throws(DefinitionError) -> ArraySlice<UInt8> {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: ","), !isLineEnd(position) {
            if bytes[position] == quote {
                let place = line
                skipLine()
                throw DefinitionError(
                    file: file, line: place, en: "a quote stands inside a field that does not begin with one",
                    vi: "dấu nháy nằm giữa trường không mở đầu bằng dấu nháy",
                    hint: Bilingual(
                        vi: "đặt cả trường trong dấu nháy kép và viết đôi dấu nháy bên trong",
                        en: "put the whole field in double quotes and double the quote inside"))
            }
            position += 1
        }
        return bytes[start..<position]
    }

    private mutating func quoted() throws(DefinitionError) -> ArraySlice<UInt8> {
        let start = line
        var field: [UInt8] = []
        position += 1
        while position < bytes.count {
            if bytes[position] != quote {
                if bytes[position] == UInt8(ascii: "\n") { line += 1 }
                field.append(bytes[position])
                position += 1
            } else if position + 1 < bytes.count, bytes[position + 1] == quote {
                field.append(quote)
                position += 2
            } else {
                position += 1
                guard position == bytes.count || bytes[position] == UInt8(ascii: ",") || isLineEnd(position) else {
                    let place = line
                    skipLine()
                    throw DefinitionError(
                        file: file, line: place, en: "text stands behind a closing quote",
                        vi: "có chữ sau dấu nháy đóng")
                }
                return field[...]
            }
        }
        throw DefinitionError(
            file: file, line: start, en: "a quote is not closed before the file ends",
            vi: "dấu nháy mở mà không đóng đến hết tệp")
    }
}

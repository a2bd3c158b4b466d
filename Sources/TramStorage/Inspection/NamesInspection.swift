public import TramColumnar
public import TramSystem

/// What a file of names says, and whether both of its copies say it.
public struct NamesInspection: Sendable {
    /// A measurement and its fields, by their numbers.
    public struct Measurement: Equatable, Sendable {
        public var name: String
        public var fields: [Schema.Field]
    }

    public private(set) var number: UInt64 = 0
    /// Code of the first of `texts`.
    public private(set) var firstText = 0
    public private(set) var texts: [String] = []
    /// Number of the first of `series`.
    public private(set) var firstSeries = 0
    public private(set) var series: SeriesKeyList = []
    public private(set) var measurements: [Measurement] = []
    public private(set) var findings: [Finding]
    public private(set) var byteCount: Int
    /// Nil when neither copy is whole.
    let names: NamesFile?

    /// Reads a file of names; those before it, which its tags may refer to, are looked for in the same folder.
    ///
    /// - Throws: `.newerFormat`, `.storeUnreadable`.
    public init(_ path: String, fileSystem: any FileSystem = LocalFileSystem()) throws(StorageError) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let folder = path.contains("/") ? String(path.dropLast(name.count + 1)) : "."
        var texts: [String] = []
        if let number = StoreName.namesNumber(name) {
            texts = StoredNames(inFolder: folder.isEmpty ? "/" : folder, below: number, fileSystem).texts
        }
        try self.init(path, after: texts, fileSystem)
    }

    /// - Parameter texts: those of the files before.
    init(_ path: String, after texts: [String], _ fileSystem: any FileSystem) throws(StorageError) {
        let file: WholeFile
        do throws(SystemError) {
            file = try WholeFile(path, fileSystem)
        } catch {
            throw .storeUnreadable(error)
        }
        byteCount = file.image.byteCount
        findings = file.findings
        let bytes = file.bytes
        var all = texts
        if bytes.count >= NamesFile.headByteCount {
            // Where files before it are missing, a mark stands for their texts, and the rest can still be read.
            let first = Int(clamping: bytes.littleEndian(at: 16, as: UInt64.self))
            if first > all.count, first <= NamesInspection.maximumMarks {
                all += [String](repeating: "?", count: first - all.count)
            }
        }
        let copies = try Copies(bytes, &findings) { (bytes) throws(StorageError) in
            try NamesFile(copy: bytes, file: file.name, after: all)
        }
        names = copies.value
        guard let names else {
            findings.append(
                Finding(
                    0, byteCount, .loss,
                    vi: "không bản nào còn nguyên: tên chuỗi từ tệp này trở đi đã mất, cơ sở dữ liệu không mở được nữa",
                    en: "neither copy is whole: the names of series from this file on are lost, and without them the "
                        + "database cannot be opened"))
            return
        }
        number = names.number
        firstText = names.firstText
        self.texts = names.texts
        firstSeries = names.firstSeries
        series = names.series
        measurements = names.measurements.map { Measurement(name: $0.name, fields: $0.fields) }
    }

    private static let maximumMarks = 1 << 24
}

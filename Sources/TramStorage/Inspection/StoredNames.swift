public import TramColumnar
public import TramSystem

/// What the numbers in segments stand for, as far as files of names say it.
public struct StoredNames: Sendable {
    private var keys = SeriesKeyList()
    private var fields: [String: [Schema.Field]] = [:]
    /// Texts of the files so far, in the order of their codes.
    private(set) var texts: [String] = []
    /// Whether a file is missing or damaged: numbers behind it have no names here.
    private(set) var hasGap = false

    init() {}

    /// The names beside a segment: all files of names in the folder that are whole, in order of their numbers.
    ///
    /// - Complexity: O(bytes of the files).
    public init(inFolder folder: String, fileSystem: any FileSystem = LocalFileSystem()) {
        self.init(inFolder: folder, below: .max, fileSystem)
    }

    /// Those of the files with lower numbers.
    init(inFolder folder: String, below bound: UInt64, _ fileSystem: any FileSystem) {
        guard let names = try? fileSystem.names(in: folder) else { return }
        for name in names {
            guard let number = StoreName.namesNumber(name), number < bound,
                let bytes = try? fileSystem.contents(folder + "/" + name),
                let file = try? NamesFile(bytes, file: name, after: texts)
            else { continue }
            add(file)
        }
    }

    /// How many series have a name.
    public var seriesCount: Int { keys.count }

    /// The key of a series; nil when no file has it. O(key).
    public func key(of series: SeriesID) -> SeriesKey? {
        Int(series) < keys.count ? keys[Int(series)] : nil
    }

    /// All fields of a measurement that have a name, by their numbers.
    public func fields(of measurement: String) -> [Schema.Field] { fields[measurement] ?? [] }

    /// Takes up a file that goes on where the ones before ended, or begins anew.
    ///
    /// - Returns: whether it does.
    @discardableResult
    mutating func add(_ file: NamesFile) -> Bool {
        guard !hasGap, file.firstText <= texts.count, file.firstSeries <= keys.count else {
            hasGap = true
            return false
        }
        texts += file.texts.dropFirst(texts.count - file.firstText)
        for place in file.series.indices where file.firstSeries + place >= keys.count {
            unsafe file.series.withBytes(of: place) { unsafe keys.append($0) }
        }
        for measurement in file.measurements { fields[measurement.name] = measurement.fields }
        return true
    }

    mutating func noteGap() { hasGap = true }
}

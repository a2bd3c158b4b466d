import TramCodec
import TramColumnar
import TramSystem

/// Names that numbers in segments stand for: texts, series and fields. Each file goes on where the one before ended.
///
/// Layout, little-endian:
///
///     offset  bytes  field
///     0       4      "TNAM"
///     4       2      format version: 1
///     6       2      zero
///     8       8      number of the file
///     16      8      code of the first text
///     24      8      texts
///     32      8      id of the first series
///     40      8      series
///     48      4      CRC-32C of what follows the head
///     52      8      bytes of the texts
///     60      4      CRC-32C of bytes 0..<60
///     64             texts (DictionaryPage), then the rest (BytesPage):
///
/// The rest, numbers as varints, texts with their length before them: measurements, each with its name and all its
/// fields (name, one byte of type); tag keys; then for each series the place of its measurement in the list above, the
/// number of its tags, and for each the place of its key and the code of its value.
///
/// All of it stands there twice, one after the other: without names a store's numbers mean nothing.
struct NamesFile {
    static let version = 1
    static let magic: UInt32 = 0x4d41_4e54
    static let headByteCount = 64

    struct Measurement: Equatable {
        var name: String
        var fields: [Schema.Field]
    }

    var number: UInt64
    var firstText: Int
    var texts: [String]
    var firstSeries: Int
    var series: SeriesKeyList
    var measurements: [Measurement]

    init(
        number: UInt64, firstText: Int, texts: [String], firstSeries: Int, series: SeriesKeyList,
        measurements: [Measurement]
    ) {
        self.number = number
        self.firstText = firstText
        self.texts = texts
        self.firstSeries = firstSeries
        self.series = series
        self.measurements = measurements
    }

    /// The file's bytes. O(bytes).
    ///
    /// - Parameter code: the code of a tag's value.
    /// - Throws: `.outOfMemory`.
    func bytes(code: (String) -> UInt32?) throws(CodecError) -> [UInt8] {
        var page: [UInt8] = []
        try DictionaryPage.encode(texts, to: &page)
        let textByteCount = page.count
        try BytesPage.encode(list(code), to: &page)
        var bytes: [UInt8] = []
        bytes.append(littleEndian: NamesFile.magic)
        bytes.append(littleEndian: UInt16(NamesFile.version))
        bytes.append(littleEndian: UInt16(0))
        for value in [Int(truncatingIfNeeded: number), firstText, texts.count, firstSeries, series.count] {
            bytes.append(littleEndian: UInt64(value))
        }
        bytes.append(littleEndian: CRC32C.checksum(page))
        bytes.append(littleEndian: UInt64(textByteCount))
        bytes.append(littleEndian: CRC32C.checksum(bytes))
        return TwoCopies.bytes(bytes + page)
    }

    private func list(_ code: (String) -> UInt32?) -> [UInt8] {
        var list: [UInt8] = []
        var places: [String: Int] = [:]
        list.append(varint: UInt64(measurements.count))
        for (place, measurement) in measurements.enumerated() {
            places[measurement.name] = place
            list.append(text: measurement.name)
            list.append(varint: UInt64(measurement.fields.count))
            for field in measurement.fields {
                list.append(text: field.name)
                list.append(field.type.rawValue)
            }
        }
        var keys: [String] = []
        var keyPlaces: [String: Int] = [:]
        var rows: [UInt8] = []
        for key in series {
            rows.append(varint: UInt64(places[key.measurement] ?? 0))
            rows.append(varint: UInt64(key.tags.tags.count))
            for tag in key.tags.tags {
                let place = keyPlaces[tag.key] ?? keys.count
                if place == keys.count {
                    keyPlaces[tag.key] = place
                    keys.append(tag.key)
                }
                rows.append(varint: UInt64(place))
                rows.append(varint: UInt64(code(tag.value) ?? 0))
            }
        }
        list.append(varint: UInt64(keys.count))
        for key in keys { list.append(text: key) }
        return list + rows
    }

    /// Reads a file back.
    ///
    /// - Parameter texts: all texts of the files before.
    /// - Throws: `.newerFormat`, `.segmentDamaged` when it is not as it was written.
    init(_ contents: [UInt8], file: String, after texts: [String]) throws(StorageError) {
        self = try TwoCopies.read(contents) { (bytes) throws(StorageError) in
            try NamesFile(copy: bytes, file: file, after: texts)
        }
    }

    /// One of the two copies alone.
    init(copy bytes: [UInt8], file: String, after texts: [String]) throws(StorageError) {
        let span = unsafe bytes.span.bytes
        try FileFormat.check(span, magic: NamesFile.magic, version: NamesFile.version, file: file)
        func number(_ offset: Int) -> Int { Int(clamping: span.littleEndian(at: offset, as: UInt64.self)) }
        self.number = span.littleEndian(at: 8, as: UInt64.self)
        firstText = number(16)
        firstSeries = number(32)
        let body = NamesFile.headByteCount
        let textByteCount = number(52)
        guard textByteCount <= bytes.count - body,
            CRC32C.checksum(bytes, in: body..<bytes.count) == span.littleEndian(at: 48, as: UInt32.self)
        else { throw .segmentDamaged(file: file, offset: body, reason: "the names are not as they were written") }
        do throws(CodecError) {
            self.texts = try DictionaryPage.decode(span.extracting(body..<body + textByteCount))
            let (list, _) = try BytesPage.decode(span.extracting(body + textByteCount..<bytes.count))
            var all = Array(texts.prefix(firstText))
            all += self.texts
            series = []
            measurements = []
            do throws(StorageError) {
                try read(list, seriesCount: number(40), texts: all)
            } catch {
                throw .corrupt(error.description)
            }
            guard self.texts.count == number(24) else { throw .corrupt("another number of texts") }
        } catch {
            throw .segmentDamaged(file: file, offset: body, reason: error.description)
        }
    }

    private mutating func read(_ list: [UInt8], seriesCount: Int, texts: [String]) throws(StorageError) {
        var reader = RecordReader(list[...])
        let measurementCount = try reader.count(bytesEach: 2)
        for _ in 0..<measurementCount {
            let name = try reader.text()
            var fields: [Schema.Field] = []
            let fieldCount = try reader.count(bytesEach: 2)
            for _ in 0..<fieldCount {
                let field = try reader.text()
                guard let type = FieldType(rawValue: try reader.byte()) else { throw reader.malformed("a type") }
                fields.append(Schema.Field(name: field, type: type))
            }
            measurements.append(Measurement(name: name, fields: fields))
        }
        let keyCount = try reader.count()
        var keys: [String] = []
        for _ in 0..<keyCount { keys.append(try reader.text()) }
        series.reserveCapacity(min(seriesCount, reader.remaining))
        for _ in 0..<seriesCount {
            let place = try reader.varint()
            guard place < UInt64(measurements.count) else { throw reader.malformed("a measurement") }
            let tagCount = try reader.count(bytesEach: 2)
            var tags: [TagSet.Tag] = []
            tags.reserveCapacity(tagCount)
            for _ in 0..<tagCount {
                let key = try reader.varint()
                let code = try reader.varint()
                guard key < UInt64(keys.count), code < UInt64(texts.count) else { throw reader.malformed("a tag") }
                tags.append(TagSet.Tag(key: keys[Int(key)], value: texts[Int(code)]))
            }
            series.append(SeriesKey(measurement: measurements[Int(place)].name, tags: TagSet(tags)))
        }
        guard reader.remaining == 0 else { throw reader.malformed("the end of the names") }
    }
}

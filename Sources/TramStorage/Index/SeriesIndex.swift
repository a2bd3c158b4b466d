import Synchronization
import TramColumnar

/// Which series there are: by key, by measurement, by the values of their tags.
///
/// Series are only ever added, with rising ids, so a view of some moment is the live index below the id that came next
/// at that moment: every question takes this bound, and nothing is copied for a snapshot.
///
/// How a million series fit:
/// 1. A tag key of a measurement is a column with a number, a tag value a code of the store's string table, and the
///    columns that a series has are its shape, also with a number. A series is its shape and a code for each column:
///    8 bytes and 4 a tag. Its key is put together again from these when it is asked for.
/// 2. Keys are found by the hash of these numbers: 11 to 22 bytes.
/// 3. The series of a tag are a list of rising ids: 4 bytes; a tag of only one series is no list but the id, found by
///    the hash of column and code: 11 to 22 bytes.
/// 4. Memory that grows does not move (`PagedArray`), so a question takes the lock only to begin.
final class SeriesIndex: Sendable {
    /// A series that was just made.
    struct Added {
        var measurement: Int
        var name: String
    }

    /// The tag key of a measurement that has the most values.
    struct Culprit: Equatable, Sendable {
        var measurement: String
        var tagKey: String
        var valueCount: Int
    }

    /// Not copyable, so that no access makes a copy of it by the way.
    struct State: ~Copyable {
        var measurements: [Measurement] = []
        /// By the name. Texts are equal here as `String` says, and elsewhere when their bytes are.
        var numbers: [String: Int] = [:]
        /// By the code of the name among `names`; -1 when it is none of a measurement.
        var measurementOfName: [Int] = []
        var columns: [Column] = []
        var shapes: [Shape] = []
        /// By id where in `words` the series begins.
        var places = PagedArray<UInt32>()
        /// Of each series the number of its shape, and the codes of its values in the order of the shape's columns.
        var words = PagedArray<UInt32>()
        var slots = HashSlots()
        var postings = Postings()
        /// The column with the most values.
        var widest: Int?
        /// The key at hand: its columns rising, and a code for each.
        var tags: [Tag] = []
        /// How the last key was named.
        var last = Naming()
    }

    /// The names of a key, as they were met: keys that come one after the other mostly have the same, and comparing
    /// them costs less than finding them.
    struct Naming {
        var measurement: [UInt8] = []
        /// In the order of the key's tags, and where in `tags` each goes.
        var tagKeys: [[UInt8]] = []
        var targets: [Int] = []
        /// Nil when there was no key.
        var shape: Int?
    }

    struct Measurement {
        var name: String
        /// Rising.
        var series = PagedArray<SeriesID>()
        /// Its columns, in order of first arrival.
        var columns: [Int] = []
        /// By the name as text, and by the code of the name's bytes.
        var columnNumbers: [String: Int] = [:]
        var columnOfName: [UInt32: Int] = [:]
        /// By the columns, rising.
        var shapeNumbers: [[Int]: Int] = [:]
    }

    /// A tag key of a measurement.
    struct Column {
        var measurement: Int
        var name: String
        /// The first series that has it.
        var since: SeriesID
        var valueCount = 0
    }

    /// The columns of a series.
    struct Shape {
        var measurement: Int
        /// Rising.
        var columns: [Int]
        /// The places in `columns` by the bytes of the columns' names.
        var order: [Int]
    }

    struct Tag {
        var column: Int
        var code: UInt32
    }

    private let state = Mutex(State())
    private let strings: StringTable
    /// The names of measurements and tag keys, which are few and not seen by queries.
    private let names = StringTable()
    let hasher = KeyedHash()
    private let maximumSeries: Int
    /// Lists are marked by the highest bit where otherwise an id stands.
    private static let mostSeries = 1 << 31

    init(strings: StringTable, maximumSeries: Int) {
        self.strings = strings
        self.maximumSeries = min(maximumSeries, SeriesIndex.mostSeries)
    }

    /// Lets `question` look at what is there. It is short: writers wait.
    func read<Result>(_ question: (borrowing State) -> Result) -> Result { state.withLock { question($0) } }

    /// The id of `key`, made when new.
    ///
    /// - Parameter added: told of a new series and the number of its measurement before anyone else can know the id, in
    ///   order of ids.
    /// - Throws: `.seriesLimit` for a new key beyond the limit.
    func id(
        for key: SeriesKey, added: (_ id: SeriesID, _ measurement: Int, _ name: String) -> Void
    ) throws(StorageError) -> SeriesID {
        let id = ids(for: [key]) { first, series in added(first, series[0].measurement, series[0].name) }[0]
        guard id != Store.refusedSeries else { throw .seriesLimit(allowed: maximumSeries) }
        return id
    }

    /// The ids of `keys`, made when new; `Store.refusedSeries` for new keys beyond the limit.
    ///
    /// - Parameter added: told once of the new series, if any, before anyone else can know their ids: the first id, and
    ///   a series for this and each following one.
    /// - Complexity: O(bytes of the keys); takes the lock once.
    func ids(for keys: SeriesKeyList, added: (_ first: SeriesID, _ series: [Added]) -> Void) -> [SeriesID] {
        state.withLock { state in
            let first = state.places.count
            var new: [Added] = []
            var ids: [SeriesID] = []
            ids.reserveCapacity(keys.count)
            for index in keys.indices {
                let id = unsafe keys.withBytes(of: index) { key -> SeriesID in
                    // A key that is refused leaves no name and no text behind.
                    guard state.places.count < maximumSeries, state.words.count < Int(UInt32.max) - key.count else {
                        return unsafe find(key, &state) ?? Store.refusedSeries
                    }
                    let shape = unsafe resolve(key, &state)
                    let hash = hash(shape, state.tags)
                    if let known = state.find(hash, shape) { return known }
                    let measurement = state.shapes[shape].measurement
                    new.append(Added(measurement: measurement, name: state.measurements[measurement].name))
                    return state.add(hash, shape, hasher)
                }
                ids.append(id)
            }
            if !new.isEmpty { added(SeriesID(first), new) }
            return ids
        }
    }

    /// The id of `key` when it is known.
    func existingID(for key: SeriesKey) -> SeriesID? { existingIDs(for: [key])[0] }

    /// The ids of the keys that are known. O(bytes of the keys); takes the lock once.
    func existingIDs(for keys: SeriesKeyList) -> [SeriesID?] {
        state.withLock { state in
            keys.indices.map { index in unsafe keys.withBytes(of: index) { unsafe find($0, &state) } }
        }
    }

    /// The id of a key of a `SeriesKeyList`, by its bytes, when it is known. O(bytes).
    func existingID(of key: UnsafeRawBufferPointer) -> SeriesID? {
        state.withLock { unsafe find(key, &$0) }
    }

    var count: Int { state.withLock { $0.places.count } }

    /// Nil when no series has a tag.
    var culprit: Culprit? {
        state.withLock { state in
            state.widest.map { number in
                let column = state.columns[number]
                return Culprit(
                    measurement: state.measurements[column.measurement].name, tagKey: column.name,
                    valueCount: column.valueCount)
            }
        }
    }

    /// Bytes of memory that the index has asked for, texts of tag values included, those of the string fields too.
    var byteCount: Int {
        state.withLock { state in
            state.slots.byteCount + state.postings.byteCount + 4 * (state.places.count + state.words.count)
                + state.measurements.reduce(0) { $0 + 4 * $1.series.count }
        } + strings.byteCount
    }

    func key(of id: SeriesID) -> SeriesKey? { keys(of: id..<(id &+ 1)).first }

    /// The keys of the series in `range` that there are. O(their bytes); takes the lock once.
    func keys(of range: Range<SeriesID>) -> SeriesKeyList {
        let (places, words, shapes, measurements, columns) = state.withLock { state in
            (state.places, state.words, state.shapes, state.measurements, state.columns)
        }
        let texts = strings.snapshot()
        var keys = SeriesKeyList()
        let range = range.clamped(to: 0..<SeriesID(places.count))
        keys.reserveCapacity(range.count)
        for id in range {
            let place = Int(places[Int(id)])
            let shape = shapes[Int(words[place])]
            keys.append(text: measurements[shape.measurement].name)
            keys.append(number: shape.columns.count)
            for index in shape.order {
                keys.append(text: columns[shape.columns[index]].name)
                unsafe texts.withBytes(of: Int(words[place + 1 + index])) { unsafe keys.append(text: $0) }
            }
            keys.endKey()
        }
        return keys
    }

    // MARK: - Keys as numbers

    private func hash(_ shape: Int, _ tags: [Tag]) -> UInt64 {
        var sum = hasher.mixed(0, UInt64(shape))
        for tag in tags { sum = hasher.mixed(sum, UInt64(tag.code)) }
        return sum
    }

    private func find(_ key: UnsafeRawBufferPointer, _ state: inout State) -> SeriesID? {
        guard let shape = unsafe shape(of: key, &state) else { return nil }
        var parts = unsafe SeriesKeyParts(key)
        _ = unsafe parts.text()
        for index in unsafe 0..<parts.number() {
            _ = unsafe parts.text()
            guard let code = unsafe strings.existingCode(of: parts.text()) else { return nil }
            state.tags[state.last.targets[index]].code = code
        }
        return state.find(hash(shape, state.tags), shape)
    }

    /// Makes what is not there yet of the names and values of a key, and its shape, and leaves its tags in `tags`.
    ///
    /// - Returns: the shape's number.
    private func resolve(_ key: UnsafeRawBufferPointer, _ state: inout State) -> Int {
        let shape = unsafe shape(of: key, &state) ?? makeShape(of: key, &state)
        var parts = unsafe SeriesKeyParts(key)
        _ = unsafe parts.text()
        for index in unsafe 0..<parts.number() {
            _ = unsafe parts.text()
            state.tags[state.last.targets[index]].code = unsafe strings.code(of: parts.text())
        }
        return shape
    }

    /// The shape of a key, nil when no series has had it; then `last` tells where its tags go in `tags`, which have its
    /// columns.
    private func shape(of key: UnsafeRawBufferPointer, _ state: inout State) -> Int? {
        if unsafe state.last.isLike(key) { return state.last.shape }
        var parts = unsafe SeriesKeyParts(key)
        guard let name = unsafe names.existingCode(of: parts.text()), Int(name) < state.measurementOfName.count else {
            return nil
        }
        let measurement = state.measurementOfName[Int(name)]
        guard measurement >= 0 else { return nil }
        var columns: [Int] = []
        for _ in unsafe 0..<parts.number() {
            guard let name = unsafe names.existingCode(of: parts.text()),
                let column = state.measurements[measurement].columnOfName[name]
            else { return nil }
            columns.append(column)
            _ = unsafe parts.text()
        }
        guard let shape = state.measurements[measurement].shapeNumbers[columns.sorted()] else { return nil }
        unsafe state.setNaming(key, columns, shape)
        return shape
    }

    private func makeShape(of key: UnsafeRawBufferPointer, _ state: inout State) -> Int {
        var parts = unsafe SeriesKeyParts(key)
        let measurement = unsafe measurement(named: parts.text(), &state)
        var columns: [Int] = []
        for _ in unsafe 0..<parts.number() {
            columns.append(unsafe column(of: measurement, named: parts.text(), &state))
            _ = unsafe parts.text()
        }
        let sorted = columns.sorted()
        let shape = state.measurements[measurement].shapeNumbers[sorted] ?? state.addShape(measurement, sorted)
        unsafe state.setNaming(key, columns, shape)
        return shape
    }

    private func measurement(named name: UnsafeRawBufferPointer, _ state: inout State) -> Int {
        let code = Int(unsafe names.code(of: name))
        while state.measurementOfName.count <= code { state.measurementOfName.append(-1) }
        if state.measurementOfName[code] >= 0 { return state.measurementOfName[code] }
        let text = unsafe String(decoding: name, as: UTF8.self)
        // Other bytes of the same text are the same measurement.
        let number = state.numbers[text] ?? state.measurements.count
        if number == state.measurements.count {
            state.measurements.append(Measurement(name: text))
            state.numbers[text] = number
        }
        state.measurementOfName[code] = number
        return number
    }

    private func column(of measurement: Int, named name: UnsafeRawBufferPointer, _ state: inout State) -> Int {
        let code = unsafe names.code(of: name)
        if let known = state.measurements[measurement].columnOfName[code] { return known }
        let text = unsafe String(decoding: name, as: UTF8.self)
        let number = state.measurements[measurement].columnNumbers[text] ?? state.columns.count
        if number == state.columns.count {
            state.columns.append(Column(measurement: measurement, name: text, since: SeriesID(state.places.count)))
            state.measurements[measurement].columns.append(number)
            state.measurements[measurement].columnNumbers[text] = number
        }
        state.measurements[measurement].columnOfName[code] = number
        return number
    }
}

extension SeriesIndex.State {
    /// Remembers the names of a key, whose tags have these columns.
    mutating func setNaming(_ key: UnsafeRawBufferPointer, _ columns: [Int], _ shape: Int) {
        tags = shapes[shape].columns.map { SeriesIndex.Tag(column: $0, code: 0) }
        var parts = unsafe SeriesKeyParts(key)
        last.measurement = unsafe Array(parts.text())
        last.shape = shape
        _ = unsafe parts.number()
        last.tagKeys = []
        last.targets = []
        for column in columns {
            last.tagKeys.append(unsafe Array(parts.text()))
            last.targets.append(tags.firstIndex { $0.column == column } ?? 0)
            _ = unsafe parts.text()
        }
    }

    mutating func addShape(_ measurement: Int, _ numbers: [Int]) -> Int {
        let number = shapes.count
        let order = numbers.indices.sorted { bytesPrecede(columns[numbers[$0]].name, columns[numbers[$1]].name) }
        shapes.append(SeriesIndex.Shape(measurement: measurement, columns: numbers, order: order))
        measurements[measurement].shapeNumbers[numbers] = number
        return number
    }

    /// The series of this shape and the codes in `tags`.
    func find(_ hash: UInt64, _ shape: Int) -> SeriesID? {
        slots.find(hash) { id in
            let place = Int(places[Int(id)])
            guard Int(words[place]) == shape else { return false }
            for index in tags.indices where words[place &+ 1 &+ index] != tags[index].code { return false }
            return true
        }
    }

    /// Adds the series of this shape and the codes in `tags`.
    mutating func add(_ hash: UInt64, _ shape: Int, _ hasher: KeyedHash) -> SeriesID {
        let id = SeriesID(places.count)
        places.append(UInt32(words.count))
        words.append(UInt32(shape))
        for tag in tags { words.append(tag.code) }
        slots.insert(hash, id)
        measurements[shapes[shape].measurement].series.append(id)
        for tag in tags where post(tag, id, hasher) {
            columns[tag.column].valueCount += 1
            if columns[tag.column].valueCount > widest.map({ columns[$0].valueCount }) ?? 0 { widest = tag.column }
        }
        return id
    }
}

extension SeriesIndex.Naming {
    /// Whether a key has these names, in this order.
    func isLike(_ key: UnsafeRawBufferPointer) -> Bool {
        guard shape != nil else { return false }
        var parts = unsafe SeriesKeyParts(key)
        guard unsafe isEqual(parts.text(), measurement), unsafe parts.number() == tagKeys.count else { return false }
        for index in tagKeys.indices {
            guard unsafe isEqual(parts.text(), tagKeys[index]) else { return false }
            _ = unsafe parts.text()
        }
        return true
    }

    private func isEqual(_ text: UnsafeRawBufferPointer, _ name: [UInt8]) -> Bool {
        guard text.count == name.count else { return false }
        for index in name.indices where unsafe text[index] != name[index] { return false }
        return true
    }
}

func bytesPrecede(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}

import Synchronization
import TramColumnar

/// Which series there are: by key, by measurement, by the values of their tags.
///
/// Series are only ever added, with rising ids, so a view of some moment is the live index below the id that came next
/// at that moment: every question takes this bound, and nothing is copied for a snapshot.
final class SeriesIndex: Sendable {
    /// The tags of one series as numbers, beside its key.
    fileprivate struct Measurement {
        var name: String
        /// In order of first arrival; `sinceSeries[k]` is the first series that has key `k`.
        var tagKeys: [String] = []
        var sinceSeries: [SeriesID] = []
        var keyNumbers: [String: Int] = [:]
        /// Rising.
        var series: [SeriesID] = []
        /// `tagStart[i]..<tagStart[i + 1]` are the places in `tags` of `series[i]`.
        ///
        /// By rows and not as a column per key: with a column, every new key would cost a cell for each series.
        var tagStart: [Int] = [0]
        /// Key number in the upper half, code of the value in the lower one.
        var tags: [UInt64] = []
        /// By the same number as in `tags`, the series that have the tag; rising.
        var postings: [UInt64: [SeriesID]] = [:]
    }

    fileprivate struct State {
        var ids: [SeriesKey: SeriesID] = [:]
        var keys: [SeriesKey] = []
        var numbers: [String: Int] = [:]
        var measurements: [Measurement] = []
    }

    private let state = Mutex(State())
    private let strings: StringTable
    private let maximumSeries: Int

    init(strings: StringTable, maximumSeries: Int) {
        self.strings = strings
        self.maximumSeries = maximumSeries
    }

    /// The id of `key`, made when new.
    ///
    /// - Parameter added: told of a new series and the number of its measurement before anyone else can know the id, in
    ///   order of ids.
    /// - Throws: `.seriesLimit` for a new key beyond the limit.
    func id(
        for key: SeriesKey, added: (_ id: SeriesID, _ measurement: Int, _ name: String) -> Void
    ) throws(StorageError) -> SeriesID {
        let id = state.withLock { state -> SeriesID? in
            if let known = state.ids[key] { return known }
            guard state.keys.count < maximumSeries else { return nil }
            let id = SeriesID(state.keys.count)
            state.keys.append(key)
            state.ids[key] = id
            let number = state.number(of: key.measurement)
            state.measurements[number].add(id, tags: key.tags, strings: strings)
            added(id, number, state.measurements[number].name)
            return id
        }
        guard let id else { throw .seriesLimit(allowed: maximumSeries) }
        return id
    }

    /// The id of `key` when it is known.
    func existingID(for key: SeriesKey) -> SeriesID? {
        state.withLock { $0.ids[key] }
    }

    var count: Int { state.withLock { $0.keys.count } }

    func key(of id: SeriesID) -> SeriesKey? {
        state.withLock { $0.keys.indices.contains(Int(id)) ? $0.keys[Int(id)] : nil }
    }

    /// Names of the measurements that have a series below `bound`, sorted by their bytes. O(measurements · log).
    func measurements(below bound: SeriesID) -> [String] {
        var names = state.withLock { state in
            state.measurements.filter { ($0.series.first ?? bound) < bound }.map(\.name)
        }
        names.sort(by: bytesPrecede)
        return names
    }

    /// The number of a measurement; nil when it has no series below `bound`.
    func number(of measurement: String, below bound: SeriesID) -> Int? {
        state.withLock { state in
            guard let number = state.numbers[measurement], let first = state.measurements[number].series.first,
                first < bound
            else { return nil }
            return number
        }
    }

    /// Tag keys of the series below `bound`, sorted by their bytes. O(keys · log).
    func tagKeys(of measurement: Int, below bound: SeriesID) -> [String] {
        state.withLock { $0.measurements[measurement].visibleKeys(below: bound) }.map(\.key)
    }

    /// The series below `bound`, rising; their codes parallel to `tagKeys`. O(series · keys).
    func series(of measurement: Int, below bound: SeriesID) -> [StoredSeries] {
        // The arrays are shared, and the work is done after the lock is free again.
        let (keys, series, tagStart, tags) = state.withLock { state in
            let found = state.measurements[measurement]
            return (found.visibleKeys(below: bound), found.series, found.tagStart, found.tags)
        }
        var places: [Int: Int] = [:]
        for (place, key) in keys.enumerated() { places[key.number] = place }
        let count = series.count(below: bound)
        var entries: [StoredSeries] = []
        entries.reserveCapacity(count)
        for index in 0..<count {
            var codes = [UInt32?](repeating: nil, count: keys.count)
            for tag in tags[tagStart[index]..<tagStart[index + 1]] {
                if let place = places[Int(tag >> 32)] { codes[place] = UInt32(truncatingIfNeeded: tag) }
            }
            entries.append(StoredSeries(id: series[index], tagCodes: codes))
        }
        return entries
    }

    /// The series below `bound` whose tag `key` has the value with this code, rising. O(their number).
    func postings(of measurement: Int, key: String, code: UInt32, below bound: SeriesID) -> [SeriesID] {
        let found = state.withLock { state -> [SeriesID] in
            guard let number = state.measurements[measurement].keyNumbers[key] else { return [] }
            return state.measurements[measurement].postings[tagNumber(key: number, code: code)] ?? []
        }
        let count = found.count(below: bound)
        return count == found.count ? found : Array(found[..<count])
    }
}

extension SeriesIndex.State {
    fileprivate mutating func number(of measurement: String) -> Int {
        if let known = numbers[measurement] { return known }
        let number = measurements.count
        measurements.append(SeriesIndex.Measurement(name: measurement))
        numbers[measurement] = number
        return number
    }
}

extension SeriesIndex.Measurement {
    fileprivate mutating func add(_ id: SeriesID, tags new: TagSet, strings: StringTable) {
        series.append(id)
        for tag in new.tags {
            let key: Int
            if let known = keyNumbers[tag.key] {
                key = known
            } else {
                key = tagKeys.count
                tagKeys.append(tag.key)
                sinceSeries.append(id)
                keyNumbers[tag.key] = key
            }
            let number = tagNumber(key: key, code: strings.code(tag.value))
            tags.append(number)
            postings[number, default: []].append(id)
        }
        tagStart.append(tags.count)
    }

    fileprivate func visibleKeys(below bound: SeriesID) -> [(number: Int, key: String)] {
        tagKeys.indices.filter { sinceSeries[$0] < bound }.map { (number: $0, key: tagKeys[$0]) }
            .sorted { bytesPrecede($0.key, $1.key) }
    }
}

private func tagNumber(key: Int, code: UInt32) -> UInt64 {
    UInt64(UInt32(truncatingIfNeeded: key)) << 32 | UInt64(code)
}

private func bytesPrecede(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}

extension [SeriesID] {
    /// How many of these rising ids are below `bound`. O(log).
    fileprivate func count(below bound: SeriesID) -> Int {
        guard let last, last >= bound else { return count }
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < bound { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

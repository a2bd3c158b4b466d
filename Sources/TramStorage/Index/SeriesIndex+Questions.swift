import TramColumnar

/// What snapshots ask.
extension SeriesIndex {
    /// Names of the measurements that have a series below `bound`, sorted by their bytes. O(measurements · log).
    func measurements(below bound: SeriesID) -> [String] {
        var names = read { state in
            state.measurements.filter { $0.isVisible(below: bound) }.map(\.name)
        }
        names.sort(by: bytesPrecede)
        return names
    }

    /// The number of a measurement; nil when it has no series below `bound`.
    func number(of measurement: String, below bound: SeriesID) -> Int? {
        read { state in
            guard let number = state.numbers[measurement], state.measurements[number].isVisible(below: bound) else {
                return nil
            }
            return number
        }
    }

    /// Tag keys of the series below `bound`, sorted by their bytes. O(keys · log).
    func tagKeys(of measurement: Int, below bound: SeriesID) -> [String] {
        read { $0.visibleColumns(of: measurement, below: bound) }.map(\.name)
    }

    /// How many series below `bound` a measurement has. O(log).
    func seriesCount(of measurement: Int, below bound: SeriesID) -> Int {
        read { $0.measurements[measurement].series.count(below: bound) }
    }

    /// The series below `bound`, rising; their codes parallel to `tagKeys`. O(series · keys).
    /// - Parameter present: the series that are wanted; nil for all.
    func series(of measurement: Int, below bound: SeriesID, among present: SeriesSet? = nil) -> [StoredSeries] {
        let series = read { $0.measurements[measurement].series }
        let count = series.count(below: bound)
        return entries(
            of: measurement, (0..<count).lazy.map { series[$0] }.filter { present?.contains($0) ?? true },
            below: bound, expected: min(count, present?.count ?? count))
    }

    /// The codes of series that the measurement has, rising ids below `bound`. O(ids · keys).
    func entries(
        of measurement: Int, _ ids: some Sequence<SeriesID>, below bound: SeriesID, expected: Int = 0
    ) -> [StoredSeries] {
        // The memory is shared, and the work is done after the lock is free again.
        let (columns, places, words, shapes) = read { state in
            (state.visibleColumns(of: measurement, below: bound), state.places, state.words, state.shapes)
        }
        var targets: [Int: Int] = [:]
        for (place, column) in columns.enumerated() { targets[column.number] = place }
        // Of the shape at hand, where the code of each of its columns goes.
        var (shape, shapeTargets): (Int?, [Int?]) = (nil, [])
        var entries: [StoredSeries] = []
        entries.reserveCapacity(expected)
        for id in ids {
            let place = Int(places[Int(id)])
            if Int(words[place]) != shape {
                shape = Int(words[place])
                shapeTargets = shapes[Int(words[place])].columns.map { targets[$0] }
            }
            var codes = [UInt32?](repeating: nil, count: columns.count)
            for (offset, target) in shapeTargets.enumerated() {
                if let target { codes[target] = words[place + 1 + offset] }
            }
            entries.append(StoredSeries(id: id, tagCodes: codes))
        }
        return entries
    }

    /// The series below `bound` that have one of its codes for each of these tags, rising.
    func series(
        of measurement: Int, matchingAny tags: [(key: String, codes: [UInt32])], below bound: SeriesID
    ) -> [SeriesID] {
        var found: [SeriesID]?
        // The tag with the fewest values first: it mostly has the fewest series.
        for tag in tags.sorted(by: { $0.codes.count < $1.codes.count }) {
            var united: Set<SeriesID> = []
            var single: [SeriesID] = []
            for code in Set(tag.codes) {
                single = series(of: measurement, matching: [(tag.key, code)], below: bound)
                if tag.codes.count > 1 { united.formUnion(single) }
            }
            if tag.codes.count > 1 { single = united.sorted() }
            if let known = found {
                let other = Set(single)
                found = known.filter(other.contains)
            } else {
                found = single
            }
            if found?.isEmpty == true { return [] }
        }
        return found ?? []
    }

    /// The series below `bound` whose tag `key` has the value with this code, rising. O(their number).
    func postings(of measurement: Int, key: String, code: UInt32, below bound: SeriesID) -> [SeriesID] {
        series(of: measurement, matching: [(key, code)], below: bound)
    }

    /// The series below `bound` that have all of these tags, a key and the code of a value each, rising; all series of
    /// the measurement when there are none.
    ///
    /// - Complexity: that of the intersections of the tags' series, the shortest first.
    func series(
        of measurement: Int, matching tags: [(key: String, code: UInt32)], below bound: SeriesID
    ) -> [SeriesID] {
        if tags.isEmpty {
            let series = read { $0.measurements[measurement].series }
            return (0..<series.count(below: bound)).map { series[$0] }
        }
        // The lists are shared, and the work is done after the lock is free again.
        var lists = read { state in
            tags.map { tag -> [SeriesID] in
                guard let column = state.measurements[measurement].columnNumbers[tag.key] else { return [] }
                return state.series(with: Tag(column: column, code: tag.code), hasher)
            }
        }
        lists.sort { $0.count < $1.count }
        var found = lists[0]
        let count = found.count(below: bound)
        if count < found.count { found.removeSubrange(count...) }
        for list in lists.dropFirst() { found = found.intersection(list) }
        return found
    }
}

extension SeriesIndex.Measurement {
    fileprivate func isVisible(below bound: SeriesID) -> Bool { series.count > 0 && series[0] < bound }
}

extension SeriesIndex.State {
    /// The columns of a measurement that a series below `bound` has, sorted by the bytes of their names.
    fileprivate func visibleColumns(of measurement: Int, below bound: SeriesID) -> [(number: Int, name: String)] {
        measurements[measurement].columns.filter { columns[$0].since < bound }
            .map { (number: $0, name: columns[$0].name) }
            .sorted { bytesPrecede($0.name, $1.name) }
    }
}

extension PagedArray<SeriesID> {
    /// How many of these rising ids are below `bound`. O(log).
    func count(below bound: SeriesID) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < bound { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

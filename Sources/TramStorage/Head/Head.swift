import TramColumnar

/// The newest data of all series, in memory. The writer's side; it works under the store's lock.
@safe struct Head {
    /// Shared with snapshots. The series of page p are p · 64 and on.
    private(set) var pages: [SeriesPage] = []
    /// By measurement number; shared with snapshots.
    private(set) var figures: [MeasurementFigures] = []
    private(set) var seriesCount = 0
    /// The first of them that snapshots see: a series is made before its first row is sure to be kept.
    private(set) var visibleSeriesCount = 0
    private(set) var pointCount = 0
    /// Of all rows that were applied or loaded.
    private(set) var presence = DayPresence()
    /// The record of the log that was applied last.
    private(set) var lsn: LSN = 0
    /// Bytes of the records whose rows have been applied since the store was opened.
    private(set) var logByteCount = 0
    private(set) var changes = ChangeLog()
    let limits = HeadLimits()
    /// Where rows were taken away since the last segment was written.
    private var graves: [SeriesID: [TimeRange]] = [:]

    private var measurements: [MeasurementHead] = []
    private var numbers: [String: Int] = [:]
    /// Per page where its series lie, once it is certain that no snapshot holds the page; so the row loop need not ask
    /// again.
    private var writable: [UnsafeMutablePointer<HeadSeries>?] = unsafe []
    /// A snapshot was taken since `writable` was filled.
    private var isShared = false
    private let rows = BatchRows()

    /// Marks everything as held by a snapshot, too.
    mutating func share() { isShared = true }

    func fields(of measurement: Int, count: Int) -> ArraySlice<Schema.Field> {
        measurements[measurement].fields.prefix(count)
    }

    /// Makes place for the series `seriesCount`, of measurement `number`, which is new when it is the next.
    mutating func addSeries(measurement number: Int, name: String) {
        if number == measurements.count {
            measurements.append(MeasurementHead(name: name, limits: limits))
            figures.append(MeasurementFigures())
            numbers[name] = number
        }
        takeBack()
        if seriesCount & SeriesPage.mask == 0 {
            pages.append(SeriesPage())
            unsafe writable.append(nil)
        }
        unsafe writablePage(seriesCount >> SeriesPage.shift)[seriesCount & SeriesPage.mask] = HeadSeries(
            measurement: number)
        seriesCount += 1
    }

    /// Decides which rows of `batch` may come in, and makes the fields that they bring. Nothing of it is visible before
    /// `apply`. O(rows) at most.
    func stage(_ batch: Batch) -> StagedBatch {
        let count = batch.count
        precondition(batch.series.count == count, "a series for each row")
        for column in batch.columns { precondition(column.values.count == count, "columns as long as the batch") }
        guard let number = numbers[batch.measurement] else {
            return StagedBatch(
                batch: batch, measurement: nil, columns: [], refused: Screening(refusingAllOf: batch).refused,
                fieldCount: 0)
        }
        let measurement = measurements[number]
        let screening = Screening(batch, measurement)
        return StagedBatch(
            batch: batch, measurement: number, columns: screening.columns.sorted { $0.field < $1.field },
            refused: screening.refused, fieldCount: measurement.fields.count)
    }

    /// Stores the rows of a staged batch. O(rows · fields) when they come in order.
    ///
    /// Batches are applied in the order in which they were staged, so that what is visible never depends on a field
    /// that is not.
    mutating func apply(_ staged: StagedBatch, strings: StringTable) -> AppendResult {
        let batch = staged.batch
        let count = batch.count
        let columns = staged.columns
        let accepted = count - staged.refused.count
        guard let number = staged.measurement, accepted > 0, !columns.isEmpty else {
            return AppendResult(accepted: accepted, refused: staged.refused, newPoints: 0)
        }
        let measurement = measurements[number]
        var fields: [Int] = []
        for column in columns where fields.last != column.field { fields.append(column.field) }
        let layout = measurement.batchLayout(of: fields)
        let refused = staged.refusedRows
        // Only when no column has a value in every row can a row be without any.
        let mayBeEmpty = columns.allSatisfy { batch.columns[$0.column].values.presence != nil }

        takeBack()
        changes.note(batch.timestamps, of: number)
        var figures = self.figures[number]
        let before = figures.pointCount
        for start in stride(from: 0, to: count, by: BatchRows.maximumCount) {
            let range = start..<min(start + BatchRows.maximumCount, count)
            rows.fill(batch, range, columns: columns, layout: layout, refused: refused, strings: strings)
            insert(
                batch.series, range, layout: layout, refused: refused, mayBeEmpty: mayBeEmpty, number: number,
                measurement: measurement, figures: &figures)
        }
        figures.fieldCount = max(figures.fieldCount, staged.fieldCount)
        self.figures[number] = figures
        let newPoints = figures.pointCount - before
        pointCount += newPoints
        return AppendResult(accepted: accepted, refused: staged.refused, newPoints: newPoints)
    }

    /// Notes that everything up to this record of the log has been applied.
    mutating func note(_ lsn: LSN, byteCount: Int = 0) {
        self.lsn = max(self.lsn, lsn)
        logByteCount += byteCount
    }

    /// Forgets fields that are not visible. Nothing may be staged.
    func forgetUnseenFields() {
        for number in measurements.indices { measurements[number].keepFields(figures[number].fieldCount) }
    }

    /// Lets snapshots see the series below `bound`.
    mutating func reveal(seriesBelow bound: Int) {
        visibleSeriesCount = max(visibleSeriesCount, min(bound, seriesCount))
    }

    /// Which rows `append` would refuse, by batch. Fields are made in copies of what is known, one per measurement, so
    /// that batches of one call see each other's.
    func refusals(of batches: [Batch]) -> [[AppendResult.Refusal]] {
        var trials: [String: MeasurementHead] = [:]
        return batches.map { batch in
            let trial =
                trials[batch.measurement]
                ?? MeasurementHead(
                    name: batch.measurement, fields: numbers[batch.measurement].map { measurements[$0].fields } ?? [],
                    limits: limits)
            trials[batch.measurement] = trial
            return Screening(batch, trial).refused
        }
    }

    /// Hands the rows that `rows` holds to their series.
    private mutating func insert(
        _ ids: [UInt32], _ range: Range<Int>, layout: RowLayout, refused: Bitmap?, mayBeEmpty: Bool, number: Int,
        measurement: MeasurementHead, figures: inout MeasurementFigures
    ) {
        let shape = HeadSeries.shape(measurement: number, layout: layout.number)
        // A layout of the batch alone has the number of series that have none; those have no room either.
        let stride = layout.stride
        let words = unsafe rows.words
        let seriesCount = seriesCount
        var (oldest, newest, newPoints) = (figures.oldest, figures.newest, 0)
        // The day of the last row that was noted. Where the row before, of the same series, lies on it too, that was
        // noted then: two comparisons for nearly every row.
        var day = Int64.max...Int64.max
        var row = unsafe words
        for index in range {
            defer { unsafe row += stride }
            if let refused, refused[index] { continue }
            if mayBeEmpty, unsafe isEmpty(row, layout) { continue }
            let id = Int(ids[index])
            precondition(id < seriesCount, "a series of this store")
            let page: UnsafeMutablePointer<HeadSeries>
            if let known = unsafe writable[id >> SeriesPage.shift] {
                unsafe page = known
            } else {
                unsafe page = writablePage(id >> SeriesPage.shift)
            }
            let series = unsafe page + (id & SeriesPage.mask)
            let time = unsafe Int64(bitPattern: row[0])
            oldest = min(oldest, time)
            newest = max(newest, time)
            if unsafe time > series.pointee.last && series.pointee.shape == shape
                && series.pointee.count < series.pointee.capacity, let tail = unsafe series.pointee.words
            {
                let target = unsafe tail + Int(series.pointee.count) &* stride
                for word in 0..<stride { unsafe target[word] = row[word] }
                if unsafe series.pointee.last < day.lowerBound || time > day.upperBound {
                    presence.note(ids[index], at: time)
                    day = DayPresence.day(of: time)
                }
                unsafe series.pointee.count &+= 1
                unsafe series.pointee.last = time
                newPoints &+= 1
            } else {
                precondition(unsafe series.pointee.measurement == number, "a series of the batch's measurement")
                let reference = unsafe RowReference(words: row, layout: layout)
                presence.note(ids[index], at: time)
                unsafe newPoints += series.pointee.insert(reference, id: id, measurement: measurement)
            }
        }
        figures.oldest = oldest
        figures.newest = newest
        figures.pointCount += newPoints
    }

    // MARK: Segments

    /// Gives a measurement, which has a series, the fields that it had when it was written.
    mutating func loadFields(_ fields: [Schema.Field], of number: Int) {
        for field in fields where measurements[number].fieldNumber(field.name) == nil {
            _ = measurements[number].addField(field.name, type: field.type)
        }
        figures[number].fieldCount = max(figures[number].fieldCount, measurements[number].fields.count)
    }

    /// Puts blocks of a segment into a series. `count` has to be called when all are in.
    mutating func load(_ entries: [(place: Int, entry: SegmentEntry)], of segment: Segment, series id: Int) {
        takeBack()
        for (_, entry) in entries where entry.kind != .grave {
            presence.note(SeriesID(id), from: entry.first, through: entry.last)
        }
        unsafe writablePage(id >> SeriesPage.shift)[id & SeriesPage.mask].load(entries, of: segment)
    }

    /// Lets blocks of a segment take the place of what was written to it.
    mutating func adopt(
        _ blocks: ArraySlice<SegmentEntry>, of segment: Segment, series id: Int, for written: HeadSeries,
        graves: [TimeRange]
    ) {
        takeBack()
        unsafe writablePage(id >> SeriesPage.shift)[id & SeriesPage.mask].adopt(
            blocks, of: segment, for: written, graves: graves)
    }

    /// Lets the output of a compaction take the place of its inputs in a series.
    mutating func replace(
        _ replacements: [HeadSeries.Replacement], of output: Segment?, insteadOf inputs: [Segment], series id: Int
    ) {
        takeBack()
        unsafe writablePage(id >> SeriesPage.shift)[id & SeriesPage.mask].replace(
            replacements, of: output, insteadOf: inputs, id: id, limits: limits)
    }

    /// The measurement of a series; 0 when there is none of this number.
    func measurement(of id: Int) -> Int {
        id < seriesCount ? pages[id >> SeriesPage.shift][id & SeriesPage.mask].measurement : 0
    }

    /// Takes rows of a series away. The figures have to be counted again when all are gone.
    ///
    /// - Parameter leavesGrave: the next segment says that they are gone. Not needed where the manifest does.
    /// - Returns: how many.
    mutating func remove(_ range: TimeRange, series id: Int, leavesGrave: Bool) -> Int {
        takeBack()
        let page = id >> SeriesPage.shift
        let place = id & SeriesPage.mask
        // A page that is not touched is not copied.
        let series = pages[page][place]
        guard let first = series.firstTimestamp, first < range.end, series.last >= range.start else { return 0 }
        let measurement = measurements[series.measurement]
        let count = unsafe writablePage(page)[place].remove(range, id: id, measurement: measurement)
        if count > 0 {
            changes.noteEverywhere(series.measurement)
            figures[series.measurement].pointCount -= count
            pointCount -= count
            if leavesGrave { graves[SeriesID(id), default: []].append(range) }
        }
        return count
    }

    /// Forgets on which days before an instant series had rows, for there are none any more.
    mutating func forgetDays(before instant: Int64) { presence.removeDays(before: instant) }

    /// Counts the rows of all series, after they were loaded. O(blocks).
    mutating func countRows() {
        for number in figures.indices {
            figures[number].pointCount = 0
            (figures[number].oldest, figures[number].newest) = (.max, .min)
        }
        pointCount = 0
        for id in 0..<seriesCount {
            let series = pages[id >> SeriesPage.shift][id & SeriesPage.mask]
            guard let first = series.firstTimestamp else { continue }
            let number = series.measurement
            figures[number].pointCount += series.rowCount
            figures[number].oldest = min(figures[number].oldest, first)
            figures[number].newest = max(figures[number].newest, series.last)
        }
        pointCount = figures.reduce(0) { $0 + $1.pointCount }
    }

    /// Finds the oldest and the newest times again, after rows were taken away. O(series).
    mutating func measureAgain() {
        for number in figures.indices { (figures[number].oldest, figures[number].newest) = (.max, .min) }
        for id in 0..<seriesCount {
            let series = pages[id >> SeriesPage.shift][id & SeriesPage.mask]
            guard let first = series.firstTimestamp else { continue }
            figures[series.measurement].oldest = min(figures[series.measurement].oldest, first)
            figures[series.measurement].newest = max(figures[series.measurement].newest, series.last)
        }
    }

    /// The ranges that rows were taken from and that no segment knows of yet; whoever takes them writes them down, or
    /// gives them back.
    mutating func takeGraves() -> [SeriesID: [TimeRange]] {
        defer { graves = [:] }
        return graves
    }

    mutating func giveBack(_ taken: [SeriesID: [TimeRange]]) { graves.merge(taken) { $1 + $0 } }

    private func isEmpty(_ row: UnsafeMutablePointer<UInt64>, _ layout: RowLayout) -> Bool {
        for word in 0..<layout.maskWords where unsafe row[1 + word] != 0 { return false }
        return true
    }

    /// Forgets which pages are the writer's own when a snapshot was taken. O(pages) then.
    private mutating func takeBack() {
        guard isShared else { return }
        isShared = false
        for page in unsafe writable.indices { unsafe writable[page] = nil }
    }

    /// Where the series of a page lie, after a copy of the page when a snapshot holds it.
    private mutating func writablePage(_ page: Int) -> UnsafeMutablePointer<HeadSeries> {
        if let known = unsafe writable[page] { return unsafe known }
        if !isKnownUniquelyReferenced(&pages[page]) { pages[page] = pages[page].copy() }
        let series = unsafe pages[page].series
        unsafe writable[page] = unsafe series
        return unsafe series
    }
}

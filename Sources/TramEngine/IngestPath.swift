public import TramColumnar
public import TramLineProtocol
public import TramStorage

/// The way of bytes into the store: parser, series ids, head.
///
/// One path for each feed or connection: the parser's key table and the map from its numbers to the store's live here.
/// Not safe for several threads; the store behind it is.
public final class IngestPath {
    public let store: Store
    private let keepsBatches: Bool
    private var hasClock = true
    private var isAtStart = true
    private let parser: LineParser
    private static let unresolved = UInt32.max - 1

    /// From the parser's key numbers to ids of the store.
    private var seriesByKey: [UInt32] = []

    /// - Parameter keepsBatches: whether outcomes have the stored batches, for standing queries.
    public init(
        store: Store, keepsBatches: Bool, configuration: LineProtocolConfiguration = LineProtocolConfiguration()
    ) {
        self.store = store
        self.keepsBatches = keepsBatches
        parser = LineParser(configuration: configuration)
    }

    /// What became of the lines that were taken out.
    public struct Outcome {
        /// The stored batches: series are ids of the store, string columns codes of its table.
        public var batches: [StoredBatch] = []
        /// The first refused lines, those of the parser and those of the store.
        public var rejected: [RejectedLine] = []
        public var rejectedByClass: [RejectedLine.Class: Int] = [:]
        /// Lines that are points or bad; blank lines and comments do not count.
        public var lineCount = 0
        public var acceptedCount = 0
        public var newPoints = 0

        public var rejectedCount: Int { rejectedByClass.values.reduce(0, +) }
    }

    /// A batch that the store has taken, and the rows of it that it has not.
    public struct StoredBatch {
        public var batch: Batch
        public var refusedRows: Set<Int>
    }

    /// - Parameter now: the time of lines that have none, nanoseconds UTC; nil refuses them.
    public func begin(precision: Precision, now: Int64?) {
        hasClock = now != nil
        isAtStart = true
        parser.begin(precision: precision, now: now)
    }

    public func feed(_ chunk: [UInt8]) {
        // Files from other systems begin with a byte order mark; it belongs to no name.
        if isAtStart && !chunk.isEmpty {
            isAtStart = false
            if chunk.starts(with: [0xef, 0xbb, 0xbf]) {
                unsafe parser.feed(Array(chunk.dropFirst(3)).span.bytes)
                return
            }
        }
        unsafe parser.feed(chunk.span.bytes)
    }

    /// Stores what has been parsed so far.
    public func take() -> Outcome { store(parser.take()) }

    /// Ends the body and stores the rest of it.
    public func finish() -> Outcome { store(parser.finish()) }

    private func store(_ body: ParsedBody) -> Outcome {
        var outcome = Outcome()
        outcome.rejected = body.rejected
        outcome.rejectedByClass = body.rejectedByClass
        outcome.lineCount = body.lineCount
        for parsed in body.batches {
            var batch = parsed
            resolveSeries(&batch)
            if !hasClock { refuseTimeless(&batch) }
            let result = store.append(batch)
            outcome.acceptedCount += result.accepted
            outcome.newPoints += result.newPoints
            for refusal in result.refused { note(refusal, of: batch, in: &outcome) }
            if keepsBatches {
                resolveTexts(&batch)
                outcome.batches.append(StoredBatch(batch: batch, refusedRows: Set(result.refused.map(\.row))))
            }
        }
        outcome.rejected.sort { ($0.line, $0.column) < ($1.line, $1.column) }
        return outcome
    }

    /// Only keys that have a row get a series: a refused line leaves none behind.
    private func resolveSeries(_ batch: inout Batch) {
        let keyCount = parser.keys.count
        if seriesByKey.count < keyCount {
            seriesByKey += [UInt32](repeating: IngestPath.unresolved, count: keyCount - seriesByKey.count)
        }
        var series = batch.series
        for row in series.indices {
            let key = Int(series[row])
            if seriesByKey[key] == IngestPath.unresolved {
                // A series beyond the limit gets the sentinel: its rows are refused one by one, with their lines.
                seriesByKey[key] = (try? store.seriesID(for: parser.keys[key])) ?? Store.refusedSeries
            }
            series[row] = seriesByKey[key]
        }
        batch.series = series
    }

    private func refuseTimeless(_ batch: inout Batch) {
        for row in batch.timestamps.indices where batch.timestamps[row] == LineParser.noTime {
            batch.series[row] = Store.refusedSeries
        }
    }

    /// String values as codes of the store's table instead of places in the batch's text.
    private func resolveTexts(_ batch: inout Batch) {
        for column in batch.columns.indices where batch.columns[column].values.type == .string {
            for row in batch.columns[column].values.bits.indices where batch.columns[column].values.isPresent(row) {
                let place = batch.textRange(batch.columns[column].values.bits[row])
                batch.columns[column].values.bits[row] = UInt64(
                    store.strings.code(String(decoding: batch.text[place], as: UTF8.self)))
            }
        }
        batch.text = []
    }

    private func note(_ refusal: AppendResult.Refusal, of batch: Batch, in outcome: inout Outcome) {
        let reason: RejectedLine.Class
        let text: String
        switch refusal.reason {
        case .typeConflict(let field, let has, let sent):
            reason = .typeConflict
            text =
                "field \"\(field)\" of \(batch.measurement) holds \(has.name), the line sends \(sent.name); send \(IngestPath.example(has))"
        case .seriesLimit where batch.timestamps[refusal.row] == LineParser.noTime:
            reason = .badTimestamp
            text = "the line has no timestamp; a recorded feed needs one, or say what time it is: --now TIME"
        case .seriesLimit:
            reason = .limitReached
            text = "the store has as many series as it may hold; lines of known series are still taken"
        }
        outcome.rejectedByClass[reason, default: 0] += 1
        guard outcome.rejected.count < LineProtocolConfiguration().maximumRejectedKept else { return }
        outcome.rejected.append(
            RejectedLine(line: Int(batch.lines[refusal.row]), column: 1, reason: reason, text: text, excerpt: ""))
    }

    private static func example(_ type: FieldType) -> String {
        switch type {
        case .float: "a number such as 20.0"
        case .int: "a whole number such as 20i"
        case .uint: "a whole number such as 20u"
        case .bool: "true or false"
        case .string: "a text in quotes"
        }
    }
}

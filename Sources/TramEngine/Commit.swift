public import TramColumnar
public import TramLineProtocol
package import TramStorage

/// A batch that the store has taken, and the rows of it that it has not.
package struct StoredBatch: Sendable {
    /// Series are ids of the store, string columns codes of its table.
    package var batch: Batch
    package var refusedRows: Set<Int>
}

/// A row that the store refused: the line it stood on, and what to say of it.
public struct StorageRefusal: Sendable {
    public var line: Int
    /// The field to blame; nil when the time or the series is.
    public var field: String?
    public var measurement: String
    public var reason: RejectedLine.Class
    /// What is wrong and what to do.
    public var text: String
    /// For a type conflict: what the field holds, and what was sent.
    public var conflict: (has: FieldType, sent: FieldType)?
}

/// What became of rows that were committed.
package struct Commit: Sendable {
    /// The stored batches, when they were asked for.
    package var batches: [StoredBatch] = []
    /// The first refusals of the store, in the order of their batches.
    var refusals: [StorageRefusal] = []
    var refusedByClass: [RejectedLine.Class: Int] = [:]
    package var acceptedCount = 0
    var newPoints = 0
    var newSeries = 0

    static let maximumRefusalsKept = LineProtocolConfiguration().maximumRejectedKept
}

extension ParsedRows {
    /// What `store` would refuse of these rows, without storing any: for bodies that are stored whole or not at all.
    func trial(in store: Store) -> Commit {
        var commit = Commit()
        let results = store.refusals(of: batches.map(\.batch))
        for (pending, refused) in zip(batches, results) { commit.note(refused, of: pending) }
        return commit
    }

    /// Makes the new series and stores the rows; all of them become visible at once.
    ///
    /// - Parameter keeping: the measurements whose batches are wanted back.
    package consuming func commit(to store: Store, keeping: (String) -> Bool) -> Commit {
        var commit = Commit()
        let before = newKeys.isEmpty ? 0 : store.seriesCount
        let ids = newKeys.map { key in (try? store.reserveSeriesID(for: key)) ?? Store.refusedSeries }
        if !newKeys.isEmpty { commit.newSeries = store.seriesCount - before }
        for index in batches.indices { batches[index].number(newSeries: ids) }
        let results = store.apply(store.stage(batches.map(\.batch)))
        for index in batches.indices {
            let result = results[index]
            commit.acceptedCount += result.accepted
            commit.newPoints += result.newPoints
            commit.note(result.refused, of: batches[index])
            if keeping(batches[index].batch.measurement) {
                batches[index].resolveTexts(in: store)
                commit.batches.append(
                    StoredBatch(batch: batches[index].batch, refusedRows: Set(result.refused.map(\.row))))
            }
        }
        return commit
    }
}

extension ParsedRows.Pending {
    fileprivate mutating func number(newSeries ids: [SeriesID]) {
        guard !ids.isEmpty else { return }
        for row in batch.series.indices
        where batch.series[row] & ParsedRows.newSeriesMark != 0 && batch.series[row] != Store.refusedSeries {
            let id = ids[Int(batch.series[row] & ~ParsedRows.newSeriesMark)]
            batch.series[row] = id
            if id == Store.refusedSeries { early[row] = .limitReached }
        }
    }

    /// String values as codes of the store's table instead of places in the batch's text.
    fileprivate mutating func resolveTexts(in store: Store) {
        for column in batch.columns.indices where batch.columns[column].values.type == .string {
            for row in batch.columns[column].values.bits.indices where batch.columns[column].values.isPresent(row) {
                let place = batch.textRange(batch.columns[column].values.bits[row])
                batch.columns[column].values.bits[row] = UInt64(
                    store.strings.code(String(decoding: batch.text[place], as: UTF8.self)))
            }
        }
        batch.text = []
    }
}

extension Commit {
    fileprivate mutating func note(_ refused: [AppendResult.Refusal], of pending: ParsedRows.Pending) {
        for refusal in refused { note(refusal, of: pending) }
    }

    private mutating func note(_ refusal: AppendResult.Refusal, of pending: ParsedRows.Pending) {
        let batch = pending.batch
        var described = StorageRefusal(
            line: Int(batch.lines[refusal.row]), field: nil, measurement: batch.measurement, reason: .limitReached,
            text: "the store has as many series as it may hold; lines of known series are still taken")
        switch refusal.reason {
        case .typeConflict(let field, let has, let sent):
            described.reason = .typeConflict
            described.field = field
            described.conflict = (has, sent)
            described.text =
                "field \"\(field)\" of \(batch.measurement) holds \(has.name), the line sends \(sent.name); send \(Commit.example(has))"
        case .seriesLimit:
            switch pending.early[refusal.row] {
            case .badTimestamp:
                described.reason = .badTimestamp
                described.text =
                    "the line has no timestamp; a recorded feed needs one, or say what time it is: --now TIME"
            case .tooNew:
                described.reason = .tooNew
                described.text =
                    "the time lies further in the future than is taken (limits: ahead); check the sender's clock and the precision of the request"
            case .tooOld:
                described.reason = .tooOld
                described.text =
                    "the time is older than what is kept (retention: raw); check the precision of the request"
            default: break
            }
        }
        refusedByClass[described.reason, default: 0] += 1
        if refusals.count < Commit.maximumRefusalsKept { refusals.append(described) }
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

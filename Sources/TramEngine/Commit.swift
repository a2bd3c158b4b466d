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

    static let maximumRefusalsKept = LineProtocolConfiguration().maximumRejectedKept
}

extension ParsedRows {
    /// What `store` would refuse of these rows, without storing any: for bodies that are stored whole or not at all.
    func trial(in store: Store) -> Commit {
        var commit = Commit()
        let results = store.refusals(of: batches.map(\.batch))
        for (pending, refused) in zip(batches, results) { commit.note(refused, of: pending, in: store) }
        return commit
    }

    /// Makes the new series and stores the rows in a store in memory; all of them become visible at once.
    ///
    /// - Parameter keeping: the measurements whose batches are wanted back.
    package consuming func commit(to store: Store, keeping: (String) -> Bool) -> Commit {
        let staged = stage(in: store)
        return finish(store.apply(staged), in: store, keeping: keeping)
    }

    /// Gives the rows their places in the store, without showing them.
    mutating func stage(in store: Store) -> StagedRows {
        let ids = store.reserveSeriesIDs(for: newKeys)
        newSeries.note(ids)
        for index in batches.indices { batches[index].number(newSeries: ids) }
        return store.stage(batches.map(\.batch))
    }

    /// What became of staged rows.
    ///
    /// - Parameters:
    ///   - results: of the batches, in their order.
    ///   - keeping: the measurements whose batches are wanted back.
    consuming func finish(_ results: [AppendResult], in store: Store, keeping: (String) -> Bool) -> Commit {
        var commit = Commit()
        for index in batches.indices {
            let result = results[index]
            commit.acceptedCount += result.accepted
            commit.newPoints += result.newPoints
            commit.note(result.refused, of: batches[index], in: store)
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
    fileprivate mutating func note(
        _ refused: [AppendResult.Refusal], of pending: ParsedRows.Pending, in store: Store
    ) {
        guard !refused.isEmpty else { return }
        let limit = Commit.limitText(store)
        for refusal in refused { note(refusal, of: pending, limit: limit) }
    }

    /// What to say to a sender of a series too many: whose values are so many, for that is seldom the series at hand.
    private static func limitText(_ store: Store) -> String {
        let known = "lines of known series are still taken"
        guard let widest = store.widestTag else { return "the store has as many series as it may hold; \(known)" }
        return
            "the store has as many series as it may hold; the tag with the most values is \"\(widest.tagKey)\" of \(widest.measurement) with \(widest.valueCount); \(known)"
    }

    private mutating func note(_ refusal: AppendResult.Refusal, of pending: ParsedRows.Pending, limit: String) {
        let batch = pending.batch
        var described = StorageRefusal(
            line: Int(batch.lines[refusal.row]), field: nil, measurement: batch.measurement, reason: .limitReached,
            text: limit)
        switch refusal.reason {
        case .typeConflict(let field, let has, let sent):
            described.reason = .typeConflict
            described.field = field
            described.conflict = (has, sent)
            described.text =
                "field \"\(field)\" of \(batch.measurement) holds \(has.name), the line sends \(sent.name); send \(Commit.example(has))"
        case .fieldLimit(let field):
            described.field = field
            described.text =
                "\(batch.measurement) has as many fields as it may; send what differs as a tag or a value, not as the name of a field"
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

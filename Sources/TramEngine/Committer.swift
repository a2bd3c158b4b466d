import Synchronization
import TramColumnar
import TramStorage

/// Commits of one database, one after the other, in three steps: the rows are staged, written to the log, and shown
/// when they are durable, in the order of the log.
///
/// Whoever waits, for a turn or for the disk, gives its thread back, so that other bodies are parsed meanwhile; what is
/// staged while the disk syncs shares the next sync. Standing queries get batches in the order in which their rows
/// became visible.
///
/// A record may name series that an earlier one defines. So when one cannot be written, all that wait behind it are
/// refused with it, whatever became of their own records, and the next one defines anew what no kept record has: those
/// of the generation that failed are passed over when the log is read back (`LogReplay`).
actor Committer {
    private struct Waiting {
        enum Work {
            case rows(ParsedRows, StagedRows, turn: CheckedContinuation<Result<Commit, StorageError>, Never>)
            case deletion(Deletion, turn: CheckedContinuation<Result<Int, StorageError>, Never>)
        }

        var work: Work
        var generation: Int

        func refuse(_ error: StorageError) {
            switch work {
            case .rows(_, _, let turn): turn.resume(returning: .failure(error))
            case .deletion(_, let turn): turn.resume(returning: .failure(error))
            }
        }
    }

    /// What the log has said and nobody has looked at yet, in its order.
    private final class Results: Sendable {
        private let state = Mutex<[Result<LSN, StorageError>]>([])

        /// - Returns: whether somebody has to be called to look.
        func add(_ result: Result<LSN, StorageError>) -> Bool {
            state.withLock { state in
                state.append(result)
                return state.count == 1
            }
        }

        func take() -> [Result<LSN, StorageError>] {
            state.withLock { state in
                defer { state = [] }
                return state
            }
        }
    }

    private let store: Store
    private let queries: @Sendable () -> LiveQueries?
    private let results = Results()
    private nonisolated let isDurable: Bool
    /// In the order of the log.
    private var waiting: [Waiting] = []
    private var generation = 0
    private var lastFailure = StorageError.logClosed
    /// The first series that the next record defines, and the first that no kept record has defined.
    private var definedBelow: SeriesID
    private var keptBelow: SeriesID

    private let thread = CommitThread.next()

    // The main actor has a thread in any case.
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe thread?.asUnownedSerialExecutor() ?? MainActor.sharedUnownedExecutor
    }

    init(store: Store, queries: @escaping @Sendable () -> LiveQueries?) {
        self.store = store
        self.queries = queries
        isDurable = store.log != nil
        definedBelow = SeriesID(store.seriesCount)
        keptBelow = definedBelow
    }

    /// Stores the rows and judges them. When this returns, they are as durable as the store is, queries see them all,
    /// and the windows and alerts that they close are there.
    ///
    /// - Parameter wholly: store nothing when one row would be refused; the refusals then say which.
    /// - Throws: why nothing of them was kept.
    nonisolated func commit(
        _ rows: ParsedRows, wholly: Bool
    ) async throws(StorageError) -> (commit: Commit, isStored: Bool) {
        // Most of the work of a record needs no turn: it is done here, on the caller's thread.
        let ahead = isDurable ? rows.batches.map { BatchRecord.Columns($0.batch) } : []
        return try await commit(rows, ahead, wholly: wholly)
    }

    private func commit(
        _ rows: ParsedRows, _ ahead: [BatchRecord.Columns], wholly: Bool
    ) async throws(StorageError) -> (commit: Commit, isStored: Bool) {
        if wholly {
            let trial = rows.trial(in: store)
            if !trial.refusedByClass.isEmpty { return (trial, false) }
        }
        var rows = rows
        var staged = rows.stage(in: store)
        guard isDurable else { return (finish(rows, store.apply(staged)), true) }
        if staged.isEmpty { return (rows.finish(staged.emptyResults, in: store, keeping: { _ in false }), true) }
        let results = results
        do {
            definedBelow = try store.write(&staged, ahead, definingFrom: definedBelow) { result in
                if results.add(result) { Task { await self.settle() } }
            }
        } catch {
            if waiting.isEmpty { store.forgetUnseenFields() }
            throw error
        }
        let outcome = await withCheckedContinuation { turn in
            waiting.append(Waiting(work: .rows(rows, staged, turn: turn), generation: generation))
        }
        return (try outcome.get(), true)
    }

    /// Shows what has become durable, and tells who waits.
    private func settle() {
        for result in results.take() {
            guard !waiting.isEmpty else { return }
            let next = waiting.removeFirst()
            switch result {
            case .success(let lsn) where next.generation == generation: keep(next.work, lsn)
            case .success: next.refuse(lastFailure)
            case .failure(let error):
                if next.generation == generation {
                    generation += 1
                    definedBelow = keptBelow
                    // Of those that wait nothing will be shown any more.
                    store.forgetUnseenFields()
                }
                lastFailure = error
                next.refuse(error)
            }
        }
    }

    private func keep(_ work: Waiting.Work, _ lsn: LSN) {
        switch work {
        case .rows(let rows, let staged, let turn):
            keptBelow = max(keptBelow, SeriesID(staged.seriesBound))
            turn.resume(returning: .success(finish(rows, store.apply(staged, lsn: lsn))))
        case .deletion(let deletion, let turn): turn.resume(returning: .success(store.apply(deletion, lsn: lsn)))
        }
    }

    /// Takes rows away that are visible now. When this returns, that is as durable as the store is.
    ///
    /// - Returns: how many rows are gone.
    /// - Throws: why they are all still there.
    func delete(_ matcher: SeriesMatcher, in range: TimeRange) async throws(StorageError) -> Int {
        let deletion = Deletion(series: matcher.series(in: store.snapshot()), range: range)
        guard !deletion.series.isEmpty else { return 0 }
        guard isDurable else { return store.apply(deletion) }
        let results = results
        try store.write(deletion) { result in
            if results.add(result) { Task { await self.settle() } }
        }
        let outcome = await withCheckedContinuation { turn in
            waiting.append(Waiting(work: .deletion(deletion, turn: turn), generation: generation))
        }
        return try outcome.get()
    }

    private func finish(_ rows: ParsedRows, _ results: [AppendResult]) -> Commit {
        guard let live = queries() else { return rows.finish(results, in: store, keeping: { _ in false }) }
        var commit = rows.finish(results, in: store, keeping: live.measurements.contains)
        if !commit.batches.isEmpty {
            live.judge(commit.batches)
            commit.batches = []
        }
        return commit
    }

    /// Does something between two commits.
    func perform<Failure: Error>(_ work: @Sendable () throws(Failure) -> Void) throws(Failure) { try work() }
}

import TramColumnar

/// An aggregation by windows that takes from the cache what is still good, and puts there what it has computed.
struct CachedWindows {
    let aggregate: AggregateScan
    let cache: WindowCache
    let key: WindowCache.Key
    let moment: UInt64

    /// Nil when the windows of this aggregation are not kept.
    init?(_ aggregate: AggregateScan) {
        guard let cache = aggregate.context.cache, let text = aggregate.scan.keptText,
            let grid = aggregate.aggregation.grid,
            let moment = aggregate.source.moment, !aggregate.makesTexts, aggregate.scan.timeBounds == .all,
            aggregate.context.tree == .row
        else { return nil }
        self.aggregate = aggregate
        self.cache = cache
        self.moment = moment
        key = WindowCache.Key(
            text: text, grid: grid, zone: aggregate.evaluation.zone, generation: aggregate.context.generation)
    }

    /// - Returns: false when the cache could not be used; nothing was fed then.
    func run(into grouped: GroupedAggregation) throws(QueryError) -> Bool {
        guard let whole = wholeSlices(grouped.states) else { return false }
        let (found, isBusy) = cache.take(key)
        if isBusy { return false }
        if let found, found.moment > moment {
            // This view is older than what is kept.
            cache.giveBack(found, key)
            return false
        }
        do throws(QueryError) {
            let kept: WindowCache.Entry
            // When more texts are known, codes mean something else.
            if let found, found.textCount == aggregate.evaluation.pool.tableCount {
                kept = found
            } else {
                cache.drop(key)
                let pool = aggregate.evaluation.pool.copy()
                kept = WindowCache.Entry(
                    states: try makeKeptStates(pool), pool: pool,
                    coverage: TimeRange(start: whole.start, end: whole.start), moment: moment)
            }
            try update(kept, whole)
            for edge in [
                TimeRange(start: aggregate.scan.range.start, end: max(whole.start, aggregate.scan.range.start)),
                TimeRange(start: min(whole.end, aggregate.scan.range.end), end: aggregate.scan.range.end),
            ] where !edge.isEmpty {
                try aggregate.compute(edge, into: grouped.states)
            }
            let pool = aggregate.evaluation.pool
            try grouped.states.absorb(kept.states, slices: whole) { pool.code(of: $0, in: kept.pool) }
            cache.giveBack(kept, key)
            return true
        } catch {
            cache.drop(key)
            throw error
        }
    }

    /// The slices that lie wholly in the range and may hold rows.
    private func wholeSlices(_ states: SlicedStates) -> TimeRange? {
        let range = aggregate.scan.range
        var extent: TimeRange?
        for measurement in aggregate.scan.measurements {
            guard let own = aggregate.source.extent(of: measurement) else { continue }
            let known = extent ?? own
            extent = TimeRange(start: min(known.start, own.start), end: max(known.end, own.end))
        }
        guard let extent, extent.start < extent.end, extent.end < .max,
            let low = states.wholeSlice(containing: extent.start),
            let high = states.wholeSlice(containing: extent.end - 1)
        else { return nil }
        var start = low.start
        var end = high.end
        if range.start > start {
            guard let slice = states.wholeSlice(containing: range.start) else { return nil }
            start = slice.start == range.start ? slice.start : slice.end
        }
        if range.end < end {
            guard let slice = states.wholeSlice(containing: range.end) else { return nil }
            end = slice.start
        }
        return start < end ? TimeRange(start: start, end: end) : nil
    }

    /// States that are kept: what a query may take does not bound them, and its end does not end them.
    private func makeKeptStates(_ pool: TextPool) throws(QueryError) -> SlicedStates {
        var evaluation = aggregate.evaluation
        evaluation.pool = pool
        evaluation.running = RunningStates()
        evaluation.watch = QueryGuard(limits: .none, pool: pool)
        return try SlicedStates(aggregate.aggregation, context: evaluation, limits: aggregate.context.limits)
    }

    /// Brings what is kept up to this moment, and to all of `whole`.
    private func update(_ kept: WindowCache.Entry, _ whole: TimeRange) throws(QueryError) {
        var missing: [TimeRange] = []
        if kept.coverage.isEmpty || whole.start > kept.coverage.end || whole.end < kept.coverage.start {
            kept.states = try makeKeptStates(kept.pool)
            kept.coverage = whole
            missing = [whole]
        } else {
            for stale in try staleSlices(kept) {
                kept.states.discardSlices(in: stale)
                missing.append(stale)
            }
            if whole.start < kept.coverage.start {
                missing.append(TimeRange(start: whole.start, end: kept.coverage.start))
            }
            if whole.end > kept.coverage.end {
                missing.append(TimeRange(start: kept.coverage.end, end: whole.end))
            }
            kept.coverage = TimeRange(
                start: min(whole.start, kept.coverage.start), end: max(whole.end, kept.coverage.end))
        }
        for range in missing {
            let fresh = try SlicedStates(
                aggregate.aggregation, context: aggregate.evaluation, limits: aggregate.context.limits)
            try aggregate.compute(range, into: fresh)
            let pool = aggregate.evaluation.pool
            try kept.states.absorb(fresh, slices: range) { kept.pool.code(of: $0, in: pool) }
            aggregate.work.computedRanges += 1
        }
        aggregate.work.usedCache = true
        kept.moment = moment
        // What a window that moves on has left behind is not asked for again.
        let length = whole.end - whole.start
        if kept.coverage.start < whole.start - length,
            let slice = kept.states.wholeSlice(containing: whole.start - length)
        {
            kept.states.discardSlices(in: TimeRange(start: kept.coverage.start, end: slice.start))
            kept.coverage.start = slice.start
        }
    }

    /// Kept slices of which rows were put in or taken away, as few ranges as may be.
    private func staleSlices(_ kept: WindowCache.Entry) throws(QueryError) -> [TimeRange] {
        var stale: [TimeRange] = []
        for measurement in aggregate.scan.measurements {
            for change in aggregate.source.changes(of: measurement, since: kept.moment, in: kept.coverage) {
                let clipped = change.intersection(kept.coverage)
                guard !clipped.isEmpty, let first = kept.states.wholeSlice(containing: clipped.start),
                    let last = kept.states.wholeSlice(containing: clipped.end - 1)
                else { continue }
                stale.append(TimeRange(start: first.start, end: min(last.end, kept.coverage.end)))
            }
        }
        stale.sort { $0.start < $1.start }
        return stale.reduce(into: []) { merged, range in
            if let before = merged.last, range.start <= before.end {
                merged[merged.count - 1].end = max(before.end, range.end)
            } else {
                merged.append(range)
            }
        }
    }
}

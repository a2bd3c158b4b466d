import TramColumnar

extension AggregateFunction {
    /// States for a call by name. See `makeStates`.
    package static func make(
        name: String, inputType: ColumnType?, parameters: [AggregateParameter] = [],
        texts: StateTexts = StateTexts(), clock: QueryClock = QueryClock()
    ) throws(AggregateMistake) -> any AggregateStates {
        guard let function = AggregateFunction(rawValue: name) else { throw .unknownFunction(name) }
        return try function.makeStates(inputType: inputType, parameters: parameters, texts: texts, clock: clock)
    }

    /// The type of the result, or what is wrong with the call.
    package func resultType(
        of inputType: ColumnType?, parameters: [AggregateParameter] = []
    ) throws(AggregateMistake) -> ColumnType {
        try makeStates(inputType: inputType, parameters: parameters).resultType
    }

    /// States without slots for one call.
    ///
    /// - Parameters:
    ///   - inputType: The type of the column, nil for a call without one.
    ///   - parameters: The constants after the column.
    ///   - texts: The query's string table.
    ///   - clock: What the query says of time.
    package func makeStates(
        inputType: ColumnType?, parameters: [AggregateParameter] = [],
        texts: StateTexts = StateTexts(), clock: QueryClock = QueryClock()
    ) throws(AggregateMistake) -> any AggregateStates {
        if let states = try seriesStates(inputType, parameters, clock) { return states }
        guard let type = inputType else {
            if needsArgument { throw .missingArgument }
            if !parameters.isEmpty { throw .unexpectedParameter(0, allowed: modifiers) }
            return CountStates()
        }
        guard inputTypes.contains(type) else { throw .unfitType(type, accepted: inputTypes) }
        if self == .list {
            guard parameters.count == 1, case .number(let number)? = parameters.first,
                let count = Int(exactly: number), count > 0, count <= 1000
            else { throw .wrongCall(usage: usage) }
            return ListStates(count: count, inputType: type, texts: texts)
        }
        let (share, modifier) = try read(parameters)
        switch self {
        case .count: return CountStates()
        case .corr: return PairMomentStates(.correlation, inputType: type)
        case .covar: return PairMomentStates(.covariance, inputType: type)
        case .sum, .mean:
            let result: SumResult = self == .sum ? .sum : .mean
            return type == .float ? FloatSumStates(result) : IntegerSumStates(result, inputType: type)
        case .min, .max:
            let side: ExtremeStates.Side = self == .min ? .low : .high
            return ValueKind(type) == .text
                ? TextExtremeStates(side, inputType: type, texts: texts)
                : ExtremeStates(side, inputType: type, givesTime: false)
        case .minAt: return ExtremeStates(.low, inputType: type, givesTime: true)
        case .maxAt: return ExtremeStates(.high, inputType: type, givesTime: true)
        case .first: return FirstLastStates(.first, inputType: type, texts: texts)
        case .last: return FirstLastStates(.last, inputType: type, texts: texts)
        case .spread: return SpreadStates(inputType: type)
        case .stddev: return MomentStates(.deviation, inputType: type)
        case .variance: return MomentStates(.variance, inputType: type)
        case .median, .p50, .p90, .p95, .p99, .quantile:
            switch modifier {
            case "exact": return ExactQuantileStates(share: share, method: .interpolated, inputType: type)
            case "disc": return ExactQuantileStates(share: share, method: .discrete, inputType: type)
            default: return SketchStates(share: share, inputType: type)
            }
        case .distinct:
            return modifier == nil
                ? DistinctStates(inputType: type, texts: texts) : ExactDistinctStates(inputType: type, texts: texts)
        case .mode: return ModeStates(inputType: type, texts: texts)
        // `histogram` is a grouping and has no states of its own; `seriesStates` has made the others.
        case .list, .histogram, .increase, .rate, .resets, .twa, .integral, .duration, .uptime, .expected, .missing,
            .gaps, .freshness, .age:
            throw .wrongCall(usage: usage)
        }
    }

    /// States of the functions that look at the times of rows; nil for the others.
    private func seriesStates(
        _ inputType: ColumnType?, _ parameters: [AggregateParameter], _ clock: QueryClock
    ) throws(AggregateMistake) -> (any AggregateStates)? {
        func duration(default standard: Int64?) throws(AggregateMistake) -> Int64 {
            if parameters.isEmpty, let standard { return standard }
            guard parameters.count == 1, case .duration(let nanoseconds)? = parameters.first, nanoseconds > 0 else {
                throw .wrongCall(usage: usage)
            }
            return nanoseconds
        }
        func checked(_ kind: StepStates.Kind) throws(AggregateMistake) -> StepStates {
            guard let inputType else { throw .wrongCall(usage: usage) }
            guard inputTypes.contains(inputType) else { throw .unfitType(inputType, accepted: inputTypes) }
            return StepStates(kind, inputType: inputType, clock: clock)
        }
        func none() throws(AggregateMistake) {
            if !parameters.isEmpty { throw .unexpectedParameter(0, allowed: []) }
        }
        let second: Int64 = 1_000_000_000
        switch self {
        case .increase, .resets, .twa, .duration, .uptime:
            try none()
            let kind: StepStates.Kind =
                switch self {
                case .increase: .increase
                case .resets: .resets
                case .twa: .weightedMean
                case .duration: .trueTime
                default: .trueShare
                }
            return try checked(kind)
        case .rate: return try checked(.rate(per: try duration(default: second)))
        case .integral: return try checked(.integral(unit: try duration(default: second)))
        case .gaps, .expected, .missing, .freshness, .age:
            guard inputType == nil else { throw .wrongCall(usage: usage) }
            if self == .freshness || self == .age {
                try none()
                return FreshnessStates(clock: clock)
            }
            let period = try duration(default: nil)
            if self == .gaps { return StepStates(.pauses(period: period), inputType: nil, clock: clock) }
            return CompletenessStates(period: period, subtractsRows: self == .missing, clock: clock)
        default: return nil
        }
    }

    private func read(_ parameters: [AggregateParameter]) throws(AggregateMistake) -> (share: Double, modifier: String?)
    {
        var rest = parameters[...]
        var share = fixedShare ?? 0
        if needsShare {
            guard let first = rest.popFirst() else { throw .missingShare }
            guard case .number(let number) = first else { throw .missingShare }
            guard number >= 0, number <= 1 else { throw .badShare(number) }
            share = number
        }
        guard let last = rest.popFirst() else { return (share, nil) }
        guard case .word(let word) = last, modifiers.contains(word) else {
            throw .unexpectedParameter(rest.startIndex - 1, allowed: modifiers)
        }
        guard rest.isEmpty else { throw .unexpectedParameter(rest.startIndex, allowed: []) }
        return (share, word)
    }
}

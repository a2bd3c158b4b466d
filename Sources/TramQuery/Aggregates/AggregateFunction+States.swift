import TramColumnar

extension AggregateFunction {
    /// States for a call by name. See `makeStates`.
    package static func make(
        name: String, inputType: ColumnType?, parameters: [AggregateParameter] = [],
        texts: StateTexts = StateTexts()
    ) throws(AggregateMistake) -> any AggregateStates {
        guard let function = AggregateFunction(rawValue: name) else { throw .unknownFunction(name) }
        return try function.makeStates(inputType: inputType, parameters: parameters, texts: texts)
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
    package func makeStates(
        inputType: ColumnType?, parameters: [AggregateParameter] = [],
        texts: StateTexts = StateTexts()
    ) throws(AggregateMistake) -> any AggregateStates {
        guard let type = inputType else {
            if needsArgument { throw .missingArgument }
            if !parameters.isEmpty { throw .unexpectedParameter(0, allowed: modifiers) }
            return CountStates()
        }
        guard inputTypes.contains(type) else { throw .unfitType(type, accepted: inputTypes) }
        let (share, modifier) = try read(parameters)
        switch self {
        case .count: return CountStates()
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

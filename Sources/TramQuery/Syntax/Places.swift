// The same tree with every place set to zero, so that two texts that mean the same compare equal: the printer's
// property test needs it, and so does whoever looks for the same aggregate written twice.

extension SourceRange {
    fileprivate static let nowhere = SourceRange(0, 0)
}

extension Name {
    package var withoutPlaces: Name { Name(text, at: .nowhere) }
}

extension Expression {
    package var withoutPlaces: Expression {
        switch self {
        case .literal(let literal, _): .literal(literal, .nowhere)
        case .name(let qualifier, let name): .name(qualifier: qualifier?.withoutPlaces, name.withoutPlaces)
        case .call(let call):
            .call(
                Call(
                    function: call.function.withoutPlaces, arguments: call.arguments.map(\.withoutPlaces),
                    filter: call.filter?.withoutPlaces, at: .nowhere))
        case .star: .star(.nowhere)
        case .unary(let operation, let operand, _): .unary(operation, operand.withoutPlaces, .nowhere)
        case .binary(let operation, let left, let right, _):
            .binary(operation, left.withoutPlaces, right.withoutPlaces, .nowhere)
        case .isIn(let value, let list, _): .isIn(value.withoutPlaces, list.map(\.withoutPlaces), .nowhere)
        case .isBetween(let value, let low, let high, _):
            .isBetween(value.withoutPlaces, low.withoutPlaces, high.withoutPlaces, .nowhere)
        case .isNull(let value, let negated, _): .isNull(value.withoutPlaces, negated: negated, .nowhere)
        }
    }
}

extension Statement {
    package var withoutPlaces: Statement {
        Statement(
            bindings: bindings.map { Binding(name: $0.name.withoutPlaces, pipe: $0.pipe.withoutPlaces) },
            isExplain: isExplain, pipe: pipe.withoutPlaces)
    }
}

extension Pipe {
    package var withoutPlaces: Pipe {
        Pipe(source: source.withoutPlaces, stages: stages.map(\.withoutPlaces))
    }
}

extension Source {
    fileprivate var withoutPlaces: Source {
        let kind: Kind =
            switch kind {
            case .names(let names): .names(names.map(\.withoutPlaces))
            case .pipe(let pipe): .pipe(pipe.withoutPlaces)
            case .show(let show):
                .show(Show(subject: show.subject, measurement: show.measurement?.withoutPlaces))
            }
        return Source(
            kind: kind, range: range.map { RangeExpression(kind: $0.kind, at: .nowhere) }, warm: warm,
            filter: filter?.withoutPlaces)
    }
}

extension Stage {
    package var withoutPlaces: Stage {
        let kind: Kind =
            switch kind {
            case .aggregate(let stage): .aggregate(stage.withoutPlaces)
            case .filter(let condition): .filter(condition.withoutPlaces)
            case .set(let assignments):
                .set(assignments.map { Assignment(name: $0.name.withoutPlaces, value: $0.value.withoutPlaces) })
            case .select(let names): .select(names.map(\.withoutPlaces))
            case .drop(let names): .drop(names.map(\.withoutPlaces))
            case .sort(let keys):
                .sort(keys.map { SortKey(name: $0.name.withoutPlaces, descending: $0.descending) })
            case .top(let count, let largest, let column, let by):
                .top(count: count, largest: largest, column: column?.withoutPlaces, by: by.map(\.withoutPlaces))
            case .join(let pipe, let keepsUnmatched, let on, let within):
                .join(
                    pipe.withoutPlaces, keepsUnmatched: keepsUnmatched, on: on.map(\.withoutPlaces), within: within)
            case .stale(let silence, let by): .stale(silence, by: by.map(\.withoutPlaces))
            case .unpivot(let names): .unpivot(names.map(\.withoutPlaces))
            case .alert(let alert): .alert(alert.withoutPlaces)
            case .limit, .fill, .zone, .tree, .emit: kind
            }
        return Stage(kind: kind, at: .nowhere)
    }
}

extension AggregateStage {
    fileprivate var withoutPlaces: AggregateStage {
        var copy = self
        copy.items = items.map { Item(name: $0.name?.withoutPlaces, value: $0.value.withoutPlaces) }
        copy.by = by.map(\.withoutPlaces)
        copy.window = window.map { window in
            let kind: WindowExpression.Kind =
                if case .runs(let value) = window.kind { .runs(value.withoutPlaces) } else { window.kind }
            return WindowExpression(kind: kind, at: .nowhere)
        }
        return copy
    }
}

extension AlertStage {
    fileprivate var withoutPlaces: AlertStage {
        var copy = self
        copy.when = when.withoutPlaces
        copy.clear = clear?.withoutPlaces
        return copy
    }
}

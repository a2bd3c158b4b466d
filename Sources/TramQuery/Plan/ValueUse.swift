import TramColumnar

/// Looks ahead in a pipe: is a column used as a number?
///
/// `unpivot` without names takes every field that the later stages can use: all of them for `count(value)`, the numeric
/// ones as soon as `value` is averaged, added or compared with a number.
enum ValueUse {
    static func isNumber(_ name: String, in stages: ArraySlice<Stage>) -> Bool {
        for stage in stages {
            switch stage.kind {
            case .filter(let expression):
                if needsNumber(name, expression) { return true }
            case .set(let assignments):
                if assignments.contains(where: { needsNumber(name, $0.value) }) { return true }
            case .aggregate(let aggregate):
                return aggregate.items.contains { needsNumber(name, $0.value) }
            default: break
            }
        }
        return false
    }

    private static func isName(_ name: String, _ expression: Expression) -> Bool {
        if case .name(nil, let found) = expression { found.text == name } else { false }
    }

    private static func needsNumber(_ name: String, _ expression: Expression) -> Bool {
        switch expression {
        case .literal, .name, .star: return false
        case .unary(.minus, let operand, _): return isName(name, operand) || needsNumber(name, operand)
        case .unary(.not, let operand, _), .isNull(let operand, _, _): return needsNumber(name, operand)
        case .binary(let operation, let left, let right, _):
            let isBare = isName(name, left) || isName(name, right)
            switch operation {
            case .add, .subtract, .multiply, .divide, .remainder:
                if isBare { return true }
            case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
                if isBare && (isNumberLiteral(left) || isNumberLiteral(right)) { return true }
            default: break
            }
            return needsNumber(name, left) || needsNumber(name, right)
        case .isIn(let operand, let choices, _):
            return (isName(name, operand) && choices.contains(where: isNumberLiteral)) || needsNumber(name, operand)
        case .isBetween(let operand, let low, let high, _):
            return (isName(name, operand) && (isNumberLiteral(low) || isNumberLiteral(high)))
                || needsNumber(name, operand)
        case .call(let call):
            if call.arguments.contains(where: { isName(name, $0) }) {
                if let function = AggregateFunction(rawValue: call.function.text),
                    !function.inputTypes.contains(.string)
                {
                    return true
                }
                if let running = RunningFunction(rawValue: call.function.text), running != .lag, running != .changed {
                    return true
                }
                if let scalar = ScalarFunction(rawValue: call.function.text) {
                    switch scalar {
                    case .abs, .round, .floor, .ceil, .sqrt, .log, .log10, .log2, .exp, .pow, .clamp: return true
                    default: break
                    }
                }
            }
            return call.arguments.contains { needsNumber(name, $0) }
                || call.filter.map { needsNumber(name, $0) } ?? false
        }
    }

    private static func isNumberLiteral(_ expression: Expression) -> Bool {
        switch expression {
        case .literal(.int, _), .literal(.float, _): true
        case .unary(.minus, let operand, _): isNumberLiteral(operand)
        default: false
        }
    }
}

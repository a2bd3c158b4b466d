import Testing
import TramColumnar
import TramQuery

@Suite struct AggregateFunctionTests {
    @Test func `the names are those of the manual`() {
        #expect(
            AggregateFunction.names == [
                "count", "sum", "mean", "min", "max", "first", "last", "spread", "stddev", "var", "median", "p50",
                "p90", "p95", "p99", "quantile", "distinct", "mode", "min_at", "max_at", "corr", "covar", "list",
                "histogram", "increase", "rate", "resets", "twa", "integral", "duration", "uptime", "expected",
                "missing", "gaps", "freshness", "age",
            ])
        #expect(AggregateFunction(rawValue: "avg") == nil)
    }

    @Test(arguments: [
        ("count", ColumnType.string, ColumnType.int), ("sum", .float, .float), ("sum", .int, .int),
        ("sum", .uint, .uint), ("sum", .duration, .duration), ("mean", .int, .float), ("mean", .duration, .duration),
        ("min", .string, .string), ("max", .time, .time), ("first", .bool, .bool), ("last", .tag, .tag),
        ("spread", .uint, .uint), ("spread", .time, .duration), ("stddev", .int, .float), ("var", .float, .float),
        ("median", .duration, .duration), ("p95", .uint, .float), ("distinct", .string, .int), ("mode", .bool, .bool),
        ("min_at", .float, .time), ("max_at", .int, .time), ("stddev", .duration, .duration),
    ])
    func `the result's type follows from the column's`(name: String, input: ColumnType, result: ColumnType) throws {
        #expect(try AggregateFunction(rawValue: name)?.resultType(of: input) == result)
    }

    static let wrongCalls: [(Call, ColumnType?, AggregateMistake)] = [
        (Call("avg"), ColumnType.float, AggregateMistake.unknownFunction("avg")),
        (Call("sum"), nil, .missingArgument),
        (Call("sum"), .string, .unfitType(.string, accepted: [.float, .int, .uint, .duration])),
        (Call("var"), .duration, .unfitType(.duration, accepted: [.float, .int, .uint])),
        (Call("quantile"), .float, .missingShare), (Call("quantile", .exact), .float, .missingShare),
        (Call("quantile", .number(1.5)), .float, .badShare(1.5)),
        (Call("quantile", .number(0.5), .number(1)), .float, .unexpectedParameter(1, allowed: ["exact", "disc"])),
        (Call("p95", .word("fast")), .float, .unexpectedParameter(0, allowed: ["exact", "disc"])),
        (Call("p95", .exact, .disc), .float, .unexpectedParameter(1, allowed: [])),
        (Call("distinct", .disc), .float, .unexpectedParameter(0, allowed: ["exact"])),
        (Call("mean", .exact), .float, .unexpectedParameter(0, allowed: [])),
        (Call("count", .exact), nil, .unexpectedParameter(0, allowed: [])),
    ]

    @Test(arguments: wrongCalls)
    func `a wrong call says what is wrong`(call: Call, type: ColumnType?, mistake: AggregateMistake) {
        #expect(throws: mistake) { try call.states(type) }
    }

    @Test func `a share that is no number is refused`() {
        #expect(throws: AggregateMistake.self) { try Call("quantile", .number(.nan)).states(.float) }
    }

    @Test(arguments: AggregateFunction.allCases)
    func `each function is explained in both languages`(function: AggregateFunction) {
        #expect(!function.help.vi.isEmpty && !function.help.en.isEmpty && function.help.vi != function.help.en)
    }
}

import TramColumnar

/// `within(lat, lon, "area")`. Null where a coordinate is null or no place on earth.
struct AreaTest: RowFunction {
    let area: Area
    let operands: [BoundExpression]
    var type: ColumnType { .bool }
    var readsTime: Bool { false }

    func evaluate(_ operands: [BlockColumn], _ block: RowBlock, _ context: EvaluationContext) -> BlockColumn {
        Lanes.zipPartial(operands[0], operands[1], to: .bool, count: block.count) {
            Area.Point(latitudeBits: $0, longitudeBits: $1).map { area.contains($0) ? 1 : 0 }
        }
    }
}

/// `distance(lat, lon, lat2, lon2)`: metres. Null where a coordinate is null or no place on earth.
struct Distance: RowFunction {
    let operands: [BoundExpression]
    var type: ColumnType { .float }
    var readsTime: Bool { false }

    func evaluate(_ operands: [BlockColumn], _ block: RowBlock, _ context: EvaluationContext) -> BlockColumn {
        if operands.allSatisfy(\.isConstant) { return .constant(.float, bits(operands, 0)) }
        var result = Column(type: .float)
        for row in 0..<block.count { result.append(bits(operands, row)) }
        return BlockColumn(result)
    }

    private func bits(_ operands: [BlockColumn], _ row: Int) -> UInt64? {
        let values = operands.compactMap { $0.value(row) }
        guard values.count == 4, let first = Area.Point(latitudeBits: values[0], longitudeBits: values[1]),
            let second = Area.Point(latitudeBits: values[2], longitudeBits: values[3])
        else { return nil }
        return ExpressionEvaluator.finite(Area.distance(first, second))
    }
}

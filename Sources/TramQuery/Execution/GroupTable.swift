import TramColumnar

/// Groups of rows, numbered in order of first appearance.
final class GroupTable {
    /// Values of each group's columns, in the order of `by`; nil is null.
    private(set) var keys: [[UInt64?]] = []
    private var numbers: [[UInt64?]: Int] = [:]
    /// With a single column the number is found without hashing an array.
    private var singleNumbers: [UInt64: Int] = [:]
    private var singleNull: Int?

    func number(of key: [UInt64?]) -> Int {
        if key.count == 1 { return number(ofSingle: key[0]) }
        if let known = numbers[key] { return known }
        numbers[key] = keys.count
        keys.append(key)
        return keys.count - 1
    }

    private func number(ofSingle value: UInt64?) -> Int {
        if let value {
            if let known = singleNumbers[value] { return known }
            singleNumbers[value] = keys.count
        } else {
            if let known = singleNull { return known }
            singleNull = keys.count
        }
        keys.append([value])
        return keys.count - 1
    }

    /// For each group its place when groups are sorted by their columns.
    func ranks(types: [ColumnType], pool: TextPool) -> [Int] {
        var table = Table(infos: types.map { TableColumn(name: "", type: $0) })
        for key in keys { table.append(key) }
        let order = table.order(by: types.indices.map { (column: $0, descending: false) }, pool: pool)
        var ranks = [Int](repeating: 0, count: keys.count)
        for (rank, group) in order.enumerated() { ranks[group] = rank }
        return ranks
    }
}

import Testing
import TramColumnar

@Suite struct BatchTests {
    private func batch(_ columns: [Batch.Column], text: String = "") -> Batch {
        var batch = Batch(measurement: "air")
        let count = columns.first?.values.count ?? 0
        batch.series = (0..<count).map { UInt32($0) }
        batch.timestamps = (0..<count).map { Int64($0) * 10 }
        batch.lines = (0..<count).map { UInt32($0) + 1 }
        batch.columns = columns
        batch.text = Array(text.utf8)
        return batch
    }

    private func column(_ name: String, _ type: FieldType, _ values: [UInt64?]) -> Batch.Column {
        var vector = Vector(type: type)
        for value in values {
            if let value { vector.append(value) } else { vector.appendAbsent() }
        }
        return Batch.Column(name: name, values: vector)
    }

    private func text(_ batch: Batch, _ column: Int, _ row: Int) -> String {
        String(decoding: batch.text[batch.textRange(batch.columns[column].values.bits[row])], as: UTF8.self)
    }

    @Test func `rows of a batch with the same columns are added, whatever the order of its columns`() {
        var first = batch([column("v", .int, [1, 2]), column("n", .int, [3, nil])])
        let second = batch([column("n", .int, [nil, 7, 8]), column("v", .int, [4, 5, 6])])
        let isAdded = first.append(second)
        #expect(isAdded)
        #expect(first.timestamps == [0, 10, 0, 10, 20])
        #expect(first.series == [0, 1, 0, 1, 2])
        #expect(first.lines == [1, 2, 1, 2, 3])
        #expect(first.columns[0].values == column("v", .int, [1, 2, 4, 5, 6]).values)
        #expect(first.columns[1].values == column("n", .int, [3, nil, nil, 7, 8]).values)
    }

    @Test func `a column that lacks values only from the second batch on says so`() {
        var first = batch([column("v", .int, [1, 2])])
        let isAdded = first.append(batch([column("v", .int, [nil, 4])]))
        #expect(isAdded)
        #expect(first.columns[0].values == column("v", .int, [1, 2, nil, 4]).values)
        let isAddedToo = first.append(batch([column("v", .int, [5])]))
        #expect(isAddedToo)
        #expect(first.columns[0].values == column("v", .int, [1, 2, nil, 4, 5]).values)
    }

    @Test func `texts are found again behind those of the first batch`() {
        let place = Batch.textReference
        var first = batch([column("s", .string, [place(0, 2), place(2, 1)])], text: "abc")
        let second = batch([column("s", .string, [nil, place(0, 3), place(3, 0)])], text: "xyz")
        let isAdded = first.append(second)
        #expect(isAdded)
        #expect((0..<5).map { text(first, 0, $0) } == ["ab", "c", "", "xyz", ""])
        #expect(first.columns[0].values.bits[2] == 0)
        #expect(!first.columns[0].values.isPresent(2))
    }

    @Test func `a batch with other columns is not added, and nothing is changed`() {
        let before = batch([column("v", .int, [1])])
        for other in [
            [column("v", .float, [1])], [column("w", .int, [1])], [column("v", .int, [1]), column("w", .int, [1])],
        ] {
            var first = before
            let isAdded = first.append(batch(other))
            #expect(!isAdded)
            #expect(first.timestamps == before.timestamps)
            #expect(first.columns.map(\.values) == before.columns.map(\.values))
        }
        var twice = batch([column("v", .int, [1]), column("v", .int, [nil]), column("w", .int, [2])])
        let isAdded = twice.append(batch([column("w", .int, [2]), column("v", .int, [1]), column("w", .int, [nil])]))
        #expect(!isAdded)
        #expect(twice.count == 1)
    }
}

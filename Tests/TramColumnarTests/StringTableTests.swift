import Synchronization
import Testing
import TramColumnar
import TramTesting

@Suite struct StringTableTests {
    @Test(arguments: [UInt64(1), 2, 3])
    func `random texts keep the numbers that a dictionary gives them`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let table = StringTable()
        var model: [[UInt8]: UInt32] = [:]
        var texts: [String] = []
        for _ in 0..<30_000 {
            let text = StringTableTests.text(&generator)
            #expect(table.existingCode(text) == model[Array(text.utf8)])
            let code = table.code(text)
            if let known = model[Array(text.utf8)] {
                #expect(code == known)
            } else {
                #expect(Int(code) == texts.count)
                model[Array(text.utf8)] = code
                texts.append(text)
            }
        }
        #expect(table.count == texts.count)
        #expect(Array(table.snapshot()) == texts)
    }

    /// Texts that repeat, share beginnings and ends, and are now and then long.
    private static func text(_ generator: inout SeededGenerator) -> String {
        switch Int.random(in: 0..<100, using: &generator) {
        case 0: return ""
        case 1: return String(repeating: "đ", count: Int.random(in: 0..<40_000, using: &generator))
        case 2..<30: return "sensor-\(Int.random(in: 0..<20_000, using: &generator))-of-the-same-district"
        default: return String(Int.random(in: 0..<10_000, using: &generator), radix: 36)
        }
    }

    @Test func `texts are equal when their bytes are`() {
        let table = StringTable()
        #expect(table.code("\u{e9}") == 0)
        #expect(table.code("e\u{301}") == 1)
        #expect(table.snapshot()[1].unicodeScalars.count == 2)
    }

    @Test func `a view stays while the table grows, also from another thread`() async {
        let table = StringTable()
        for number in 0..<1000 { _ = table.code("text \(number)") }
        let view = table.snapshot()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for number in 1000..<60_000 { _ = table.code("text \(number)") } }
            group.addTask {
                for _ in 0..<50 { #expect(view.enumerated().allSatisfy { $0.element == "text \($0.offset)" }) }
            }
            group.addTask {
                for _ in 0..<200 {
                    let view = table.snapshot()
                    if let last = view.last { #expect(last == "text \(view.count - 1)") }
                }
            }
        }
        #expect(view.count == 1000)
        #expect(table.snapshot().count == 60_000)
    }
}

import Testing
import TramColumnar
import TramQuery
import TramTesting

@Suite struct PrinterTests {
    @Test(arguments: 0..<8 as Range<UInt64>)
    func `what is printed reads back as the same statement`(seed: UInt64) throws {
        var random = RandomStatement(seed: seed)
        for round in 0..<250 {
            let statement = random.statement()
            let text = QueryPrinter.print(statement)
            guard text.utf8.count <= QueryParser.longestText else { continue }
            do {
                let read = try QueryParser.parse(text)
                try #require(read.withoutPlaces == statement.withoutPlaces, "seed \(seed), round \(round): \(text)")
                try #require(QueryPrinter.print(read) == text, "seed \(seed), round \(round)")
            } catch let error as QueryError {
                Issue.record("seed \(seed), round \(round)\n\(error.rendered(in: text, language: .en))")
                return
            }
        }
    }

    @Test(arguments: ExampleQueries.all)
    func `an example keeps its meaning when printed`(text: String) throws {
        let statement = try QueryParser.parse(text)
        let printed = QueryPrinter.print(statement)
        #expect(try QueryParser.parse(printed).withoutPlaces == statement.withoutPlaces)
    }

    @Test(arguments: [
        ("traffic [ 60m ]|mean( speed )by way", "traffic[1h] | mean(speed) by way"),
        ("a|where ((x)+1)*2>3 and(not(y=1)or z)", "a | where (x + 1) * 2 > 3 and (not y = 1 or z)"),
        ("a | where x - (y - z) - 1 = 2", "a | where x - (y - z) - 1 = 2"),
        ("a | where -(-x) = -(5)", "a | where --x = -(5)"),
        ("a[2026-11-19T06:00:00.500+00:00..]", "a[2026-11-19T06:00:00.5Z..]"),
        ("a | mean(x) every 1q", "a | mean(x) every 3mo"),
        ("a | mean(x) fill prev every 90m by b", "a | mean(x) by b every 1h30m fill prev"),
        ("`top` | `top` = sum(x) | top 3 `top`", "`top` | `top` = sum(x) | top 3 `top`"),
        ("a where b = 'it''s' or c = 'say \"x\"'", "a where b = \"it's\" or c = 'say \"x\"'"),
        ("let x = a[1h] ; explain x # nothing", "let x = a[1h]; explain x"),
    ])
    func `there is one spelling`(written: String, canonical: String) throws {
        #expect(QueryPrinter.print(try QueryParser.parse(written)) == canonical)
    }
}

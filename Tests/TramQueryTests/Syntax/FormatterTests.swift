import TramColumnar
import TramQuery
import TramTesting
import Testing
import TramColumnar

@Suite struct FormatterTests {
    @Test(arguments: 0..<8 as Range<UInt64>)
    func `formatting twice gives what formatting once gives, and the same statement`(seed: UInt64) throws {
        var random = RandomStatement(seed: seed &+ 100)
        for round in 0..<200 {
            let statement = random.statement()
            let text = FormatterTests.commented(QueryPrinter.print(statement), &random.generator)
            guard text.utf8.count <= QueryParser.longestText else { continue }
            let formatted = try QueryFormatter.format(text)
            guard formatted.utf8.count <= QueryParser.longestText else { continue }
            do {
                let read = try QueryParser.parse(formatted)
                try #require(read.withoutPlaces == statement.withoutPlaces, "seed \(seed), round \(round): \(text)")
                let again = try QueryFormatter.format(formatted)
                try #require(
                    again == formatted, "seed \(seed), round \(round): \(text)\n--\n\(formatted)\n--\n\(again)")
            } catch let error as QueryError {
                Issue.record("seed \(seed), round \(round)\n\(error.rendered(in: formatted, language: .en))")
                return
            }
            for number in 0..<9 where text.contains("# note \(number)\n") {
                #expect(formatted.contains("# note \(number)"), "seed \(seed), round \(round): a comment is lost")
            }
        }
    }

    /// Comments and ends of lines where `|` and `;` stand outside quotes, and around the text.
    private static func commented(_ text: String, _ generator: inout SeededGenerator) -> String {
        var result = ""
        var quote: Character?
        var number = 0
        func note() -> String {
            number += 1
            return "# note \(number - 1)\n"
        }
        if Int.random(in: 0..<3, using: &generator) == 0 { result += note() }
        for character in text {
            if let open = quote {
                if character == open { quote = nil }
            } else if "\"'`".contains(character) {
                quote = character
            } else if character == "|" || character == ";", number < 8 {
                switch Int.random(in: 0..<6, using: &generator) {
                case 0: result += " " + note()
                case 1: result += "\n" + note()
                case 2:
                    result.append(character)
                    result += " " + note()
                    continue
                default: break
                }
            }
            result.append(character)
        }
        return Int.random(in: 0..<3, using: &generator) == 0 ? result + "\n" + note() : result
    }

    @Test(arguments: ExampleQueries.all)
    func `an example keeps its meaning`(text: String) throws {
        let formatted = try QueryFormatter.format(text)
        #expect(try QueryParser.parse(formatted).withoutPlaces == QueryParser.parse(text).withoutPlaces)
        #expect(try QueryFormatter.format(formatted) == formatted)
    }

    @Test(arguments: [
        ("traffic [ 60m ]|mean( speed )by way", "traffic[1h] | mean(speed) by way"),
        ("# Tốc độ\ntraffic[1h]|mean(speed)", "# Tốc độ\ntraffic[1h] | mean(speed)"),
        ("traffic[1h] # a\n| mean(speed) # b\n# c", "traffic[1h]  # a\n| mean(speed)  # b\n# c"),
        ("traffic[1h] |\n# mean\nmean(speed)   # last  \n", "traffic[1h]\n# mean\n| mean(speed)  # last"),
        ("traffic[1h] | mean(speed) # last", "traffic[1h] | mean(speed)  # last"),
        ("traffic[1h] | mean( # inside\nspeed)", "traffic[1h]\n# inside\n| mean(speed)"),
        (
            "let a=traffic[1h]|mean(speed) by way;a|where mean>3",
            "let a = traffic[1h] | mean(speed) by way; a | where mean > 3"
        ),
        (
            "let a=traffic[1h]|mean(speed) by way; # first\n# second\na|where mean>3",
            "let a = traffic[1h] | mean(speed) by way;  # first\n# second\na | where mean > 3"
        ),
        (
            "traffic[lastmonth] where hour() in (7, 8) and weekday() <= 5 | mean(speed), p95(speed) by way every 15m | top 3 mean",
            """
            traffic[lastmonth] where hour() in (7, 8) and weekday() <= 5
            | mean(speed), p95(speed) by way every 15m
            | top 3 mean
            """
        ),
        (
            "let nhanh = traffic[lastmonth] where hour() in (7, 8) and weekday() <= 5 | mean(speed), p95(speed) by way every 15m; nhanh | top 3 mean",
            """
            let nhanh = traffic[lastmonth] where hour() in (7, 8) and weekday() <= 5
              | mean(speed), p95(speed) by way every 15m;
            nhanh | top 3 mean
            """
        ), ("a where b = \"# no comment | ;\"", "a where b = \"# no comment | ;\""),
        ("a | tree  today|count()", "a | tree today | count()"),
    ])
    func `there is one way to write a query`(written: String, formatted: String) throws {
        #expect(try QueryFormatter.format(written) == formatted)
        #expect(try QueryFormatter.format(formatted) == formatted)
    }

    @Test func `what is no query is told with its place`() {
        #expect(throws: QueryError.self) { try QueryFormatter.format("traffic[1h] | avg speed") }
        #expect(throws: QueryError.self) { try QueryFormatter.format("# only a comment") }
    }
}

import Testing
import TramAlerting
import TramQuery
import TramTesting

private let minute: Int64 = 60_000_000_000
private let step = 15 * minute

/// What each window of 15 minutes holds: `T` true, `F` false, `C` false and the clear expression true, `N` null, `-` no
/// row.
private func run(_ windows: String, under rule: Rule) -> [String] {
    var state = AlertState()
    var told: [String] = []
    for (number, window) in windows.enumerated() {
        let start = Int64(number) * step
        let input: AlertInput =
            switch window {
            case "T": .judged(start: start, end: start + step, when: true, clear: false)
            case "F": .judged(start: start, end: start + step, when: false, clear: false)
            case "C": .judged(start: start, end: start + step, when: false, clear: true)
            case "B": .judged(start: start, end: start + step, when: true, clear: true)
            case "U": .judged(start: start, end: start + step, when: false, clear: nil)
            case "N": .judged(start: start, end: start + step, when: nil, clear: nil)
            default: .missing(start: start, end: start + step)
            }
        let (next, change) = state.next(input, under: rule)
        state = next
        switch change {
        case .pending(let since): told.append("\(number) pending \(since / step)")
        case .firing(let incident): told.append("\(number) firing \(incident / step)")
        case .stale(let incident): told.append("\(number) stale \(incident.map { "\($0 / step)" } ?? "none")")
        case .resolved(let incident): told.append("\(number) resolved \(incident / step)")
        case nil: break
        }
    }
    return told
}

@Suite struct AlertStateTests {
    @Test func `without for the first true window fires`() {
        #expect(run("FTT", under: Rule(name: "r")) == ["1 firing 1"])
    }

    @Test func `for 30m over windows of 15m fires at the third window`() {
        let rule = Rule(name: "r", hold: 30 * minute)
        #expect(run("FTTTT", under: rule) == ["1 pending 1", "3 firing 1"])
    }

    @Test func `a for between two multiples of the window fires at the next window`() {
        #expect(run("TTTT", under: Rule(name: "r", hold: 20 * minute)) == ["0 pending 0", "2 firing 0"])
    }

    @Test func `false before for makes a pending instance ok and a later truth starts anew`() {
        let rule = Rule(name: "r", hold: 30 * minute)
        #expect(run("TTFTTT", under: rule) == ["0 pending 0", "3 pending 3", "5 firing 3"])
    }

    @Test func `without clear the first false window resolves`() {
        #expect(run("TTFF", under: Rule(name: "r")) == ["0 firing 0", "2 resolved 0"])
    }

    @Test func `with clear a firing instance stays until clear is true`() {
        let rule = Rule(name: "r", hasClear: true)
        #expect(run("TFUFC", under: rule) == ["0 firing 0", "4 resolved 0"])
    }

    @Test func `while the condition is true a clear expression that is true as well clears nothing`() {
        #expect(run("TBC", under: Rule(name: "r", hasClear: true)) == ["0 firing 0", "2 resolved 0"])
    }

    @Test func `keep delays the end and a truth during it goes on with the same incident`() {
        let rule = Rule(name: "r", keep: 30 * minute)
        #expect(run("TFFTFFFF", under: rule) == ["0 firing 0", "6 resolved 0"])
    }

    @Test func `clear has to hold all through keep`() {
        let rule = Rule(name: "r", keep: 15 * minute, hasClear: true)
        #expect(run("TCFCC", under: rule) == ["0 firing 0", "4 resolved 0"])
    }

    @Test func `a gap under nodata keep breaks neither state nor clock`() {
        let rule = Rule(name: "r", hold: 30 * minute)
        #expect(run("T-T", under: rule) == ["0 pending 0", "2 firing 0"])
        #expect(run("TTT--TF", under: rule) == ["0 pending 0", "2 firing 0", "6 resolved 0"])
    }

    @Test func `silence is never a recovery under nodata keep`() {
        let told = run("T" + String(repeating: "-", count: 100), under: Rule(name: "r"))
        #expect(told == ["0 firing 0", "3 stale 0"])
    }

    @Test func `a null condition is no data like a missing row`() {
        #expect(run("TN-N", under: Rule(name: "r")) == ["0 firing 0", "3 stale 0"])
        #expect(run("TN-T", under: Rule(name: "r")) == ["0 firing 0"])
    }

    @Test func `an open incident that was stale fires on under its id when the next value is true`() {
        #expect(run("T---TF", under: Rule(name: "r")) == ["0 firing 0", "3 stale 0", "4 firing 0", "5 resolved 0"])
    }

    @Test func `an open incident that was stale is resolved by the next value that clears`() {
        #expect(run("T---F", under: Rule(name: "r")) == ["0 firing 0", "3 stale 0", "4 resolved 0"])
    }

    @Test func `an open incident that was stale waits for keep like any other`() {
        let rule = Rule(name: "r", keep: 15 * minute)
        #expect(run("T---FF", under: rule) == ["0 firing 0", "3 stale 0", "4 firing 0", "5 resolved 0"])
    }

    @Test func `a pending instance that went stale begins anew`() {
        let rule = Rule(name: "r", hold: 30 * minute)
        #expect(run("T---TTT", under: rule) == ["0 pending 0", "3 stale none", "4 pending 4", "6 firing 4"])
    }

    @Test func `an instance with nothing open says once that it went stale`() {
        #expect(run("F-----F---", under: Rule(name: "r")) == ["3 stale none", "9 stale none"])
    }

    @Test func `rows that lack the field neither end nor silence a rule over rows`() {
        #expect(run("TNNNNNF", under: Rule(name: "r", kind: .rows)) == ["0 firing 0", "6 resolved 0"])
        #expect(
            run("TNT", under: Rule(name: "r", kind: .rows, noData: .ok)) == [
                "0 firing 0", "1 resolved 0", "2 firing 2",
            ])
    }

    @Test func `nodata ok resolves with the first missing window whatever clear says`() {
        #expect(run("T-", under: Rule(name: "r", noData: .ok)) == ["0 firing 0", "1 resolved 0"])
        #expect(run("TN", under: Rule(name: "r", hasClear: true, noData: .ok)) == ["0 firing 0", "1 resolved 0"])
    }

    @Test func `nodata ok breaks for and waits for keep`() {
        #expect(run("T-T", under: Rule(name: "r", hold: 30 * minute, noData: .ok)) == ["0 pending 0", "2 pending 2"])
        #expect(run("T--", under: Rule(name: "r", keep: 15 * minute, noData: .ok)) == ["0 firing 0", "2 resolved 0"])
    }

    @Test func `nodata alert takes a missing window as a true one`() {
        let rule = Rule(name: "r", hold: 30 * minute, noData: .alert)
        #expect(run("F----F", under: rule) == ["1 pending 1", "3 firing 1", "5 resolved 1"])
        #expect(run("T-T", under: rule) == ["0 pending 0", "2 firing 0"])
    }

    @Test func `windows at the two ends of time do not overflow`() {
        let rule = Rule(name: "r", hold: 1)
        let (first, _) = AlertState().next(.judged(start: .min, end: .min, when: true, clear: nil), under: rule)
        let (_, change) = first.next(.judged(start: .max, end: .max, when: true, clear: nil), under: rule)
        #expect(change == .firing(incident: .min))
    }
}

// MARK: - Random histories against a model that looks at all of them

/// A window of a random history: nil has no data.
private struct Judgement {
    var when: Bool
    var clear: Bool?
}

/// Firing and resolved windows found by quantifiers over the whole history, for `nodata: ok`.
private func episodes(_ history: [Judgement?], under rule: Rule) -> [(fired: Int, since: Int, resolved: Int?)] {
    func isTrue(_ number: Int) -> Bool { history[number]?.when == true }
    func isCleared(_ number: Int) -> Bool {
        guard let judgement = history[number] else { return true }
        return !judgement.when && (!rule.hasClear || judgement.clear == true)
    }
    /// The first window from `from` on up to which `holds` was true for `duration`, and where that stretch began.
    func first(from: Int, for duration: Int64, _ holds: (Int) -> Bool) -> (at: Int, since: Int)? {
        for at in history.indices where at >= from {
            for since in from..<(at + 1)
            where (since...at).allSatisfy(holds) && Int64(at - since) * step >= duration
                && (since == from || !holds(since - 1))
            {
                return (at, since)
            }
        }
        return nil
    }
    var found: [(fired: Int, since: Int, resolved: Int?)] = []
    var from = 0
    while let (fired, since) = first(from: from, for: rule.hold, isTrue) {
        let end = first(from: fired + 1, for: rule.keep, isCleared)?.at
        found.append((fired, since, end))
        guard let end else { break }
        from = end + 1
    }
    return found
}

@Suite struct AlertStateModelTests {
    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func `random histories fire and resolve where the whole history says`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let rule = Rule(
                name: "r", hold: Int64.random(in: 0...4, using: &generator) * 10 * minute,
                keep: Int64.random(in: 0...4, using: &generator) * 10 * minute,
                hasClear: Bool.random(using: &generator), noData: .ok)
            let history: [Judgement?] = (0..<40).map { _ in
                if Int.random(in: 0..<10, using: &generator) == 0 { return nil }
                return Judgement(
                    when: Int.random(in: 0..<5, using: &generator) < 3,
                    clear: [true, true, false, nil].randomElement(using: &generator) ?? nil)
            }
            var state = AlertState()
            var fired: [Int: Int] = [:]
            var resolved: [Int: Int] = [:]
            for (number, judgement) in history.enumerated() {
                let start = Int64(number) * step
                let input: AlertInput =
                    judgement.map { .judged(start: start, end: start + step, when: $0.when, clear: $0.clear) }
                    ?? .missing(start: start, end: start + step)
                let (next, change) = state.next(input, under: rule)
                state = next
                if case .firing(let incident) = change { fired[number] = Int(incident / step) }
                if case .resolved(let incident) = change { resolved[number] = Int(incident / step) }
            }
            let expected = episodes(history, under: rule)
            #expect(fired == Dictionary(uniqueKeysWithValues: expected.map { ($0.fired, $0.since) }))
            let ended = expected.compactMap { episode in episode.resolved.map { ($0, episode.since) } }
            #expect(resolved == Dictionary(uniqueKeysWithValues: ended))
        }
    }
}

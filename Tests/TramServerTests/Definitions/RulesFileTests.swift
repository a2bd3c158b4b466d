import Testing
import TramAlerting
import TramColumnar
import TramQuery
import TramServer

private func read(_ text: String) throws -> RulesFile { try RulesFile.parse(Array(text.utf8), file: "rules/road.yaml") }

/// A file with one rule whose further keys are `keys`, each on a line of its own from line 6 on.
private func rule(_ keys: String...) -> String {
    "groups:\n- name: g\n  rules:\n  - alert: a\n    query: q\n" + keys.map { "    \($0)\n" }.joined()
}

private let minute: Int64 = 60_000_000_000

@Suite struct RulesFileTests {
    @Test func `the contract's file is read`() throws {
        let file = try read(
            """
            groups:
            - name: giao-thong
              rules:
              - alert: congestion
                query: traffic | mean(speed) by sensor every 15m
                when: mean < 20
                for: 30m                 # event time
                clear: mean >= 20
                severity: critical
                nodata: ok
                summary: { vi: "Ùn tắc tại {sensor}: {mean:.0f} km/h", en: "Congestion at {sensor}: {mean:.0f} km/h" }
                escalate: "commune > province 15m > central 2h"
                keep: 5m
                limit: 50
                labels: { team: roads }
              - alert: station_silent
                query: water | stale 30m by station
            """)
        let rules = try #require(file.groups.first).rules
        #expect(file.groups.map(\.name) == ["giao-thong"])
        let congestion = try #require(rules.first)
        #expect(congestion.query.text == "traffic | mean(speed) by sensor every 15m")
        #expect((congestion.query.line, congestion.query.column) == (5, 12))
        #expect(congestion.when?.text == "mean < 20")
        let rule = congestion.rule(.windows)
        #expect(rule.name == "congestion")
        #expect(rule.group == "giao-thong")
        #expect(rule.hold == 30 * minute)
        #expect(rule.keep == 5 * minute)
        #expect(rule.hasClear)
        #expect(rule.severity == .critical)
        #expect(rule.noData == .ok)
        #expect(rule.escalation.map(\.level) == ["commune", "province", "central"])
        #expect(rule.limit == 50)
        #expect(rule.labels == [.init(name: "team", value: "roads")])
        #expect(rule.summary?.vi.source == "Ùn tắc tại {sensor}: {mean:.0f} km/h")
        let silent = try #require(rules.last)
        #expect(silent.when == nil)
        let stale = silent.rule(.stale(after: 30 * minute))
        #expect(stale.severity == .warning)
        #expect(stale.noData == .keep)
        #expect(stale.limit == 1000)
        #expect(stale.hold == 0)
        #expect(!stale.hasClear)
        #expect(stale.summary == nil)
    }

    @Test func `a group's limit and lateness hold for its rules`() throws {
        let file = try read(
            "groups:\n- name: g\n  interval: 30s\n  limit: 5\n  allowed_lateness: 2h\n  rules:\n  - { alert: a, query: q }\n"
        )
        #expect(file.groups.first?.rules.first?.limit == 5)
        #expect(file.groups.first?.allowedLateness == 120 * minute)
    }

    @Test func `one summary alone speaks both languages`() throws {
        for text in ["summary: \"only {x}\"", "summary: { vi: \"only {x}\" }"] {
            let summary = try read(rule(text)).groups[0].rules[0].rule(.windows).summary
            #expect(summary?.vi.source == "only {x}")
            #expect(summary?.en.source == "only {x}")
        }
    }

    @Test(arguments: [
        (rule("querry: x"), "6:5 unknown key \"querry\" (did you mean \"query\"?)"),
        (rule("wehn: x"), "6:5 unknown key \"wehn\" (did you mean \"when\"?)"),
        (rule("keep_firing_for: 5m"), "6:5 unknown key \"keep_firing_for\" (Tram calls it \"keep\")"),
        (rule("annotations: {}"), "6:5 unknown key \"annotations\" (Tram calls it \"summary\")"),
        (
            rule("colour: red"),
            "6:5 unknown key \"colour\" (known keys: alert, query, when, for, keep, clear, severity, nodata, summary, escalate, limit, labels)"
        ),
        (
            rule("for: 30 m"),
            "6:10 \"for\" cannot be \"30 m\" (write a duration as one word, such as 30s, 15m, 1h30m, 2d)"
        ),
        (
            rule("keep: 1mo"),
            "6:11 \"keep\" cannot be \"1mo\" (write a duration as one word, such as 30s, 15m, 1h30m, 2d)"
        ),
        (rule("severity: warnin"), "6:15 \"severity\" cannot be \"warnin\" (did you mean \"warning\"?)"),
        (rule("severity: page"), "6:15 \"severity\" cannot be \"page\" (one of: info, warning, critical)"),
        (rule("nodata: drop"), "6:13 \"nodata\" cannot be \"drop\" (one of: keep, alert, ok)"),
        (rule("limit: many"), "6:12 \"limit\" is a whole number from 0"),
        (rule("limit: -1"), "6:12 \"limit\" is a whole number from 0"),
        (rule("clear: x > 1"), "4:5 \"clear\" needs \"when\""),
        (rule("when: [1]"), "6:11 \"when\" takes a text"),
        (
            rule("summary: { en: \"at {sensor:2f}\" }"),
            "6:24 \"2f\" is not a number format (write {sensor:.0f} up to {sensor:.9f})"
        ),
        (rule("summary: 'a } b'"), "6:17 \"}\" has no \"{\" (a brace itself is written {{ or }})"),
        (
            rule("escalate: commune > province"),
            "6:25 after \"province\" a duration such as 15m is missing (for example: commune > province 15m > central 2h)"
        ),
        (rule("labels: { severity: info }"), "6:15 \"severity\" is a key of the rule, not a label"),
        ("groups:\n- name: g\n  rules:\n  - query: q\n", "4:5 the key \"alert\" is missing"),
        ("groups:\n- name: g\n  rules:\n  - alert: a\n", "4:5 the key \"query\" is missing"),
        ("groups:\n- rules: []\n", "2:3 the key \"name\" is missing"),
        ("{}", "1:1 the key \"groups\" is missing"),
        ("group: []", "1:1 unknown key \"group\" (did you mean \"groups\"?)"),
        ("groups: 5", "1:9 \"groups\" takes a list"),
        (
            "groups:\n- x\n",
            "2:3 a mapping of keys and values belongs here (its keys: name, interval, limit, allowed_lateness, db, rules)"
        ),
        ("groups:\n- name: g\n- name: g\n", "3:3 the group \"g\" is there already"),
        (rule("when: a", "when: b"), "6:5 the key \"when\" is there twice"),
    ])
    func `a fault is named with its place and a hint`(text: String, error: String) {
        let found = brief(refusals { _ = try read(text) })
        if text.hasPrefix("group:") {
            #expect(found.contains(error))
        } else {
            #expect(found == [error])
        }
    }

    @Test func `rules of Prometheus get one clear error each`() {
        let errors = refusals {
            _ = try read(
                """
                groups:
                - name: ngap
                  rules:
                  - alert: MucNuocCao
                    expr: mucnuoc_h > 1.5
                    keep_firing_for: 5m
                    annotations: { summary: "Mực nước" }
                  - record: mucnuoc:mean5m
                    expr: avg_over_time(mucnuoc_h[5m])
                """)
        }
        #expect(errors.map(\.line) == [5, 8])
        #expect(errors.first?.message.en == "rules in PromQL (\"expr\") are not read yet")
        #expect(errors.first?.hint?.en.contains("query: traffic | mean(speed)") == true)
    }

    @Test func `all faults of a file are named at once, by line`() {
        let errors = refusals { _ = try read(rule("limit: x", "for: y", "colour: z")) }
        #expect(errors.map(\.line) == [6, 7, 8])
    }

    @Test func `an alert's name is used once, over all files`() throws {
        #expect(
            brief(
                refusals {
                    _ = try read(
                        "groups:\n- name: g\n  rules:\n  - { alert: a, query: q }\n  - { alert: a, query: r }\n")
                })
                == [
                    "5:14 the alert \"a\" is there already (see rules/road.yaml:4; every alert needs a name of its own)"
                ])
        let file = try read(rule())
        #expect(refusals { try RulesFile.unique([file, file]) }.count == 1)
    }

    @Test func `names in a summary are checked against the query's columns`() throws {
        let text = rule("summary: { vi: \"{sensor}\", en: \"at {sensor}: {maen}\" }", "labels: { team: x }")
        let definition = try read(text).groups[0].rules[0]
        #expect(definition.summaryErrors(names: ["sensor", "maen"]).isEmpty)
        let errors = definition.summaryErrors(names: ["sensor", "mean"])
        #expect(errors.count == 1)
        #expect(errors.first?.line == 6)
        #expect(errors.first?.column == 50)
        #expect(errors.first?.rendered(.en).hasPrefix("rules/road.yaml:6:50: the rule's query gives no") == true)
    }

    @Test func `an error inside a query is placed in the file`() throws {
        let inline = try read(rule()).groups[0].rules[0].query
        let wrong = QueryError(.syntax, at: SourceRange(0, 1), en: "no", vi: "không")
        #expect(DefinitionError(wrong, in: inline, file: "f").column == 12)
        let block = try read(
            "groups:\n- name: g\n  rules:\n  - alert: a\n    query: |\n      traffic\n      | mean(sped)\n"
        ).groups[0].rules[0].query
        #expect(block.text == "traffic\n| mean(sped)\n")
        let error = DefinitionError(
            QueryError(.unknownField, at: SourceRange(15, 19), en: "no", vi: "không"), in: block, file: "f")
        #expect((error.line, error.column) == (7, 14))
        let quoted = try read(rule("when: \"a > 1\"")).groups[0].rules[0].when
        #expect(quoted?.column == 12)
        let escaped = try read(rule("when: \"a \\x3e 1\"")).groups[0].rules[0].when
        #expect(escaped?.isVerbatim == false)
    }

    @Test(arguments: [
        ("groups: [", "this is not YAML"), ("a: b: c", "this is not YAML"), ("\t- x", "this is not YAML"),
        ("a: &x 1\nb: *x\n", "anchors and aliases"), ("a: *x", "this is not YAML"),
        ("a: 1\n---\nb: 2\n", "this is not YAML"),
        ("? &a [1]\n: *a\n", "anchors and aliases"),
    ])
    func `what is not plain YAML is refused`(text: String, message: String) {
        let errors = refusals { _ = try read(text) }
        #expect(errors.count == 1)
        #expect(errors.first?.message.en.contains(message) == true)
    }

    @Test func `files too large, too deep or not UTF-8 are refused`() {
        #expect(
            brief(refusals { _ = try read(String(repeating: "#", count: 4 << 20 + 1)) }) == [
                "-:- the file is larger than 4 MiB"
            ])
        #expect(
            brief(refusals { _ = try RulesFile.parse([0x61, 0xFF], file: "f") }) == ["-:- the file is not UTF-8 text"])
        for open in ["[", "{a: ", "- ", "? "] {
            #expect(refusals { _ = try read(String(repeating: open, count: 100_000)) }.count == 1)
        }
    }

    @Test func `a file without groups is refused, a list without any is not`() throws {
        #expect(brief(refusals { _ = try read("") }).map { $0.hasSuffix("the key \"groups\" is missing") } == [true])
        #expect(try read("groups: []\n").groups.isEmpty)
    }

    @Test func `errors are spoken in both languages`() {
        let errors = refusals { _ = try read(rule("querry: x")) }
        #expect(errors.first?.rendered(.en) == "rules/road.yaml:6:5: unknown key \"querry\"; did you mean \"query\"?")
        #expect(errors.first?.rendered(.vi) == "rules/road.yaml:6:5: khoá không biết \"querry\"; có phải \"query\"?")
    }
}

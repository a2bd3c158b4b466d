import Testing
import TramColumnar
import TramQuery
import TramServer

@Suite struct ErrorAnswerTests {
    private func text(_ error: QueryError, in query: String, _ language: Language, id: String? = nil) -> String {
        String(decoding: ErrorAnswer(error, in: query, language: language, id: id).json, as: UTF8.self)
    }

    @Test func `an error names its place and how to mend it`() {
        let error = QueryError(
            .unknownField, at: SourceRange(25, 29), en: "there is no field \"sped\"", vi: "không có trường \"sped\"",
            hint: Bilingual(vi: "ý bạn là speed?", en: "did you mean speed?"))
        // The column counts letters: "đường" is 5 of them in 9 bytes.
        let query = "# x\nđường | a | mean(sped)"
        #expect(
            text(error, in: query, .en)
                == #"{"code":"query.unknown_field","message":"there is no field \"sped\"","line":2,"column":18,"#
                + #""hint":"did you mean speed?"}"# + "\n")
        #expect(
            text(error, in: query, .vi, id: "7f")
                == #"{"code":"query.unknown_field","message":"không có trường \"sped\"","line":2,"column":18,"#
                + #""hint":"ý bạn là speed?","id":"7f"}"# + "\n")
    }

    @Test func `without a place and a hint the keys are null`() {
        #expect(
            text(QueryError(.timeLimit, at: nil, en: "too slow", vi: "quá chậm"), in: "traffic", .en)
                == #"{"code":"query.time_limit","message":"too slow","line":null,"column":null,"hint":null}"# + "\n")
    }
}

import Testing
import TramColumnar
import TramQuery

@Suite struct FunctionHelpTests {
    @Test func `every function has a line of help in both languages`() {
        let names = FunctionHelp.all.map(\.name)
        for scalar in ScalarFunction.allCases { #expect(names.contains(scalar.rawValue)) }
        for special in ["if", "coalesce", "under", "within", "distance"] { #expect(names.contains(special)) }
        for function in FunctionHelp.all {
            #expect(!function.help.vi.isEmpty && !function.help.en.isEmpty && function.help.vi != function.help.en)
            #expect(function.usage.hasPrefix(function.name + "("))
        }
    }
}

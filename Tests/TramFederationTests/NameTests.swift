import Testing
import TramFederation

@Suite struct NameTests {
    @Test(arguments: [
        ("Hải Phòng", "hai phong"), ("HẢI  PHÒNG", "hai phong"), ("Đắk Lắk", "dak lak"), ("Ea H'Leo", "ea hleo"),
        ("Bà Rịa - Vũng Tàu", "ba ria vung tau"), ("Thủ Đức (cũ)", "thu duc cu"), ("Thừa Thiên–Huế", "thua thien hue"),
        // Decomposed: a letter and its marks as scalars of their own, in either order.
        ("Ha\u{309}i Pho\u{300}ng", "hai phong"), ("Viê\u{323}t", "viet"), ("Vie\u{323}\u{302}t", "viet"),
        ("ươ ưở ỡ ệ ỹ ẳ ặ ẫ", "uo uo o e y a a a"), ("", ""), ("---", ""), ("Cu\u{308}", "cu"),
    ])
    func `a name is folded to what is typed without diacritics`(name: String, folded: String) {
        #expect(FoldedName(name).text == folded)
        #expect(FoldedName(folded).text == folded)
    }

    @Test func `letters stand in the order of the Vietnamese alphabet`() {
        let ordered = [
            "A", "Ă", "Â", "B", "C", "D", "Đ", "E", "Ê", "G", "H", "I", "K", "L", "M", "N", "O", "Ô", "Ơ", "P", "Q",
            "R", "S", "T", "U", "Ư", "V", "X", "Y",
        ]
        #expect(ordered.reversed().sorted { NameOrder($0) < NameOrder($1) } == ordered)
        #expect(
            ordered.map { $0.lowercased() }.reversed().sorted { NameOrder($0) < NameOrder($1) }.map { $0.uppercased() }
                == ordered)
    }

    @Test func `tones count after letters, numbers by their size, words before longer words`() {
        let ordered = [
            "ma", "mà", "mả", "mã", "má", "mạ", "ma a", "mai", "mă", "mâ", "Phường 1", "Phường 2", "Phường 10",
            "Phường An", "Thành Đông", "Thanh Hà", "Thanh Hoà",
        ]
        for seed in 0..<5 {
            let mixed = ordered.enumerated().sorted { ($0.offset * 7 + seed) % 17 < ($1.offset * 7 + seed) % 17 }
            #expect(mixed.map(\.element).sorted { NameOrder($0) < NameOrder($1) } == ordered)
        }
    }

    @Test func `composed and decomposed names stand at one place`() {
        let composed = NameOrder("Hải Phòng")
        let decomposed = NameOrder("Ha\u{309}i Pho\u{300}ng")
        #expect(composed == decomposed)
    }
}

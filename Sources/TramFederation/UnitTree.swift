import TramColumnar
import TramQuery

/// The units of all times and who lies in whom.
///
/// Units are numbers here; a unit knows every unit that ever had its parent's code while it existed, so that walking up
/// at an instant needs no look-up of codes.
struct UnitTree: Sendable {
    /// The most levels there may be.
    static let maximumLevels = 8

    private(set) var units: [AdministrativeUnit] = []
    /// Highest first.
    private(set) var levels: [Level] = []
    /// Per unit the units above it, of different times.
    private var parents: [[Int]] = []
    private var byCode: [String: [Int]] = [:]

    init() {}

    /// Adds what is wrong to `error`; with something wrong the tree is not to be used.
    init(_ rows: [(unit: AdministrativeUnit, place: CataloguePlace)], error: inout CatalogueError) {
        units = rows.map(\.unit)
        for (number, row) in rows.enumerated() {
            if let twin = byCode[row.unit.code]?.first(where: { units[$0].validity.overlaps(row.unit.validity) }) {
                let line = rows[twin].place.line
                error.add(
                    row.place, en: "unit \(row.unit.code) stands in line \(line) already, for the same time",
                    vi: "đơn vị \(row.unit.code) đã có ở dòng \(line), cùng thời gian hiệu lực",
                    hint: Bilingual(
                        vi: "mã dùng lại cần valid_from và valid_to không chồng nhau",
                        en: "a code that is used again needs valid_from and valid_to that do not overlap"))
                continue
            }
            byCode[row.unit.code, default: []].append(number)
        }
        parents = rows.map { row in
            guard let parent = row.unit.parent else { return [] }
            guard let known = byCode[parent] else {
                error.add(
                    row.place, en: "unit \(row.unit.code) has the unknown parent \(parent)",
                    vi: "đơn vị \(row.unit.code) có đơn vị cấp trên không tồn tại: \(parent)",
                    hint: error.isFull ? nil : hint(unknown: parent))
                return []
            }
            let above = known.filter { units[$0].validity.overlaps(row.unit.validity) }
            if above.isEmpty, row.unit.validity.from < row.unit.validity.to {
                error.add(
                    row.place, en: "unit \(row.unit.code) has the parent \(parent), which is there at other times only",
                    vi: "đơn vị \(row.unit.code) có đơn vị cấp trên \(parent), đơn vị này chỉ có ở thời gian khác",
                    hint: Bilingual(
                        vi: "sửa valid_from, valid_to, hoặc thêm dòng \(parent) cho thời gian này",
                        en: "mend valid_from and valid_to, or add a row of \(parent) for this time"))
            }
            return above
        }
        guard !hasCycle(rows, error: &error) else { return }
        levels = orderedLevels(rows, error: &error)
    }

    /// What to do about a code that no unit has.
    func hint(unknown code: String) -> Bilingual {
        // Spreadsheets take the zeros off codes.
        for zeros in 1...4 {
            let padded = String(repeating: "0", count: zeros) + code
            if byCode[padded] != nil {
                return Bilingual(
                    vi: "có phải \"\(padded)\"? mã là văn bản, giữ các số 0 ở đầu",
                    en: "did you mean \"\(padded)\"? codes are text and keep their leading zeros")
            }
        }
        // Among numbers everything is close to something.
        let isNumber = code.utf8.allSatisfy { (0x30...0x39).contains($0) }
        if !isNumber, let near = Suggestions.closest(to: code, among: byCode.keys.sorted()).first {
            return Bilingual(
                vi: "có phải \"\(near)\"? hoặc thêm đơn vị \(code) vào tệp đơn vị",
                en: "did you mean \"\(near)\"? or add unit \(code) to the units file")
        }
        return Bilingual(
            vi: "thêm đơn vị \(code) vào tệp đơn vị, hoặc sửa mã",
            en: "add unit \(code) to the units file, or mend the code")
    }

    /// The unit with this code at `instant`.
    func number(code: String, at instant: Int64) -> Int? {
        byCode[code]?.first { units[$0].validity.contains(instant) }
    }

    func numbers(code: String) -> [Int] { byCode[code] ?? [] }

    func hasUnit(code: String) -> Bool { byCode[code] != nil }

    /// The unit itself and those above it at `instant`, until one satisfies `isWanted`.
    func ancestor(of number: Int, at instant: Int64, where isWanted: (AdministrativeUnit) -> Bool) -> Int? {
        var current: Int? = number
        // A path is never longer than there are levels; the count guards the loop, not the data.
        for _ in 0..<UnitTree.maximumLevels {
            guard let unit = current else { return nil }
            if isWanted(units[unit]) { return unit }
            current = parents[unit].first { units[$0].validity.contains(instant) }
        }
        return nil
    }

    /// Whether some unit lies in itself. Follows every path up once: O(units + edges), without recursion.
    private func hasCycle(
        _ rows: [(unit: AdministrativeUnit, place: CataloguePlace)], error: inout CatalogueError
    ) -> Bool {
        enum Mark { case new, open, done }
        var marks = [Mark](repeating: .new, count: units.count)
        var found = false
        for start in units.indices where marks[start] == .new {
            var path: [(unit: Int, next: Int)] = [(start, 0)]
            marks[start] = .open
            while let (unit, next) = path.last {
                guard next < parents[unit].count else {
                    marks[unit] = .done
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let above = parents[unit][next]
                switch marks[above] {
                case .done: break
                case .new:
                    marks[above] = .open
                    path.append((above, 0))
                case .open:
                    found = true
                    error.add(
                        rows[unit].place, en: "unit \(units[unit].code) lies in itself, through \(units[above].code)",
                        vi: "đơn vị \(units[unit].code) nằm trong chính nó, qua \(units[above].code)",
                        hint: Bilingual(
                            vi: "để trống cột parent của đơn vị cao nhất", en: "leave parent empty for the highest unit"
                        ))
                }
            }
        }
        return found
    }

    /// The levels in an order in which every unit's level comes after its parent's, else as the file has them first.
    ///
    /// After a reform a level may be missing between two others for some units: central, province, district, commune
    /// holds both trees.
    private func orderedLevels(
        _ rows: [(unit: AdministrativeUnit, place: CataloguePlace)], error: inout CatalogueError
    ) -> [Level] {
        var names: [String] = []
        var below: [String: Set<String>] = [:]
        for (number, unit) in units.enumerated() {
            if below[unit.level] == nil {
                names.append(unit.level)
                below[unit.level] = []
            }
            for parent in parents[number] {
                let above = units[parent].level
                if above == unit.level {
                    error.add(
                        rows[number].place,
                        en: "unit \(unit.code) and its parent \(units[parent].code) are both of level \(above)",
                        vi: "đơn vị \(unit.code) và đơn vị cấp trên \(units[parent].code) cùng cấp \(above)",
                        hint: Bilingual(
                            vi: "đơn vị cấp trên phải ở cấp cao hơn: sửa cột level hoặc parent",
                            en: "a parent is of a higher level: mend level or parent"))
                } else {
                    below[above, default: []].insert(unit.level)
                }
            }
        }
        if names.count > UnitTree.maximumLevels,
            let row = rows.first(where: { $0.unit.level == names[UnitTree.maximumLevels] })
        {
            error.add(
                row.place, en: "\"\(row.unit.level)\" would be the ninth level, eight are the most",
                vi: "\"\(row.unit.level)\" là cấp thứ chín, tối đa tám cấp",
                hint: Bilingual(vi: "kiểm tra chính tả cột level", en: "is a level misspelt?"))
            return []
        }
        var ordered: [Level] = []
        var rest = names
        while !rest.isEmpty {
            guard let next = rest.first(where: { name in !rest.contains { below[$0]?.contains(name) == true } }) else {
                if let row = rows.first(where: { rest.contains($0.unit.level) }) {
                    let list = rest.joined(separator: ", ")
                    error.add(
                        row.place, en: "the levels \(list) stand above one another in a circle",
                        vi: "các cấp \(list) nằm trên nhau thành vòng",
                        hint: Bilingual(
                            vi: "có đơn vị ghi sai cấp: đơn vị cấp trên luôn ở cấp cao hơn",
                            en: "some unit has the wrong level: a parent's level is always the higher one"))
                }
                return []
            }
            ordered.append(Level(name: next, depth: ordered.count))
            rest.removeAll { $0 == next }
        }
        return ordered
    }
}

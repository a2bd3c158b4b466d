import TramColumnar

extension Catalogue {
    /// What is allowed in the tables and still looks like a mistake: siblings of one name, times at which a station's
    /// unit or a unit's parent is not there.
    public static func remarks(
        units rows: [(unit: AdministrativeUnit, place: CataloguePlace)], stations lists: [StationList]
    ) -> [CatalogueError.Problem] {
        var remarks: [CatalogueError.Problem] = []
        func add(_ place: CataloguePlace, en: String, vi: String, hint: Bilingual) {
            remarks.append(.init(place: place, message: Bilingual(vi: vi, en: en), hint: hint))
        }
        let byCode = Dictionary(grouping: rows, by: \.unit.code)
        func covers(_ code: String, _ validity: Validity) -> Bool {
            var reached = validity.from
            for row in byCode[code, default: []].map(\.unit.validity).sorted(by: { $0.from < $1.from })
            where row.from <= reached {
                reached = max(reached, row.to)
            }
            return reached >= validity.to
        }
        let times = Bilingual(
            vi: "sửa valid_from, valid_to, hoặc thêm dòng cho thời gian còn thiếu",
            en: "mend valid_from and valid_to, or add a row for the time that is missing")
        var siblings: [String: [(unit: AdministrativeUnit, place: CataloguePlace)]] = [:]
        for row in rows {
            if let parent = row.unit.parent, byCode[parent] != nil, !covers(parent, row.unit.validity) {
                add(
                    row.place, en: "unit \(row.unit.code) is there at times at which its parent \(parent) is not",
                    vi: "đơn vị \(row.unit.code) có lúc tồn tại mà đơn vị cấp trên \(parent) không tồn tại", hint: times
                )
            }
            // The kind tells a ward from a commune of the same name.
            let name = row.unit.fullName ?? row.unit.name
            let key = "\(row.unit.parent ?? "")\u{0}\(row.unit.level)\u{0}\(name.lowercased())"
            if let twin = siblings[key]?.first(where: {
                $0.unit.code != row.unit.code && $0.unit.validity.overlaps(row.unit.validity)
            }) {
                add(
                    row.place,
                    en:
                        "units \(twin.unit.code) (line \(twin.place.line)) and \(row.unit.code) have the same name, \(name)",
                    vi: "đơn vị \(twin.unit.code) (dòng \(twin.place.line)) và \(row.unit.code) cùng tên \(name)",
                    hint: Bilingual(
                        vi: "nếu là một đơn vị, bỏ một dòng; nếu không, ghi full_name khác nhau",
                        en: "if they are one unit, leave one out; else give them different full names"))
            }
            siblings[key, default: []].append(row)
        }
        for list in lists {
            for (station, place) in list.stations
            where byCode[station.unit] != nil && !covers(station.unit, station.validity) {
                add(
                    place, en: "station \(station.id) is there at times at which its unit \(station.unit) is not",
                    vi: "trạm \(station.id) có lúc tồn tại mà đơn vị \(station.unit) không tồn tại", hint: times)
            }
        }
        return remarks
    }
}

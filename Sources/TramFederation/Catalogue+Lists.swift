/// Which units are wanted. What is nil does not matter.
public struct UnitQuestion: Sendable {
    /// A part of a name, with diacritics or without, or a code.
    public var search: String?
    public var level: String?
    /// The code of the unit in which they lie directly.
    public var parent: String?
    /// Nil: those of all times.
    public var instant: Int64?

    public init(search: String? = nil, level: String? = nil, parent: String? = nil, instant: Int64? = nil) {
        self.search = search
        self.level = level
        self.parent = parent
        self.instant = instant
    }
}

/// Which stations are wanted. What is nil does not matter.
public struct StationQuestion: Sendable {
    /// A part of an id, of a name, or of the name of the unit.
    public var search: String?
    /// The code of a unit in whose subtree they lie.
    public var unit: String?
    /// The tag by which readings name them.
    public var tag: String?
    /// Nil: those of all times.
    public var instant: Int64?

    public init(search: String? = nil, unit: String? = nil, tag: String? = nil, instant: Int64? = nil) {
        self.search = search
        self.unit = unit
        self.tag = tag
        self.instant = instant
    }
}

/// A station with its unit and what its file says.
public struct ListedStation: Sendable {
    public var tag: String
    public var station: Station
    /// The unit that it lies in at the time asked about, else at the station's own beginning.
    public var unit: AdministrativeUnit?
    /// Column of its file to what stands there.
    public var values: [String: String]
}

extension Catalogue {
    /// Units in the order of their levels, then of the Vietnamese alphabet; of a search the best answers first.
    ///
    /// - Complexity: O(n log n) in the units.
    public func units(_ question: UnitQuestion) -> [AdministrativeUnit] {
        let typed = question.search.map(SearchText.init)
        let depths = Dictionary(levelRanks.map { ($0.name, $0.depth) }) { first, _ in first }
        var found: [(unit: AdministrativeUnit, rank: Int, order: NameOrder)] = []
        for unit in allUnits {
            if let level = question.level, unit.level != level { continue }
            if let parent = question.parent, unit.parent != parent { continue }
            if let instant = question.instant, !unit.validity.contains(instant) { continue }
            let names = [unit.name, unit.fullName, unit.englishName].compactMap { $0 }
            guard let rank = typed.map({ $0.rank(names: names, code: unit.code) }) ?? 0 else { continue }
            found.append((unit, rank, NameOrder(unit.name)))
        }
        func key(_ entry: (unit: AdministrativeUnit, rank: Int, order: NameOrder)) -> (Int, Int, NameOrder) {
            (entry.rank, depths[entry.unit.level] ?? 0, entry.order)
        }
        return found.sorted { one, other in
            if key(one) != key(other) { return key(one) < key(other) }
            if one.unit.code != other.unit.code {
                return one.unit.code.utf8.lexicographicallyPrecedes(other.unit.code.utf8)
            }
            return one.unit.validity.from < other.unit.validity.from
        }.map(\.unit)
    }

    /// Stations by their tags, then ids; of a search the best answers first.
    ///
    /// - Complexity: O(n log n) in the stations.
    public func stations(_ question: StationQuestion) -> [ListedStation] {
        let typed = question.search.map(SearchText.init)
        var found: [(station: ListedStation, rank: Int)] = []
        for tag in stationTags where question.tag ?? tag == tag {
            for id in stations(stationTag: tag) {
                for entry in listed(tag: tag, id: id, at: question.instant) {
                    let instant = question.instant ?? max(entry.station.validity.from, .min)
                    if let unit = question.unit,
                        !isUnder(code: unit, stationTag: tag, station: id, at: instant), entry.station.unit != unit
                    {
                        continue
                    }
                    let names = [entry.values["name"], entry.unit?.name].compactMap { $0 }
                    guard let rank = typed.map({ $0.rank(names: names, code: id) }) ?? 0 else { continue }
                    found.append((entry, rank))
                }
            }
        }
        // Stable: ids and times stay in order within a rank.
        return found.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
            .map(\.element.station)
    }
}

/// What a person typed to find something by its name or code.
private struct SearchText {
    private let text: String
    private let folded: FoldedName

    init(_ text: String) {
        self.text = text.lowercased()
        folded = FoldedName(text)
    }

    /// How good an answer is, the best 0; nil when it is none.
    func rank(names: [String], code: String) -> Int? {
        if code.lowercased() == text { return 0 }
        if folded.text.isEmpty { return nil }
        var best: Int?
        for name in names {
            guard let match = FoldedName(name).match(folded) else { continue }
            // Written as it was typed, marks and all, is the better answer.
            let rank = 1 + 2 * match.rawValue + (name.lowercased().contains(text) ? 0 : 1)
            best = min(best ?? rank, rank)
        }
        if best == nil, code.lowercased().hasPrefix(text) { best = 9 }
        return best
    }
}

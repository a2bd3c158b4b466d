/// A whole query text.
public struct Statement: Hashable, Sendable {
    public struct Binding: Hashable, Sendable {
        public var name: Name
        public var pipe: Pipe

        public init(name: Name, pipe: Pipe) {
            self.name = name
            self.pipe = pipe
        }
    }

    public var bindings: [Binding]
    public var isExplain: Bool
    public var pipe: Pipe

    public init(bindings: [Binding] = [], isExplain: Bool = false, pipe: Pipe) {
        self.bindings = bindings
        self.isExplain = isExplain
        self.pipe = pipe
    }
}

/// A source and the stages that its rows go through, in order.
public struct Pipe: Hashable, Sendable {
    public var source: Source
    public var stages: [Stage]

    public init(source: Source, stages: [Stage]) {
        self.source = source
        self.stages = stages
    }
}

/// Where a pipe's rows come from, with the range of time and the condition that stand beside it.
public struct Source: Hashable, Sendable {
    public indirect enum Kind: Hashable, Sendable {
        /// One or more; a single name may be that of a `let`.
        case names([Name])
        case pipe(Pipe)
        case show(Show)
    }

    public var kind: Kind
    public var range: RangeExpression?
    public var warm: Duration?
    public var filter: Expression?

    public init(kind: Kind, range: RangeExpression? = nil, warm: Duration? = nil, filter: Expression? = nil) {
        self.kind = kind
        self.range = range
        self.warm = warm
        self.filter = filter
    }
}

/// `show tags traffic`: a question about what is stored.
public struct Show: Hashable, Sendable {
    public enum Subject: String, Hashable, Sendable, CaseIterable {
        case measurements, tags, fields, series
    }

    public var subject: Subject
    public var measurement: Name?

    public init(subject: Subject, measurement: Name?) {
        self.subject = subject
        self.measurement = measurement
    }
}

/// What stands between the brackets behind a source.
public struct RangeExpression: Hashable, Sendable {
    public enum Word: String, Hashable, Sendable, CaseIterable {
        case today, yesterday, thisweek, lastweek, thismonth, lastmonth, thisquarter, lastquarter, thisyear, lastyear
    }

    public enum Kind: Hashable, Sendable {
        case all
        /// `[1h]`: so long before now, up to now.
        case last(Duration)
        case word(Word)
        case day(year: Int, month: Int, day: Int)
        case month(year: Int, month: Int)
        /// A nil end is open.
        case between(InstantExpression?, InstantExpression?)
    }

    public var kind: Kind
    public var at: SourceRange

    public init(kind: Kind, at: SourceRange) {
        self.kind = kind
        self.at = at
    }
}

/// `name = expression` of the stage `set`.
public struct Assignment: Hashable, Sendable {
    public var name: Name
    public var value: Expression

    public init(name: Name, value: Expression) {
        self.name = name
        self.value = value
    }
}

/// A column to sort by, and which way.
public struct SortKey: Hashable, Sendable {
    public var name: Name
    public var descending: Bool

    public init(name: Name, descending: Bool) {
        self.name = name
        self.descending = descending
    }
}

/// What stands in windows that no row fell into.
public enum FillExpression: Hashable, Sendable {
    case null
    case none
    case previous
    case linear
    case constant(Double, isInteger: Bool)
}

/// How an aggregation cuts time, or the order of rows, into windows.
public struct WindowExpression: Hashable, Sendable {
    public indirect enum Kind: Hashable, Sendable {
        /// `every 15m`, `every 5m over 30m`, with `origin` where written.
        case every(Duration, over: Duration?, origin: InstantExpression?)
        /// `every 100 rows`, `over` counted in windows of time is not allowed with it.
        case everyRows(Int)
        case session(Duration)
        case runs(Expression)
    }

    public var kind: Kind
    public var at: SourceRange

    public init(kind: Kind, at: SourceRange) {
        self.kind = kind
        self.at = at
    }
}

/// `agg {, agg} by … every … fill … late … vs …`
public struct AggregateStage: Hashable, Sendable {
    public struct Item: Hashable, Sendable {
        /// `rise = last(h) - first(h)`.
        public var name: Name?
        public var value: Expression

        public init(name: Name?, value: Expression) {
            self.name = name
            self.value = value
        }
    }

    public var items: [Item]
    public var by: [Name]
    public var window: WindowExpression?
    public var fill: FillExpression?
    public var late: Duration?
    public var versus: Duration?

    public init(
        items: [Item], by: [Name] = [], window: WindowExpression? = nil, fill: FillExpression? = nil,
        late: Duration? = nil, versus: Duration? = nil
    ) {
        self.items = items
        self.by = by
        self.window = window
        self.fill = fill
        self.late = late
        self.versus = versus
    }
}

/// `alert … when …`: the stage that makes a query a rule.
public struct AlertStage: Hashable, Sendable {
    public enum NoData: String, Hashable, Sendable, CaseIterable {
        case keep, alert, ok
    }

    public var name: String?
    public var when: Expression
    public var hold: Duration?
    public var keep: Duration?
    public var clear: Expression?
    public var severity: String?
    public var noData: NoData?
    public var escalate: String?

    public init(
        name: String?, when: Expression, hold: Duration? = nil, keep: Duration? = nil, clear: Expression? = nil,
        severity: String? = nil, noData: NoData? = nil, escalate: String? = nil
    ) {
        self.name = name
        self.when = when
        self.hold = hold
        self.keep = keep
        self.clear = clear
        self.severity = severity
        self.noData = noData
        self.escalate = escalate
    }
}

/// Which of the administrative trees that there have been tells a station's units.
public enum TreeTime: Hashable, Sendable {
    /// The one of each row's time.
    case row
    /// The one of one point in time, for rows of any time: `tree today`, `tree 2025-06-30`.
    case at(InstantExpression)
}

/// One step of a pipe.
public struct Stage: Hashable, Sendable {
    public indirect enum Kind: Hashable, Sendable {
        case aggregate(AggregateStage)
        case filter(Expression)
        case set([Assignment])
        case select([Name])
        case drop([Name])
        case sort([SortKey])
        /// `bottom` when not `largest`. The column may be left out when there is only one to rank by.
        case top(count: Int, largest: Bool, column: Name?, by: [Name])
        case limit(Int)
        case join(Pipe, keepsUnmatched: Bool, on: [Name], within: Duration?)
        case stale(Duration, by: [Name])
        case fill(FillExpression)
        /// No names: every field that the later stages can use.
        case unpivot([Name])
        case zone(String)
        /// By the administrative tree of which time units are told.
        case tree(TreeTime)
        /// nil: on close.
        case emit(every: Duration?)
        case alert(AlertStage)
    }

    public var kind: Kind
    public var at: SourceRange

    public init(kind: Kind, at: SourceRange) {
        self.kind = kind
        self.at = at
    }
}

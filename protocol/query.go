package protocol

// Order is the direction of a ranking. The zero value is descending.
type Order int8

// The two orders (semantics 11).
const (
	Descending Order = iota
	Ascending
)

// Limits of queries (semantics 11, 18, 21).
const (
	DefaultLimit       = 10     // rows of a ranking
	MaxLimit           = 10_000 // rows of a ranking
	DefaultRecentLimit = 8      // reports per subject of a recent query
	MaxRecentLimit     = 1_000  // reports per subject of a recent query
	DefaultSearchLimit = 100    // subjects of a search or of a listing
)

// With is a bit set of what a result carries besides subject keys and values.
type With uint8

const (
	// WithSubjects adds name, status, listing date and category of each subject.
	WithSubjects With = 1 << iota
	// WithReports adds report date, declare date, report type, period and year of each row.
	// Period and recent answers always carry them.
	WithReports
	// WithSuperseded keeps in a period query the declarations that a later one of the same report date and type
	// supersedes: exports and audits see every row. Other queries ignore it.
	WithSuperseded
	// WithIDs is set in answers that name their columns themselves: those of Get and Search. Queries do not ask for it.
	WithIDs
)

// View is what every query says about the reports it looks at and the values it wants.
type View struct {
	Table       string   // name or number; "" = table 1
	IDs         []string // indicator ids or codes; at least one. Repetitions count once (semantics 7)
	ReportTypes []string // only these; empty = all
	KnownAt     Instant  // only what had been declared by then (semantics 2, 4)
	With        With
}

// Ranking is how rows are sorted and paged (semantics 11 to 13).
type Ranking struct {
	Field  string // indicator id or code, or "report_date"; "" = semantics 12
	Order  Order
	Offset int // >= 0
	Limit  int // 0 = DefaultLimit; at most MaxLimit
}

// Snapshot asks for one report per subject, the newest that passes, sorted and paged (scenarios 3 and 4).
// Exactly one of Subjects and Topic is given.
type Snapshot struct {
	View
	Ranking
	Subjects  []string
	Topic     string
	Timestamp Instant // newest report with report_date <= Timestamp
	Range     Range   // report_date within
}

// Period asks for all reports of the subjects within Range, one group per subject that has any, in the order of the
// request, newest first (scenario 1).
type Period struct {
	View
	Subjects []string
	Range    Range
}

// Recent asks for the newest reports of each subject (scenario 2), grouped like Period.
type Recent struct {
	View
	Subjects []string
	Periods  []int64 // period ends: any second of their UTC day. When given, exactly those that exist, and Limit is ignored
	Limit    int     // 0 = DefaultRecentLimit; at most MaxRecentLimit
}

// Selection picks subjects by criterion (semantics 19): those of Topic that carry a tag of Kind whose text contains
// Keyword, and that are Subject when it is given.
type Selection struct {
	Kind    string // required
	Topic   string // required
	Subject string
	Keyword string
}

// SelectSnapshot is a Snapshot over the subjects of a Selection.
type SelectSnapshot struct {
	Selection
	View
	Ranking
	Timestamp Instant
	Range     Range
}

// SelectPeriod asks for the reports within Range of the selected subjects, one group per UTC day, days descending;
// within a day one row per subject, ranked and then paged (semantics 19).
type SelectPeriod struct {
	Selection
	View
	Ranking
	Range Range
}

// Get asks for all reports of one subject in a table, in full table width: of each report_date the newest declaration
// (semantics 20). A subject without reports is ErrNotFound.
type Get struct {
	Table   string
	Subject string
}

// Search asks for rows of several subjects in key order, cut to Range (semantics 21).
type Search struct {
	Table    string
	Subjects []string // empty = all
	Range    Range
	Offset   int
	Limit    int // subjects; 0 = DefaultSearchLimit; at most MaxLimit
}

// ListSubjects asks for subjects with their attributes, in key order.
type ListSubjects struct {
	Topic string // only of this topic; "" = all. An unknown topic is ErrNotFound
	Tags  []Tag  // only subjects that carry all of these; an empty Text matches any text of the kind
	After string // only keys greater than this
	Limit int    // 0 = DefaultSearchLimit; at most MaxLimit
}

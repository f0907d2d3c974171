package protocol

// Head is what a row says about its report besides the values.
type Head struct {
	ReportDate  int64 // UTC seconds
	DeclareDate Instant
	Type        string
	Period      string
	Year        int32 // never 0: the year of ReportDate where none was written
}

// Result is the one form in which every ranking, series and row is answered: rows of a subject, columns of values.
//
//	query           rows                  groups
//	Snapshot        one per subject       none: Groups is empty
//	Period, Recent  reports, newest first one per subject
//	SelectPeriod    subjects, ranked      one per UTC day, days descending
//	Get, Search     reports, oldest first one per subject
//
// A Result is reused: Reset keeps its slices. It is not safe for concurrent use.
type Result struct {
	Applied uint64   // applied index of the moment that the whole answer shows
	With    With     // what the answer carries besides keys and values
	IDs     []string // name of each column, as the request spelled it; for Get and Search the table's ids
	// Subjects has one entry per row. Over the wire only Key is filled unless WithSubjects was asked for.
	Subjects []*Subject
	short    []ShortKey // of Subjects, or empty (AppendRow)
	folded   int        // rows that Subjects leaves out (AppendGroup)
	// Heads has one entry per row where the query carries reports (With), else it is empty.
	Heads []Head
	// instead of Heads (ShortHeads)
	shortHeads     []ShortHead
	types, periods []string
	// Values is column-major: column c is Values[c*Rows() : (c+1)*Rows()]; Missing = no value.
	Values []float64
	// Groups holds the end row (exclusive) of each group.
	Groups []int32
	// Stamps has one entry per group of Get and Search, else it is empty.
	Stamps []Stamp
	// Total counts the subjects of a Search before paging.
	Total int
	// Disk tells that answering read rows from disk (semantics 24). It does not travel.
	Disk bool
	// Lean is set by who only counts the rows and appends the message. Subjects and Heads may then be kept in a form that
	// costs less to fill in and to write out, and that nobody else can read. Reset leaves it as it is.
	Lean bool
}

// Stamp tells when the first and the last write to a subject in a table were ordered, in UTC seconds.
type Stamp struct {
	Create, Update int64
}

// Rows returns the number of rows.
func (r *Result) Rows() int { return len(r.Subjects) + r.folded }

// Column returns the values of column c, one per row. It is valid as long as the Result is not reset.
func (r *Result) Column(c int) []float64 {
	n := r.Rows()
	return r.Values[c*n : (c+1)*n : (c+1)*n]
}

// Value returns the value of column c in a row.
func (r *Result) Value(row, c int) float64 { return r.Values[c*r.Rows()+row] }

// Group returns the rows of group g: from (inclusive) to (exclusive).
func (r *Result) Group(g int) (from, to int) {
	if g > 0 {
		from = int(r.Groups[g-1])
	}
	return from, int(r.Groups[g])
}

// Reset empties the result and keeps its memory.
func (r *Result) Reset() {
	clear(r.Subjects) // do not keep an old root alive
	clear(r.Heads)
	*r = Result{
		IDs:      r.IDs[:0],
		Subjects: r.Subjects[:0],
		short:    r.short[:0],
		Heads:    r.Heads[:0],
		Values:   r.Values[:0],
		Groups:   r.Groups[:0],
		Stamps:   r.Stamps[:0],
		Lean:     r.Lean,

		shortHeads: r.shortHeads[:0],
	}
}

// SubjectList answers ListSubjects: subjects in key order.
type SubjectList struct {
	Applied  uint64
	Subjects []*Subject
}

// Catalog answers which tables there are, by number.
type Catalog struct {
	Applied uint64
	Version uint64 // applied index of the newest change to the catalog
	Tables  []*Table
}

// Stat is one named figure of a node. Text is set for those that are not numbers.
type Stat struct {
	Name   string
	Number float64
	Text   string
}

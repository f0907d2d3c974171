package protocol

// Limits of what is stored. Writes beyond them are bad requests.
const (
	MaxKeyLen      = 255    // bytes of a subject key, id, code, topic, kind, report type or period
	MaxTextLen     = 4_096  // bytes of a name, title, unit, status, listing date, category or tag text
	MaxIndicators  = 4_096  // of one table
	MaxTables      = 1_024  //
	MaxWriteRows   = 65_536 // reports, subjects or deletes in one write
	MaxTopics      = 1_024  // of one subject
	MaxTags        = 1_024  // of one subject
	MaxYear        = 9_999
	MaxSubjectRows = 100_000 // reports of one subject in one table
)

// Report is one row: the values of one subject at one report date as declared at one time. Its identity is (table,
// Subject, ReportDate, Type, DeclareDate); writing that again replaces it whole (semantics 3).
type Report struct {
	Subject     string
	ReportDate  int64   // UTC seconds, end of the period
	Type        string  // "" = the table's default
	DeclareDate Instant // absent sorts before every date
	Period      string  // "596001", "Q1", ...; may be empty
	Year        int32   // 0 = the year of ReportDate
	// Values holds one number or Missing per column; shorter than the columns = Missing for the rest.
	Values []float64
}

// Put writes reports into one table, all or none.
type Put struct {
	Table   string
	IDs     []string // ids or codes of the columns of Values; empty = the table's indicators in order
	Reports []Report
	Origin  Origin
}

// Delete removes all reports of the subjects in a table and keeps the subjects. It is idempotent.
type Delete struct {
	Table    string
	Subjects []string
	Origin   Origin
}

// PutSubjects creates and changes subjects, all or none.
type PutSubjects struct {
	Subjects []SubjectUpdate
	Origin   Origin
}

// PutTables creates tables (by Number, which must be new, or 0 = the next free one) or appends indicators to those
// that exist by that name; an indicator that exists already is left as it is. All or none.
type PutTables struct {
	Tables []Table
	Origin Origin
}

// Write is one write of a log entry: exactly one of the pointers is set.
type Write struct {
	// Time is the UTC second at which the ordering node stamped the write; create and update times come from it, so
	// that every node that applies the entry stores the same.
	Time     int64
	Put      *Put
	Delete   *Delete
	Subjects *PutSubjects
	Tables   *PutTables
}

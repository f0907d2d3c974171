package protocol

// Defaults of a subject that is written without attributes (semantics 22).
const (
	DefaultStatus   = "213001"
	DefaultCategory = "stock"
)

// OperatingIncome is the indicator that a ranking is sorted by when no field is asked for and the table has it.
const OperatingIncome = "operating_income"

// ReportDateField is the one field to sort by that is not an indicator.
const ReportDateField = "report_date"

// Indicator is a named number of a table. ID and Code share one namespace within their table: none of them names two
// indicators.
type Indicator struct {
	ID    string // "operating_income"
	Code  string // "1001"; may be empty
	Title string // for people
	Unit  string // "CNY", "USD/share", ...; may be empty
}

// Table is a numbered, named, ordered set of indicators that are reported together. Its indicators are only ever
// appended to: a row that was written before has no value for those that came later.
type Table struct {
	Number            uint32 // from 1
	Name              string // not all digits
	DefaultReportType string // of reports that are written without one
	Indicators        []Indicator
}

// Tag is one text under a kind: {"concept", "internet finance"}. A subject may carry several of one kind.
type Tag struct {
	Kind, Text string
}

// Subject is what is measured, with today's attributes (semantics 5). A published Subject is immutable.
type Subject struct {
	Key         string // "market:code"
	Name        string
	Status      string // "213001" = listed
	ListingDate string // free text, usually YYYY-MM-DD; may be empty
	Category    string // "stock"
	Topics      []string
	Tags        []Tag
}

// NewSubject returns the subject that exists by being written without attributes (semantics 22).
func NewSubject(key string) Subject {
	return Subject{Key: key, Name: key, Status: DefaultStatus, Category: DefaultCategory}
}

// SubjectField is a bit set of subject attributes.
type SubjectField uint8

// The attributes that an update may set.
const (
	FieldName SubjectField = 1 << iota
	FieldStatus
	FieldListingDate
	FieldCategory
	FieldTopics
	FieldTags
)

// AllSubjectFields sets every attribute.
const AllSubjectFields = FieldName | FieldStatus | FieldListingDate | FieldCategory | FieldTopics | FieldTags

// SubjectUpdate creates a subject or changes the attributes named in Set; the others stay as they are (or get the
// defaults of NewSubject). FieldTopics replaces all topics. FieldTags replaces the tags of each kind that Tags
// mentions and leaves other kinds alone; a tag with an empty Text removes its kind.
type SubjectUpdate struct {
	Subject
	Set SubjectField
}

// DefaultReportType is that of a table that is created without one.
const DefaultReportType = "0408"

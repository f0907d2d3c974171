package dataset

import (
	"strings"
	"unsafe"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// kind is what a field is for.
type kind uint8

const (
	kindIgnore kind = iota
	kindSubject
	kindReportDate
	kindDeclareDate
	kindDeclareTime // moves the declare date within its day
	kindReportType
	kindPeriod
	kindYear
	kindName
	kindStatus
	kindListingDate
	kindCategory
	kindTopics
	kindTag
	kindJoin // the key by which a name is looked up
	kindValue
)

// canonical names the columns that are not indicators.
var canonical = map[string]kind{
	"subject": kindSubject, protocol.ReportDateField: kindReportDate, "report_type": kindReportType,
	"declare_date": kindDeclareDate, "period": kindPeriod, "year": kindYear, "name": kindName, "status": kindStatus,
	"listing_date": kindListingDate, "category": kindCategory, "topics": kindTopics,
}

// action is one use of a field: a canonical column has one, a mapped column may have several.
type action struct {
	kind   kind
	column string // as the file calls it
	slot   int    // kindValue: the column of Report.Values
	tag    string // kindTag
	layout layout // dates
	row    int64  // number of the row that used it last, to find names that a JSON object repeats

	// What only mappings use:
	from, to int               // the part of the text; to 0 = to its end
	prefix   string            // kindSubject
	values   map[string]string // kindReportType, kindPeriod: translations; nil = as it stands
	fallback string            // for what values does not have, and for an empty field
	min, max int32             // kindYear: outside = the report's year; max 0 = no such check
}

// assembler makes records out of fields.
type assembler struct {
	file    string
	columns *columns

	constants      protocol.SubjectUpdate // of every subject, unless the row says otherwise
	reportType     string                 // of rows that say none
	period         string                 // likewise
	skipNoSubject  bool
	skipNoDate     bool
	attributesOnly bool              // rows without report_date may describe their subject
	names          map[string]string // by kindJoin

	row     int64 // number of the record in work
	report  protocol.Report
	update  protocol.SubjectUpdate
	dated   bool
	said    bool  // something of a report besides its date and values
	valued  bool  // a value
	moment  int64 // kindDeclareTime; MinTime = none, which is as good as any time before the day
	join    string
	key     []byte // subject with prefix
	types   interner
	periods interner
}

// canonicalAction returns the action of a canonical column, and whether its indicator already had one.
func (a *assembler) canonicalAction(name string) (act *action, old bool, err error) {
	if k, ok := canonical[name]; ok {
		return &action{kind: k, column: name}, false, nil
	}
	if tag, ok := strings.CutPrefix(name, protocol.TagPrefix); ok {
		return &action{kind: kindTag, column: name, tag: tag}, false, protocol.CheckName(tag)
	}
	slot, old, err := a.columns.resolve(name)
	return &action{kind: kindValue, column: name, slot: slot}, old, err
}

// begin starts a record.
func (a *assembler) begin() {
	a.row++
	values := a.report.Values[:0]
	for range a.columns.ids {
		values = append(values, protocol.Missing)
	}
	a.report = protocol.Report{Values: values, Type: a.reportType, Period: a.period}
	a.update = protocol.SubjectUpdate{Subject: protocol.Subject{Topics: a.update.Topics[:0], Tags: a.update.Tags[:0]}}
	a.dated, a.said, a.valued, a.moment, a.join = false, false, false, protocol.MinTime, ""
}

// set uses a field. The text is borrowed until the record is no longer used.
func (a *assembler) set(act *action, text string) (err error) {
	if act.from > 0 || act.to > 0 {
		text = part(text, act.from, act.to)
	}
	if act.kind >= kindName && act.kind <= kindJoin {
		return a.setAttribute(act, text)
	}
	text = trim(text)
	if text == "" && act.fallback == "" {
		return nil
	}
	switch act.kind {
	case kindValue:
		a.valued = true
		a.report.Values[act.slot], err = parseNumber(text)
	case kindSubject:
		return a.subject(act, text)
	case kindReportDate:
		a.dated = true
		a.report.ReportDate, err = act.layout.parse(text)
	case kindDeclareDate:
		a.said = true
		a.report.DeclareDate.Given = true
		a.report.DeclareDate.Seconds, err = act.layout.parse(text)
	case kindDeclareTime:
		a.moment, err = act.layout.parse(text)
	case kindReportType:
		a.said = true
		a.report.Type, err = a.types.name(act, text)
	case kindPeriod:
		a.said = true
		a.report.Period, err = a.periods.name(act, text)
	case kindYear:
		a.said = true
		a.report.Year, err = act.year(text)
	}
	return err
}

// setAttribute uses a field that describes the subject. Texts for people are taken as they stand.
func (a *assembler) setAttribute(act *action, text string) error {
	switch act.kind {
	case kindName:
		return a.text(&a.update.Name, text, protocol.FieldName)
	case kindStatus:
		return a.text(&a.update.Status, text, protocol.FieldStatus)
	case kindListingDate:
		return a.text(&a.update.ListingDate, text, protocol.FieldListingDate)
	case kindCategory:
		return a.text(&a.update.Category, text, protocol.FieldCategory)
	case kindTopics:
		return a.topics(text)
	case kindTag:
		return a.tags(act.tag, text)
	}
	a.join = trim(text)
	return nil
}

// text takes an attribute as it stands.
func (a *assembler) text(dst *string, text string, field protocol.SubjectField) error {
	if text == "" {
		return nil
	}
	*dst = text
	a.update.Set |= field
	return protocol.CheckText(text)
}

func (a *assembler) subject(act *action, text string) error {
	if act.prefix != "" {
		a.key = append(append(a.key[:0], act.prefix...), text...)
		text = borrow(a.key)
	}
	a.report.Subject = text
	return protocol.CheckName(text)
}

func (act *action) year(text string) (int32, error) {
	if act.max == 0 {
		return parseYear(text)
	}
	year, err := parseYear(text)
	if err != nil && !allDigits(text) {
		return 0, err
	}
	if err != nil || year < act.min || year > act.max {
		return 0, nil // the mapping says: the year of the report
	}
	return year, nil
}

func (a *assembler) topics(text string) error {
	for more := true; more; {
		var topic string
		topic, text, more = strings.Cut(text, ";")
		if topic = trim(topic); topic == "" {
			continue
		}
		if len(a.update.Topics) == protocol.MaxTopics {
			return ErrTooMany
		}
		if err := protocol.CheckName(topic); err != nil {
			return err
		}
		a.update.Topics = append(a.update.Topics, topic)
		a.update.Set |= protocol.FieldTopics
	}
	return nil
}

func (a *assembler) tags(kind, text string) error {
	for more := true; more; {
		var tag string
		tag, text, more = strings.Cut(text, ";")
		if tag = trim(tag); tag == "" {
			continue
		}
		if len(a.update.Tags) == protocol.MaxTags {
			return ErrTooMany
		}
		if err := protocol.CheckText(tag); err != nil {
			return err
		}
		a.update.Tags = append(a.update.Tags, protocol.Tag{Kind: kind, Text: tag})
		a.update.Set |= protocol.FieldTags
	}
	return nil
}

// fault is why a record is bad: the canonical column, and whether the row may be left out without an error.
type fault struct {
	column string
	reason error
	skip   bool
}

// finish ends the record.
func (a *assembler) finish(rec *Record) *fault {
	if a.report.Subject == "" {
		return &fault{"subject", ErrEmpty, a.skipNoSubject}
	}
	rec.NoReport = !a.dated
	if rec.NoReport && (!a.attributesOnly || a.said || a.valued || a.update.Set == 0) {
		return &fault{protocol.ReportDateField, ErrEmpty, a.skipNoDate}
	}
	if d := &a.report.DeclareDate; d.Given && a.moment > d.Seconds {
		d.Seconds = min(a.moment, d.Seconds+protocol.SecondsPerDay-1)
	}
	if name, ok := a.names[a.join]; ok && a.update.Set&protocol.FieldName == 0 {
		a.update.Name = name
		a.update.Set |= protocol.FieldName
	}
	a.addConstants()
	a.update.Key = a.report.Subject
	rec.Report, rec.Attributes = a.report, a.update
	return nil
}

// addConstants gives the subject what the mapping says of all of them and the row does not. Tags come on top.
func (a *assembler) addConstants() {
	c, u := &a.constants, &a.update
	if c.Set == 0 {
		return
	}
	missing := c.Set &^ u.Set
	for _, t := range []struct {
		field protocol.SubjectField
		dst   *string
		text  string
	}{
		{protocol.FieldName, &u.Name, c.Name}, {protocol.FieldStatus, &u.Status, c.Status},
		{protocol.FieldListingDate, &u.ListingDate, c.ListingDate}, {protocol.FieldCategory, &u.Category, c.Category},
	} {
		if missing&t.field != 0 {
			*t.dst = t.text
		}
	}
	if missing&protocol.FieldTopics != 0 {
		u.Topics = append(u.Topics, c.Topics...)
	}
	u.Tags = append(u.Tags, c.Tags...)
	u.Set |= c.Set
}

// interner turns names into owned strings, and checks each once.
type interner struct {
	last  string
	names map[string]string
}

// maxInterned bounds an interner; a file has a handful of report types and periods.
const maxInterned = 4096

// name returns the report type or period that a field stands for.
func (in *interner) name(act *action, text string) (string, error) {
	if act.values != nil {
		if name, ok := act.values[text]; ok {
			return name, nil
		}
		if act.fallback == "" {
			return "", ErrUnmapped
		}
		return act.fallback, nil
	}
	if text == "" {
		return act.fallback, nil
	}
	if text == in.last {
		return in.last, nil
	}
	name, ok := in.names[text]
	if !ok {
		if err := protocol.CheckName(text); err != nil {
			return "", err
		}
		if len(in.names) >= maxInterned || in.names == nil {
			in.names = map[string]string{}
		}
		name = strings.Clone(text)
		in.names[name] = name
	}
	in.last = name
	return name, nil
}

// part returns text[from:to] as far as there is such.
func part(text string, from, to int) string {
	if to == 0 || to > len(text) {
		to = len(text)
	}
	return text[min(from, to):to]
}

// trim is strings.TrimSpace, which is not inlined, for what mostly needs none.
func trim(text string) string {
	if n := len(text); n == 0 || text[0] > ' ' && text[0] < 0x80 && text[n-1] > ' ' && text[n-1] < 0x80 {
		return text
	}
	return strings.TrimSpace(text)
}

func allDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// borrow returns b as a string that lives as long as b is not written to.
func borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

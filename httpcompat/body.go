package httpcompat

import (
	"slices"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// body is what the bodies of queries say, each spelling in its own place. Its strings are the reader's.
type body struct {
	ids, indicators, codes     []string
	subjects, keys             []string
	reportTypes, periods       []string
	method, topic, table       string
	field, orderBy, reportType string
	startDate, endDate         string
	order                      protocol.Order
	offset, limit              int64
	timestamp, knownAt         int64 // 0 = not given
	startTime, endTime         int64 // 0 = open
	from, to                   protocol.Instant
	selection                  protocol.Selection
	oneType                    [1]string // reportType as a list
}

// reset empties the body and keeps its memory.
func (b *body) reset() {
	for _, list := range b.lists() {
		clear(*list) // they point into a request that is over
		*list = (*list)[:0]
	}
	*b = body{ids: b.ids, indicators: b.indicators, codes: b.codes, subjects: b.subjects, keys: b.keys,
		reportTypes: b.reportTypes, periods: b.periods}
}

func (b *body) lists() [7]*[]string {
	return [...]*[]string{&b.ids, &b.indicators, &b.codes, &b.subjects, &b.keys, &b.reportTypes, &b.periods}
}

// A fieldSet tells how each field of a kind of body is read; what is not in it is skipped.
type fieldSet map[string]func(*body, *reader)

// viewFields are what every query says.
var viewFields = fieldSet{
	"ids":             func(b *body, r *reader) { b.ids = r.list(b.ids) },
	"indicators":      func(b *body, r *reader) { b.indicators = r.list(b.indicators) },
	"indicator_codes": func(b *body, r *reader) { b.codes = r.list(b.codes) },
	"report_type":     func(b *body, r *reader) { b.reportType = r.optionalText() },
	"report_types":    func(b *body, r *reader) { b.reportTypes = r.list(b.reportTypes) },
	"known_at":        func(b *body, r *reader) { b.knownAt = r.optionalInteger() },
	"table":           func(b *body, r *reader) { b.table = r.name() },
	"method":          func(b *body, r *reader) { b.readMethod(r) },
}

// subjectFields are those that name subjects one by one.
var subjectFields = fieldSet{
	"subjects":     func(b *body, r *reader) { b.subjects = r.list(b.subjects) },
	"subject_keys": func(b *body, r *reader) { b.keys = r.list(b.keys) },
}

// rankingFields are those of whatever is sorted and paged.
var rankingFields = fieldSet{
	"field":    func(b *body, r *reader) { b.field = r.optionalText() },
	"order_by": func(b *body, r *reader) { b.orderBy = r.optionalText() },
	"order":    func(b *body, r *reader) { b.order = readOrder(r) },
	"offset":   func(b *body, r *reader) { b.offset = r.optionalInteger() },
	"limit":    func(b *body, r *reader) { b.limit = r.optionalInteger() },
}

// timeFields are those that narrow a snapshot to a time.
var timeFields = fieldSet{
	"timestamp":  func(b *body, r *reader) { b.timestamp = r.optionalInteger() },
	"start_date": func(b *body, r *reader) { b.startDate = r.optionalText() },
	"end_date":   func(b *body, r *reader) { b.endDate = r.optionalText() },
}

// spanFields are those of a period.
var spanFields = fieldSet{
	"from": func(b *body, r *reader) { b.from = readInstant(r) },
	"to":   func(b *body, r *reader) { b.to = readInstant(r) },
}

var selectionField = fieldSet{"selection": (*body).readSelection}

// The fields of each path.
var (
	snapshotFields = union(viewFields, subjectFields, rankingFields, timeFields, fieldSet{
		"topic": func(b *body, r *reader) { b.topic = r.optionalText() },
	})
	periodFields = union(viewFields, subjectFields, spanFields)
	recentFields = union(viewFields, subjectFields, fieldSet{
		"periods": func(b *body, r *reader) { b.periods = r.list(b.periods) },
		"limit":   rankingFields["limit"],
	})
	selectSnapshotFields = union(viewFields, selectionField, rankingFields, timeFields)
	selectPeriodFields   = union(viewFields, selectionField, rankingFields, spanFields)
	searchFields         = fieldSet{
		"tableId":    func(b *body, r *reader) { b.table = r.name() },
		"subjectIds": func(b *body, r *reader) { b.subjects = r.list(b.subjects) },
		"startTime":  func(b *body, r *reader) { b.startTime = r.optionalInteger() },
		"endTime":    func(b *body, r *reader) { b.endTime = r.optionalInteger() },
		"offset":     rankingFields["offset"],
		"limit":      rankingFields["limit"],
	}
)

func union(sets ...fieldSet) fieldSet {
	all := fieldSet{}
	for _, set := range sets {
		for name, read := range set {
			all[name] = read
		}
	}
	return all
}

// read reads a whole body of the given fields.
func (b *body) read(r *reader, fields fieldSet) error {
	if r.open('{', "a JSON object") {
		for first := true; r.next('}', &first); {
			key := r.key()
			r.field = key
			if read := fields[key]; read != nil {
				read(b, r)
			} else {
				r.skip()
			}
		}
	}
	return r.end()
}

// readMethod reads how subjects are spelled, for which there is one way.
func (b *body) readMethod(r *reader) {
	const only = "market:code"
	if b.method = r.optionalText(); b.method != "" && b.method != only {
		r.fail("%.40q is not known; the only value is %q", b.method, only)
	}
}

// readOrder reads -1, 0 or 1, or their names (semantics 11).
func readOrder(r *reader) protocol.Order {
	what := ""
	switch c := r.peek(); {
	case c == '-' || isDigit(c):
		what = r.number()
	default:
		what = r.optionalText()
	}
	switch what {
	case "", "0", "-1", "desc":
		return protocol.Descending
	case "1", "asc":
		return protocol.Ascending
	}
	r.fail(`order %.40q is not known; expected -1 or "desc", or 1 or "asc"`, what)
	return protocol.Descending
}

// readInstant reads UTC seconds, 0 being a time like any other, or null.
func readInstant(r *reader) protocol.Instant {
	if r.null() {
		return protocol.Instant{}
	}
	return protocol.At(r.integer())
}

// readSelection reads the criterion that picks subjects.
func (b *body) readSelection(r *reader) {
	b.selection = protocol.Selection{}
	if r.null() || !r.open('{', "an object") {
		return
	}
	for first := true; r.next('}', &first); {
		switch r.key() {
		case "id":
			b.selection.Kind = r.optionalText()
		case "topic":
			b.selection.Topic = r.optionalText()
		case "subject":
			b.selection.Subject = r.optionalText()
		case "keyword":
			b.selection.Keyword = r.optionalText()
		default:
			r.skip()
		}
	}
}

// given makes an instant of UTC seconds of which 0 means that none was given.
func given(seconds int64) protocol.Instant {
	return protocol.Instant{Seconds: seconds, Given: seconds != 0}
}

// fillView fills what the body says about reports and values.
func (b *body) fillView(v *protocol.View, with protocol.With) (err error) {
	*v = protocol.View{Table: b.table, KnownAt: given(b.knownAt), With: with}
	if v.IDs, err = agreed("ids", b.ids, "indicators", b.indicators); err != nil {
		return err
	}
	if v.IDs, err = agreed("ids or indicators", v.IDs, "indicator_codes", b.codes); err != nil {
		return err
	}
	var one []string
	if b.reportType != "" {
		b.oneType[0] = b.reportType
		one = b.oneType[:]
	}
	v.ReportTypes, err = agreed("report_type", one, "report_types", b.reportTypes)
	return err
}

// fillRanking fills how rows are sorted and paged.
func (b *body) fillRanking(q *protocol.Ranking) error {
	*q = protocol.Ranking{Field: b.field, Order: b.order, Offset: int(b.offset), Limit: int(b.limit)}
	if b.field == "" {
		q.Field = b.orderBy
	} else if b.orderBy != "" && b.orderBy != b.field {
		return disagreement("field", "order_by")
	}
	return nil
}

// askedSubjects returns the subjects in whichever spelling they were given.
func (b *body) askedSubjects() ([]string, error) {
	return agreed("subjects", b.subjects, "subject_keys", b.keys)
}

// days returns the range from the start of one day to the end of another, either of which may be absent.
func (b *body) days() (span protocol.Range, err error) {
	if span.From, err = readDay("start_date", b.startDate); err != nil {
		return span, err
	}
	if span.To, err = readDay("end_date", b.endDate); err != nil {
		return span, err
	}
	if span.To.Given {
		span.To.Seconds += protocol.SecondsPerDay - 1 // semantics 15
	}
	return span, nil
}

// readDay reads YYYY-MM-DD; nothing = not given.
func readDay(field, text string) (protocol.Instant, error) {
	if text == "" {
		return protocol.Instant{}, nil
	}
	seconds, err := protocol.ParseDay(time.DateOnly, text)
	if err != nil {
		return protocol.Instant{}, badField(field, "%.40q is not a day, expected YYYY-MM-DD", text)
	}
	return protocol.At(seconds), nil
}

// badField returns the error of a field whose value cannot be.
func badField(field, format string, args ...any) error {
	e := protocol.Errorf(protocol.CodeBadRequest, format, args...)
	e.Message = "field " + `"` + field + `": ` + e.Message
	return e
}

// agreed returns the list that was given in one of two spellings, or in both with the same items (semantics 10).
func agreed(nameA string, a []string, nameB string, b []string) ([]string, error) {
	switch {
	case len(b) == 0:
		return a, nil
	case len(a) == 0 || slices.Equal(a, b) || slices.Equal(distinct(a), distinct(b)):
		return b, nil
	}
	return nil, disagreement(nameA, nameB)
}

func disagreement(a, b string) error {
	return protocol.Errorf(protocol.CodeBadRequest, "%s and %s are given with different values; give one of them", a, b)
}

// distinct returns the items of a list, repetitions left out.
func distinct(list []string) []string {
	seen := make(map[string]bool, len(list))
	var out []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, strings.Clone(s))
		}
	}
	return out
}

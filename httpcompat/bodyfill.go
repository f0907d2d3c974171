package httpcompat

import (
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// What answers carry: all show the subject; those of series show the report too.
const (
	withSubject = protocol.WithSubjects
	withReport  = protocol.WithSubjects | protocol.WithReports
)

func (b *body) snapshot(q *protocol.Snapshot) (err error) {
	*q = protocol.Snapshot{Topic: b.topic, Timestamp: given(b.timestamp)}
	if err = b.fillView(&q.View, withSubject); err != nil {
		return err
	}
	if err = b.fillRanking(&q.Ranking); err != nil {
		return err
	}
	if q.Subjects, err = b.askedSubjects(); err != nil {
		return err
	}
	q.Range, err = b.days()
	return err
}

func (b *body) period(q *protocol.Period) (err error) {
	*q = protocol.Period{Range: protocol.Range{From: b.from, To: b.to}}
	if err = b.fillView(&q.View, withReport); err != nil {
		return err
	}
	q.Subjects, err = b.askedSubjects()
	return err
}

// recent fills a recent query. Its period ends go into q.Periods[:0].
func (b *body) recent(q *protocol.Recent) (err error) {
	*q = protocol.Recent{Limit: int(b.limit), Periods: q.Periods[:0]}
	if err = b.fillView(&q.View, withReport); err != nil {
		return err
	}
	for _, text := range b.periods {
		end, err := protocol.ParseDay("20060102", text)
		if err != nil {
			return badField("periods", "%.40q is not a day, expected YYYYMMDD", text)
		}
		q.Periods = append(q.Periods, end)
	}
	q.Subjects, err = b.askedSubjects()
	return err
}

func (b *body) selectSnapshot(q *protocol.SelectSnapshot) (err error) {
	*q = protocol.SelectSnapshot{Selection: b.selection, Timestamp: given(b.timestamp)}
	if err = b.fillView(&q.View, withSubject); err != nil {
		return err
	}
	if err = b.fillRanking(&q.Ranking); err != nil {
		return err
	}
	q.Range, err = b.days()
	return err
}

func (b *body) selectPeriod(q *protocol.SelectPeriod) (err error) {
	*q = protocol.SelectPeriod{Selection: b.selection, Range: protocol.Range{From: b.from, To: b.to}}
	if err = b.fillView(&q.View, withReport); err != nil {
		return err
	}
	return b.fillRanking(&q.Ranking)
}

func (b *body) search(q *protocol.Search) error {
	*q = protocol.Search{
		Table: b.table, Subjects: b.subjects, Offset: int(b.offset), Limit: int(b.limit),
		Range: protocol.Range{From: given(b.startTime), To: given(b.endTime)},
	}
	return nil
}

// saveBody is the body of /data/v1/save.
type saveBody struct {
	subject     string
	reportType  string
	declareDate protocol.Instant
	reports     []protocol.Report // of which only ReportDate and Values are filled
	hasData     bool
}

// read reads the body. Nothing of it outlives the reader's data, except the numbers.
func (s *saveBody) read(r *reader) error {
	if r.open('{', "a JSON object") {
		for first := true; r.next('}', &first); {
			r.field = r.key()
			switch r.field {
			case "id":
				s.subject = r.optionalText()
			case "data":
				s.readData(r)
			case "report_type":
				s.reportType = r.optionalText()
			case "declare_date":
				s.declareDate = readDeclareDate(r)
			default:
				r.skip()
			}
		}
	}
	if err := r.end(); err != nil {
		return err
	}
	if s.subject == "" {
		return badField("id", "the subject's key is required")
	}
	if !s.hasData {
		return badField("data", `an object from UTC seconds to lists of values is required: {"1672502400":[1.5,null]}`)
	}
	return nil
}

// readDeclareDate reads a day or UTC seconds; "", 0 and null = none.
func readDeclareDate(r *reader) protocol.Instant {
	if c := r.peek(); c == '-' || isDigit(c) {
		return given(r.integer())
	}
	text := r.optionalText()
	if text == "" {
		return protocol.Instant{}
	}
	seconds, err := protocol.ParseDay(time.DateOnly, text)
	if err != nil {
		r.fail("%.40q is not a day, expected YYYY-MM-DD or UTC seconds", text)
	}
	return protocol.At(seconds)
}

// readData reads the reports: an object from UTC seconds to values.
func (s *saveBody) readData(r *reader) {
	s.reports, s.hasData = s.reports[:0], false
	if r.null() || !r.open('{', "an object") {
		return
	}
	s.hasData = true
	for first := true; r.next('}', &first); {
		report := protocol.Report{ReportDate: readSeconds(r, r.key()), Values: readValues(r)}
		if len(s.reports) == protocol.MaxWriteRows {
			r.fail("more than %d reports in one write", protocol.MaxWriteRows)
			return
		}
		s.reports = append(s.reports, report)
	}
}

// readValues reads a list of numbers and nulls.
func readValues(r *reader) []float64 {
	var values []float64
	if !r.open('[', "a list of numbers") {
		return nil
	}
	for first := true; r.next(']', &first); {
		value := protocol.Missing
		if !r.null() {
			value = r.float()
		}
		if len(values) == protocol.MaxIndicators {
			r.fail("more than %d values in one report", protocol.MaxIndicators)
			return nil
		}
		values = append(values, value)
	}
	return values
}

// put returns the write that the body asks for.
func (s *saveBody) put(table string) *protocol.Put {
	for i := range s.reports {
		r := &s.reports[i]
		r.Subject, r.Type, r.DeclareDate = s.subject, s.reportType, s.declareDate
	}
	return &protocol.Put{Table: table, Reports: s.reports}
}

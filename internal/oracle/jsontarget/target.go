package jsontarget

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Target asks a server in JSON: every query becomes a body that is sent to it, and the answer is read back with
// encoding/json.
//
// What JSON does not say is taken from Model: the seconds of a date within its day, the type of a report outside recent
// answers, column names of rows, the catalog's version, which of several faults an error may name. It is taken only
// where what JSON does say agrees. What JSON cannot ask or write goes to Direct alone; see zeroMeansAbsent, wholeDays,
// saveBodyOf and subjectsBodyOf.
type Target struct {
	TB     testing.TB
	URL    string            // of the server, without a slash at the end
	Model  *oracle.Model     // what the server's data should be; whoever applies writes keeps it so
	Direct oracletest.Target // the server's data, asked otherwise
	At     func(now int64)   // sets the time of the writes that come
}

var _ oracletest.Target = (*Target)(nil)

func (j *Target) direct(q oracletest.Query) oracletest.Answer {
	return oracletest.Ask(j.Model, q, nil)
}

// envelopeJSON is either envelope.
type envelopeJSON struct {
	StatusCode int             `json:"status_code"`
	StatusMsg  string          `json:"status_msg"`
	Code       int             `json:"code"`
	Message    string          `json:"message"`
	Data       json.RawMessage `json:"data"`
}

// call sends a request and reads data from its answer; err is what the model says, which tells apart the codes that
// JSON does not.
func (j *Target) call(method, path, body string, data any, direct error) (applied uint64, err error) {
	r, err := exchange(method, j.URL+path, body)
	if err != nil {
		return 0, err
	}
	var e envelopeJSON
	if err := json.Unmarshal([]byte(r.body), &e); err != nil {
		return 0, fmt.Errorf("%s %s %s: answer %q: %w", method, path, body, r.body, err)
	}
	if strings.HasPrefix(path, "/data/v1") {
		e.StatusCode, e.StatusMsg = e.Code, e.Message
		if r.status != e.Code {
			return 0, fmt.Errorf("%s: HTTP status %d with code %d", path, r.status, e.Code)
		}
		if e.Code == 200 {
			e.StatusCode = 0
		}
	}
	if e.StatusCode != 0 {
		return 0, j.errorOf(path, e, direct)
	}
	if err := json.Unmarshal(e.Data, data); err != nil {
		return 0, fmt.Errorf("%s: data %s: %w", path, e.Data, err)
	}
	return strconv.ParseUint(r.header.Get("X-Kamaitachi-Applied"), 10, 64)
}

// errorOf returns the error that an answer tells.
func (j *Target) errorOf(path string, e envelopeJSON, direct error) error {
	codes := map[int][]protocol.Code{
		400: {protocol.CodeBadRequest, protocol.CodeUnknownIndicator}, 404: {protocol.CodeNotFound},
	}[e.StatusCode]
	if strings.Contains(path, "/selection/") {
		codes = nil
		if e.StatusCode == -1 {
			codes = []protocol.Code{protocol.CodeBadRequest, protocol.CodeUnknownIndicator, protocol.CodeNotFound}
		}
	}
	for _, code := range codes {
		if err := protocol.Errorf(code, "%s", e.StatusMsg); oracle.DiffErrors(direct, err) == "" {
			return err
		}
	}
	return fmt.Errorf("%s: status_code %d %q, which does not say %w", path, e.StatusCode, e.StatusMsg, direct)
}

// object builds the body of a request; members that are their type's zero are left out.
type object map[string]any

func (o object) String() string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]any(o)); err != nil {
		panic(err)
	}
	return b.String()
}

func (o object) view(v *protocol.View) object {
	o["ids"] = strings.Join(v.IDs, ",")
	o["report_types"], o["known_at"] = v.ReportTypes, v.KnownAt.Seconds
	if v.Table != "" {
		o["table"] = v.Table
	}
	return o
}

func (o object) ranking(q *protocol.Ranking) object {
	o["field"], o["offset"], o["limit"] = q.Field, q.Offset, q.Limit
	switch q.Order {
	case protocol.Descending:
	case protocol.Ascending:
		o["order"] = 1
	default:
		o["order"] = 7 // any other order that there is not
	}
	return o
}

func (o object) selection(s *protocol.Selection) object {
	o["selection"] = object{"id": s.Kind, "topic": s.Topic, "subject": s.Subject, "keyword": s.Keyword}
	return o
}

func (o object) days(r protocol.Range) object {
	if r.From.Given {
		o["start_date"] = string(protocol.AppendDay(nil, r.From.Seconds))
	}
	if r.To.Given {
		o["end_date"] = string(protocol.AppendDay(nil, r.To.Seconds))
	}
	return o
}

func (o object) span(r protocol.Range) object {
	if r.From.Given {
		o["from"] = r.From.Seconds
	}
	if r.To.Given {
		o["to"] = r.To.Seconds
	}
	return o
}

// zeroMeansAbsent tells whether JSON can say an instant of which 0 means that none is given (decision 9).
func zeroMeansAbsent(i protocol.Instant) bool { return !i.Given || i.Seconds != 0 }

// wholeDays tells whether a range is one from the start of a day to the end of one.
func wholeDays(r protocol.Range) bool {
	fits := func(i protocol.Instant, offset int64) bool {
		valid := i.Seconds >= protocol.MinTime && i.Seconds <= protocol.MaxTime
		return !i.Given || valid && protocol.DayStart(i.Seconds)+offset == i.Seconds
	}
	return fits(r.From, 0) && fits(r.To, protocol.SecondsPerDay-1)
}

func (j *Target) Snapshot(q *protocol.Snapshot, r *protocol.Result) error {
	if !zeroMeansAbsent(q.Timestamp) || !zeroMeansAbsent(q.KnownAt) || !wholeDays(q.Range) {
		return j.Direct.Snapshot(q, r)
	}
	o := object{"topic": q.Topic, "timestamp": q.Timestamp.Seconds, "subject_keys": q.Subjects}
	return j.ranked("/kamaitachi/api/data/v1/snapshot", o.view(&q.View).ranking(&q.Ranking).days(q.Range), q, r)
}

func (j *Target) SelectSnapshot(q *protocol.SelectSnapshot, r *protocol.Result) error {
	if !zeroMeansAbsent(q.Timestamp) || !zeroMeansAbsent(q.KnownAt) || !wholeDays(q.Range) {
		return j.Direct.SelectSnapshot(q, r)
	}
	o := object{"timestamp": q.Timestamp.Seconds}.selection(&q.Selection)
	return j.ranked("/kamaitachi/api/selection/v1/snapshot", o.view(&q.View).ranking(&q.Ranking).days(q.Range), q, r)
}

func (j *Target) Period(q *protocol.Period, r *protocol.Result) error {
	if !zeroMeansAbsent(q.KnownAt) || q.With&protocol.WithSuperseded != 0 {
		return j.Direct.Period(q, r)
	}
	o := object{"subjects": strings.Join(q.Subjects, " ,, ")}
	return j.series("/kamaitachi/api/data/v1/period", o.view(&q.View).span(q.Range), q, r)
}

func (j *Target) Recent(q *protocol.Recent, r *protocol.Result) error {
	bad := func(p int64) bool { return p < protocol.MinTime || p > protocol.MaxTime }
	if !zeroMeansAbsent(q.KnownAt) || slices.ContainsFunc(q.Periods, bad) {
		return j.Direct.Recent(q, r)
	}
	var periods []string
	for _, p := range q.Periods {
		periods = append(periods, time.Unix(p, 0).UTC().Format("20060102"))
	}
	o := object{"subject_keys": q.Subjects, "periods": periods, "limit": q.Limit}
	return j.series("/api/v1/snapshot/recent", o.view(&q.View), q, r)
}

func (j *Target) SelectPeriod(q *protocol.SelectPeriod, r *protocol.Result) error {
	if !zeroMeansAbsent(q.KnownAt) {
		return j.Direct.SelectPeriod(q, r)
	}
	o := object{}.selection(&q.Selection).view(&q.View).ranking(&q.Ranking).span(q.Range)
	return j.byDay("/kamaitachi/api/selection/v1/period", o, q, r)
}

func (j *Target) Get(q *protocol.Get, r *protocol.Result) error {
	path := "/data/v1/get/" + url.PathEscape(q.Subject)
	if q.Table != "" {
		path += "?tableId=" + url.QueryEscape(q.Table)
	}
	var data rowJSON
	d := j.direct(q)
	applied, err := j.call("GET", path, "", &data, d.Err)
	if err != nil {
		return err
	}
	return j.rows(applied, []rowJSON{data}, 0, d.Result, r)
}

func (j *Target) Search(q *protocol.Search, r *protocol.Result) error {
	if !zeroMeansAbsent(q.Range.From) || !zeroMeansAbsent(q.Range.To) {
		return j.Direct.Search(q, r)
	}
	o := object{"subjectIds": q.Subjects, "offset": q.Offset, "limit": q.Limit,
		"startTime": q.Range.From.Seconds, "endTime": q.Range.To.Seconds}
	if q.Table != "" {
		o["tableId"] = q.Table
	}
	var data struct {
		Rows  []rowJSON
		Count int
	}
	d := j.direct(q)
	applied, err := j.call("POST", "/data/v1/search", o.String(), &data, d.Err)
	if err != nil {
		return err
	}
	return j.rows(applied, data.Rows, data.Count, d.Result, r)
}

func (j *Target) Subjects(q *protocol.ListSubjects, l *protocol.SubjectList) error {
	args := url.Values{"limit": {strconv.Itoa(q.Limit)}, "topic": {q.Topic}, "after": {q.After}}
	for _, tag := range q.Tags {
		args.Add("tag."+tag.Kind, tag.Text)
	}
	var data []subjectJSON
	applied, err := j.call("GET", "/api/v1/subjects?"+args.Encode(), "", &data, j.direct(q).Err)
	if err != nil {
		return err
	}
	*l = protocol.SubjectList{Applied: applied}
	for _, s := range data {
		l.Subjects = append(l.Subjects, s.subject())
	}
	return nil
}

func (j *Target) Catalog() *protocol.Catalog {
	var data []struct {
		Number            uint32
		Name              string
		DefaultReportType string `json:"default_report_type"`
		Indicators        []protocol.Indicator
	}
	c := &protocol.Catalog{Version: j.Model.Catalog().Version}
	applied, err := j.call("GET", "/api/v1/tables", "", &data, nil)
	if err != nil {
		j.TB.Errorf("tables: %v", err)
	}
	c.Applied = applied
	for _, t := range data {
		c.Tables = append(c.Tables, &protocol.Table{Number: t.Number, Name: t.Name,
			DefaultReportType: t.DefaultReportType, Indicators: t.Indicators})
	}
	return c
}

func (j *Target) Apply(w *protocol.Write) (uint64, error) {
	j.At(w.Time)
	send := func(method, path, body string) (uint64, error) {
		var data json.RawMessage
		direct := wouldSay(j.Model.Catalog().Tables, w)
		return j.call(method, path, body, &data, direct)
	}
	if body, ok := saveBodyOf(w.Put); ok {
		return send("POST", "/data/v1/save?id="+url.QueryEscape(w.Put.Table), body)
	}
	if d := w.Delete; d != nil && len(d.Subjects) == 1 {
		return send("DELETE", "/data/v1/delete/"+url.PathEscape(d.Subjects[0])+"/?tableId="+url.QueryEscape(d.Table), "")
	}
	if body, ok := subjectsBodyOf(w.Subjects); ok {
		return send("POST", "/api/v1/subjects", body)
	}
	return j.Direct.Apply(w)
}

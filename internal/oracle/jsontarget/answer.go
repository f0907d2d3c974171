package jsontarget

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// subjectJSON is what an answer says about a subject.
type subjectJSON struct {
	Subject     string
	Name        string
	Status      string
	ListingDate string `json:"listing_date"`
	Category    string
	Topics      []string
	Tags        map[string][]string
}

func (s *subjectJSON) subject() *protocol.Subject {
	out := &protocol.Subject{Key: s.Subject, Name: s.Name, Status: s.Status, ListingDate: s.ListingDate,
		Category: s.Category, Topics: s.Topics}
	for kind, texts := range s.Tags {
		for _, text := range texts {
			out.Tags = append(out.Tags, protocol.Tag{Kind: kind, Text: text})
		}
	}
	return out
}

// fieldsJSON is a report or the values of a snapshot: fixed fields and indicators.
type fieldsJSON map[string]any

// entryJSON is an entry whose data is one report, seriesJSON one with several.
type (
	entryJSON struct {
		Subject subjectJSON
		Data    fieldsJSON
	}
	seriesJSON struct {
		Subject subjectJSON
		Data    []fieldsJSON
	}
	rowJSON struct {
		ID                     string
		Data                   orderedRows
		CreateTime, UpdateTime int64
	}
)

// orderedRows are the reports of a row in the order in which they stand.
type orderedRows []struct {
	seconds int64
	values  []*float64
}

func (o *orderedRows) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var values []*float64
		if err := d.Decode(&values); err != nil {
			return err
		}
		seconds, err := strconv.ParseInt(name.(string), 10, 64)
		if err != nil {
			return err
		}
		*o = append(*o, struct {
			seconds int64
			values  []*float64
		}{seconds, values})
	}
	return nil
}

// table collects rows and turns them into columns.
type table struct {
	ids  []string
	rows [][]float64
	into *protocol.Result
}

func newTable(r *protocol.Result, applied uint64, direct *protocol.Result) *table {
	r.Reset()
	if direct == nil {
		direct = &protocol.Result{} // the model refuses what was answered; the comparison will say so
	}
	r.Applied, r.With, r.IDs = applied, direct.With, append(r.IDs, direct.IDs...)
	return &table{ids: r.IDs, into: r}
}

func (t *table) add(s *protocol.Subject, f fieldsJSON) {
	t.into.Subjects = append(t.into.Subjects, s)
	row := make([]float64, len(t.ids))
	for c, id := range t.ids {
		row[c] = protocol.Missing
		if v, ok := f[id].(float64); ok {
			row[c] = v
		}
		delete(f, id)
	}
	t.rows = append(t.rows, row)
}

func (t *table) endGroup() { t.into.Groups = append(t.into.Groups, int32(len(t.rows))) }

// finish writes the columns; heads come from the direct answer, if JSON has said the same of each.
func (t *table) finish(direct *protocol.Result, rest []fieldsJSON, fixed func(string, *protocol.Head) fieldsJSON) error {
	for c := range t.ids {
		for _, row := range t.rows {
			t.into.Values = append(t.into.Values, row[c])
		}
	}
	if direct == nil || len(direct.Heads) == 0 {
		return nil
	}
	if fixed != nil && len(direct.Heads) != len(rest) {
		return fmt.Errorf("%d rows in JSON, %d in the model", len(rest), len(direct.Heads))
	}
	for i := range rest {
		want := fieldsJSON{}
		if fixed != nil {
			want = fixed(t.into.Subjects[i].Key, &direct.Heads[i])
		}
		if fmt.Sprint(rest[i]) != fmt.Sprint(want) {
			return fmt.Errorf("row %d has fields %v besides its values, want %v", i, rest[i], want)
		}
	}
	t.into.Heads = append(t.into.Heads, direct.Heads...)
	return nil
}

// fixedFields returns the fixed fields of a report (semantics 19, http-api.md).
func fixedFields(withType bool) func(string, *protocol.Head) fieldsJSON {
	return func(key string, h *protocol.Head) fieldsJSON {
		f := fieldsJSON{
			"end_date": string(protocol.AppendDay(nil, h.ReportDate)), "period": h.Period, "declare_date": "",
			"year": fmt.Sprint(h.Year), "combine": fmt.Sprintf("%s:%d_%s", key, h.Year, h.Period),
		}
		if h.DeclareDate.Given {
			f["declare_date"] = string(protocol.AppendDay(nil, h.DeclareDate.Seconds))
		}
		if withType {
			f["report_type"] = h.Type
		}
		return f
	}
}

func (j *Target) ranked(path string, o object, q oracletest.Query, r *protocol.Result) error {
	var data []entryJSON
	d := j.direct(q)
	applied, err := j.call("POST", path, o.String(), &data, d.Err)
	if err != nil {
		return err
	}
	if data == nil {
		return fmt.Errorf("%s: data is null", path)
	}
	t := newTable(r, applied, d.Result)
	var rest []fieldsJSON
	for _, e := range data {
		t.add(e.Subject.subject(), e.Data)
		rest = append(rest, e.Data)
	}
	return t.finish(d.Result, rest, nil)
}

func (j *Target) series(path string, o object, q oracletest.Query, r *protocol.Result) error {
	var data []seriesJSON
	d := j.direct(q)
	applied, err := j.call("POST", path, o.String(), &data, d.Err)
	if err != nil {
		return err
	}
	if data == nil {
		return fmt.Errorf("%s: data is null", path)
	}
	t := newTable(r, applied, d.Result)
	var rest []fieldsJSON
	for _, e := range data {
		s := e.Subject.subject()
		for _, report := range e.Data {
			t.add(s, report)
			rest = append(rest, report)
		}
		t.endGroup()
	}
	return t.finish(d.Result, rest, fixedFields(strings.HasSuffix(path, "recent")))
}

func (j *Target) byDay(path string, o object, q oracletest.Query, r *protocol.Result) error {
	var data map[string][]entryJSON
	d := j.direct(q)
	applied, err := j.call("POST", path, o.String(), &data, d.Err)
	if err != nil {
		return err
	}
	if data == nil {
		return fmt.Errorf("%s: data is null", path)
	}
	t := newTable(r, applied, d.Result)
	var days []string
	for day := range data {
		days = append(days, day)
	}
	slices.Sort(days)
	slices.Reverse(days)
	var rest []fieldsJSON
	for _, day := range days {
		for _, e := range data[day] {
			if e.Data["end_date"] != day {
				return fmt.Errorf("%s: a report of %v stands under %s", path, e.Data["end_date"], day)
			}
			t.add(e.Subject.subject(), e.Data)
			rest = append(rest, e.Data)
		}
		t.endGroup()
	}
	return t.finish(d.Result, rest, fixedFields(false))
}

// rows fills a result from rows in full table width.
func (j *Target) rows(applied uint64, data []rowJSON, total int, direct, r *protocol.Result) error {
	t := newTable(r, applied, direct)
	r.Total = total
	var dates []int64
	for _, row := range data {
		s := &protocol.Subject{Key: row.ID}
		for _, report := range row.Data {
			if len(report.values) != len(t.ids) {
				return fmt.Errorf("row of %q has %d values, want %d", row.ID, len(report.values), len(t.ids))
			}
			f := fieldsJSON{}
			for c, v := range report.values {
				if v != nil {
					f[t.ids[c]] = *v
				}
			}
			t.add(s, f)
			dates = append(dates, report.seconds)
		}
		t.endGroup()
		r.Stamps = append(r.Stamps, protocol.Stamp{Create: row.CreateTime, Update: row.UpdateTime})
	}
	for i, seconds := range dates {
		if direct != nil && i < len(direct.Heads) && direct.Heads[i].ReportDate != seconds {
			return fmt.Errorf("row %d is of %d, want %d", i, seconds, direct.Heads[i].ReportDate)
		}
	}
	return t.finish(direct, nil, nil)
}

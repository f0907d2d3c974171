package store

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// model is a store as a plain map would be one.
type model struct {
	applied  uint64
	tables   map[uint32]protocol.Table
	subjects map[string]protocol.Subject
	rows     map[string]protocol.Report // by table and identity
	stamps   map[string]protocol.Stamp  // by "table/subject"
}

func newModel() *model {
	return &model{tables: map[uint32]protocol.Table{}, subjects: map[string]protocol.Subject{},
		rows: map[string]protocol.Report{}, stamps: map[string]protocol.Stamp{}}
}

func (m *model) clone() *model {
	c := newModel()
	c.applied = m.applied
	for k, v := range m.tables {
		c.tables[k] = v
	}
	for k, v := range m.subjects {
		c.subjects[k] = v
	}
	for k, v := range m.rows {
		c.rows[k] = v
	}
	for k, v := range m.stamps {
		c.stamps[k] = v
	}
	return c
}

func seriesName(table uint32, subject string) string { return fmt.Sprintf("%d/%s", table, subject) }

// content is what a store with the same history holds.
func (m *model) content() content {
	c := content{Applied: m.applied, Series: map[string]series{}}
	for _, t := range m.tables {
		c.Tables = append(c.Tables, t)
	}
	slices.SortFunc(c.Tables, func(a, b protocol.Table) int { return cmp.Compare(a.Number, b.Number) })
	for _, s := range m.subjects {
		c.Subjects = append(c.Subjects, s)
	}
	slices.SortFunc(c.Subjects, func(a, b protocol.Subject) int { return cmp.Compare(a.Key, b.Key) })
	for id, r := range m.rows {
		name, _, _ := strings.Cut(id, "|")
		s := c.Series[name]
		s.Stamp = m.stamps[name]
		s.Rows = append(s.Rows, cloneRows([]protocol.Report{r})...)
		c.Series[name] = s
	}
	for _, s := range c.Series {
		slices.SortFunc(s.Rows, compareIdentity)
	}
	return c
}

// compareIdentity orders the reports of one subject as semantics and architecture ask for.
func compareIdentity(a, b protocol.Report) int {
	if c := cmp.Compare(a.ReportDate, b.ReportDate); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Type, b.Type); c != 0 {
		return c
	}
	switch {
	case a.DeclareDate.Before(b.DeclareDate):
		return -1
	case b.DeclareDate.Before(a.DeclareDate):
		return 1
	}
	return 0
}

// Generators: few names, so that things meet, of which some begin with others; and all kinds of times and numbers.
var (
	drawTable   = rapid.SampledFrom([]uint32{1, 2, 255, 256, 1<<32 - 1})
	drawSubject = rapid.SampledFrom([]string{"33:1", "33:10", "33:1 ", "33:1é", "a", strings.Repeat("s", 255)})
	drawName    = rapid.SampledFrom([]string{"0408", "04", "04081", "x", "é", "年报"})
	drawTime    = rapid.OneOf(rapid.SampledFrom([]int64{protocol.MinTime, -1, 0, 1, 86400, protocol.MaxTime}),
		rapid.Int64Range(-3, 3), rapid.Int64Range(protocol.MinTime, protocol.MaxTime))
	drawText   = rapid.StringMatching(`[a-zé年 ]{0,12}`)
	drawNumber = rapid.OneOf(rapid.Just(protocol.Missing), rapid.Float64())
)

var drawReport = rapid.Custom(func(t *rapid.T) protocol.Report {
	r := protocol.Report{
		Subject:    drawSubject.Draw(t, "subject"),
		ReportDate: drawTime.Draw(t, "report_date"),
		Type:       drawName.Draw(t, "report_type"),
		Period:     drawText.Draw(t, "period"),
		Year:       rapid.Int32().Draw(t, "year"),
		Values:     rapid.SliceOfN(drawNumber, 0, 20).Draw(t, "values"),
	}
	if rapid.Bool().Draw(t, "declared") {
		r.DeclareDate = protocol.At(drawTime.Draw(t, "declare_date"))
	}
	return r
})

var drawSubjectRecord = rapid.Custom(func(t *rapid.T) protocol.Subject {
	s := protocol.Subject{Key: drawSubject.Draw(t, "key"), Name: drawText.Draw(t, "name"), Status: drawText.Draw(t, "status"),
		ListingDate: drawText.Draw(t, "listing_date"), Category: drawText.Draw(t, "category")}
	for range rapid.IntRange(0, 4).Draw(t, "topics") {
		s.Topics = append(s.Topics, drawText.Draw(t, "topic"))
	}
	for range rapid.IntRange(0, 4).Draw(t, "tags") {
		s.Tags = append(s.Tags, protocol.Tag{Kind: drawText.Draw(t, "kind"), Text: drawText.Draw(t, "text")})
	}
	return s
})

var drawTableRecord = rapid.Custom(func(t *rapid.T) protocol.Table {
	table := protocol.Table{Number: drawTable.Draw(t, "number"), Name: drawText.Draw(t, "name"),
		DefaultReportType: drawName.Draw(t, "default")}
	for range rapid.IntRange(0, 4).Draw(t, "indicators") {
		table.Indicators = append(table.Indicators, protocol.Indicator{ID: drawText.Draw(t, "id"),
			Code: drawText.Draw(t, "code"), Title: drawText.Draw(t, "title"), Unit: drawText.Draw(t, "unit")})
	}
	return table
})

// change makes one random change to a batch and to the model.
func change(t *rapid.T, b *Batch, m *model) {
	table, subject := drawTable.Draw(t, "table"), drawSubject.Draw(t, "of")
	name := seriesName(table, subject)
	switch rapid.SampledFrom([]string{"row", "row", "row", "row", "delete", "stamp", "unstamp", "subject", "table"}).Draw(t, "change") {
	case "row":
		r := drawReport.Draw(t, "report")
		b.PutRow(table, &r)
		m.rows[fmt.Sprintf("%s|%d|%s|%v", seriesName(table, r.Subject), r.ReportDate, r.Type, r.DeclareDate)] = r
	case "delete":
		b.DeleteRows(table, subject)
		for id := range m.rows {
			if strings.HasPrefix(id, name+"|") {
				delete(m.rows, id)
			}
		}
	case "stamp":
		st := protocol.Stamp{Create: drawTime.Draw(t, "create"), Update: drawTime.Draw(t, "update")}
		b.PutStamp(table, subject, st)
		m.stamps[name] = st
	case "unstamp":
		b.DeleteStamp(table, subject)
		delete(m.stamps, name)
	case "subject":
		s := drawSubjectRecord.Draw(t, "record")
		b.PutSubject(&s)
		m.subjects[s.Key] = s
	case "table":
		record := drawTableRecord.Draw(t, "record")
		b.PutTable(&record)
		m.tables[record.Number] = record
	}
}

// Whatever is put, overwritten and deleted, in whatever batches, dropped or committed, before or after opening again: the
// store holds what a map would.
func TestStoreHoldsWhatAMapWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fs := vfs.NewMem()
		s := mustOpen(t, "db", memOptions(fs))
		defer func() { must(t, s.Close()) }()
		m := newModel()
		for range rapid.IntRange(1, 6).Draw(t, "batches") {
			b, next := s.NewBatch(), m.clone()
			for range rapid.IntRange(0, 12).Draw(t, "changes") {
				change(t, b, next)
			}
			if rapid.IntRange(0, 5).Draw(t, "drop") > 0 {
				next.applied += uint64(rapid.IntRange(0, 3).Draw(t, "step"))
				must(t, b.Commit(next.applied, rapid.Bool().Draw(t, "sync")))
				m = next
			}
			must(t, b.Close())
			if rapid.IntRange(0, 3).Draw(t, "reopen") == 0 {
				must(t, s.Close())
				s = mustOpen(t, "db", memOptions(fs))
			}
			checkModel(t, s, m)
		}
	})
}

func checkModel(t *rapid.T, s *Store, m *model) {
	want := m.content()
	got, err := read(s, 1, 2, 255, 256, 1<<32-1)
	must(t, err)
	if d := gocmp.Diff(want, got, sameBits); d != "" {
		t.Fatalf("-want +got:\n%s", d)
	}
	table, subject := drawTable.Draw(t, "asked table"), drawSubject.Draw(t, "asked subject")
	found, err := s.Series(table, subject)
	must(t, err)
	wanted := want.Series[seriesName(table, subject)]
	if d := gocmp.Diff(cloneRows(wanted.Rows), cloneRows(found.Reports), sameBits); d != "" {
		t.Fatalf("Series(%d, %q): -want +got:\n%s", table, subject, d)
	}
	if len(wanted.Rows) > 0 && found.Stamp != wanted.Stamp || found.Applied != s.Applied() {
		t.Fatalf("Series(%d, %q) is of %+v at %d, want %+v at %d", table, subject, found.Stamp, found.Applied, wanted.Stamp, s.Applied())
	}
	checkWithin(t, s, table, want)
}

// checkWithin reads the series of a range of subjects.
func checkWithin(t *rapid.T, s *Store, table uint32, want content) {
	from, before := drawSubject.Draw(t, "from"), drawSubject.Draw(t, "before")
	got := map[string]bool{}
	must(t, s.EachSeriesWithin(table, from, before, func(subject string, st protocol.Stamp, rows []protocol.Report) error {
		got[subject] = true
		wanted := want.Series[seriesName(table, subject)]
		if d := gocmp.Diff(cloneRows(wanted.Rows), cloneRows(rows), sameBits); d != "" || st != wanted.Stamp {
			t.Fatalf("series %q from %q before %q, stamp %+v want %+v: -want +got:\n%s", subject, from, before, st, wanted.Stamp, d)
		}
		return nil
	}))
	for _, r := range s.subjectsOf(t, table) {
		if inside := r >= from && r < before; inside != got[r] {
			t.Fatalf("series %q from %q before %q: read %v", r, from, before, got[r])
		}
	}
}

// subjectsOf returns the subjects that have reports in a table.
func (s *Store) subjectsOf(t *rapid.T, table uint32) (all []string) {
	must(t, s.EachSeries(table, func(subject string, _ protocol.Stamp, _ []protocol.Report) error {
		all = append(all, subject)
		return nil
	}))
	return all
}

// The order of row keys as bytes is that of table, subject, report_date, report_type, declare_date.
func TestRowKeyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ta, tb := drawTable.Draw(t, "table a"), drawTable.Draw(t, "table b")
		a, b := drawReport.Draw(t, "a"), drawReport.Draw(t, "b")
		want := cmp.Or(cmp.Compare(ta, tb), cmp.Compare(a.Subject, b.Subject), compareIdentity(a, b))
		ka, kb := appendRowKey(nil, ta, &a), appendRowKey(nil, tb, &b)
		if got := bytes.Compare(ka, kb); got != want {
			t.Fatalf("keys %x and %x compare as %d, want %d", ka, kb, got, want)
		}
		k, ok := parseRowKey(ka)
		if !ok || k.table != ta || string(k.subject) != a.Subject || k.reportDate != a.ReportDate ||
			string(k.reportType) != a.Type || k.declareDate != a.DeclareDate {
			t.Fatalf("%x was taken apart as %+v, %v", ka, k, ok)
		}
	})
}

package store

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// sameBits compares numbers by their bits, so that Missing equals itself and -0 differs from 0.
var sameBits = cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })

// quiet drops what Pebble logs.
func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// memOptions are those of a small store in memory.
func memOptions(fs vfs.FS) Options {
	return Options{FS: fs, Logger: quiet(), CacheBytes: 1 << 20, MemTableBytes: minMemTableBytes}
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func must(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

func mustOpen(t fataler, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	must(t, err)
	return s
}

// openTemp opens a new store in memory and closes it with the test.
func openTemp(t *testing.T) *Store {
	t.Helper()
	s := mustOpen(t, "db", memOptions(vfs.NewMem()))
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// commit fills a batch and commits it, synced.
func commit(t fataler, s *Store, applied uint64, fill func(b *Batch)) {
	t.Helper()
	b := s.NewBatch()
	fill(b)
	must(t, b.Commit(applied, true))
	must(t, b.Close())
}

// series is what EachSeries says of one subject.
type series struct {
	Stamp protocol.Stamp
	Rows  []protocol.Report
}

// content is all that a store holds, for comparison.
type content struct {
	Applied  uint64
	Tables   []protocol.Table
	Subjects []protocol.Subject
	Series   map[string]series // by "table/subject"
}

// read copies everything out of a store; tables tells which tables to look for series in.
func read(s *Store, tables ...uint32) (content, error) {
	c := content{Applied: s.Applied(), Series: map[string]series{}}
	var err error
	if c.Tables, err = s.Tables(); err != nil {
		return c, err
	}
	err = s.EachSubject(func(subject *protocol.Subject) error {
		c.Subjects = append(c.Subjects, *subject)
		return nil
	})
	if err != nil {
		return c, err
	}
	for _, table := range tables {
		last := ""
		err := s.EachSeries(table, func(subject string, st protocol.Stamp, rows []protocol.Report) error {
			if subject <= last {
				return fmt.Errorf("subject %q came after %q", subject, last)
			}
			last = subject
			c.Series[fmt.Sprintf("%d/%s", table, subject)] = series{Stamp: st, Rows: cloneRows(rows)}
			return nil
		})
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// cloneRows copies rows, without the missing values at the end of each, which the store may drop.
func cloneRows(rows []protocol.Report) []protocol.Report {
	out := make([]protocol.Report, len(rows))
	for i, r := range rows {
		width := len(r.Values)
		for width > 0 && protocol.IsMissing(r.Values[width-1]) {
			width--
		}
		r.Values = append([]float64{}, r.Values[:width]...)
		out[i] = r
	}
	return out
}

// marketKey is the key of subject i of a market.
func marketKey(i int) string { return fmt.Sprintf("33:%08d", i) }

// market fills a small store that Verify finds right: subjects x quarters rows of table 1, with some holes.
func market(b *Batch, from, subjects, quarters int) {
	b.PutTable(&protocol.Table{Number: 1, Name: "finance", DefaultReportType: "0408", Indicators: []protocol.Indicator{
		{ID: "operating_income", Code: "1001"}, {ID: "net_profit"}, {ID: "total_assets"},
	}})
	for i := from; i < from+subjects; i++ {
		s := protocol.NewSubject(marketKey(i))
		b.PutSubject(&s)
		b.PutStamp(1, s.Key, protocol.Stamp{Create: int64(i), Update: int64(i + 1)})
		for q := range quarters {
			b.PutRow(1, &protocol.Report{
				Subject: s.Key, ReportDate: int64(q) * 91 * protocol.SecondsPerDay, Type: "0408", Period: "596001",
				Values: []float64{float64(i * q), protocol.Missing, float64(i) + float64(q)/4},
			})
		}
	}
}

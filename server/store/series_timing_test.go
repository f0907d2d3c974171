package store

import (
	"fmt"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// BenchmarkEachSeries is what start-up does: it reads all rows of a table from disk. rows/s and values/s are reported.
func BenchmarkEachSeries(b *testing.B) {
	const subjects, quarters = 5000, 24
	for _, width := range []int{6, 60} {
		b.Run(fmt.Sprintf("%d-values", width), func(b *testing.B) {
			s := mustOpen(b, b.TempDir(), Options{Logger: quiet()})
			fillWide(b, s, subjects, quarters, width)
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				err := s.EachSeries(1, func(_ string, _ protocol.Stamp, r []protocol.Report) error {
					rows += len(r)
					return nil
				})
				must(b, err)
			}
			perSecond := float64(rows) / b.Elapsed().Seconds()
			b.ReportMetric(perSecond, "rows/s")
			b.ReportMetric(perSecond*float64(width), "values/s")
			must(b, s.Close())
		})
	}
}

// fillWide writes rows with width values each and moves them into data files.
func fillWide(b *testing.B, s *Store, subjects, quarters, width int) {
	b.Helper()
	r := protocol.Report{Type: "0408", Period: "596001", Year: 2023, Values: make([]float64, width)}
	for i := range subjects {
		commit(b, s, s.Applied()+1, func(w *Batch) {
			r.Subject = marketKey(i)
			w.PutStamp(1, r.Subject, protocol.Stamp{Create: 1, Update: 2})
			for q := range quarters {
				r.ReportDate = int64(q) * 91 * protocol.SecondsPerDay
				for v := range r.Values {
					r.Values[v] = float64(i*q) + float64(v)/7
				}
				w.PutRow(1, &r)
			}
		})
	}
	must(b, s.flush())
	must(b, s.db.Compact(b.Context(), []byte{0}, []byte{0xff}, true))
}

func BenchmarkDecodeRow(b *testing.B) {
	r := protocol.Report{Period: "596001", Year: 2023, Values: []float64{1, 2, protocol.Missing, 4, 5, 6}}
	value := appendRow(nil, &r)
	var values []float64
	b.ReportAllocs()
	for b.Loop() {
		var err error
		_, values, err = decodeRow(value, values[:0])
		must(b, err)
	}
}

// Reading rows allocates for subjects and for growth, never for a row.
func TestDecodeRowDoesNotAllocate(t *testing.T) {
	r := protocol.Report{Subject: "33:1", Type: "0408", Period: "596001", Values: []float64{1, protocol.Missing, 3}}
	key, value := appendRowKey(nil, 1, &r), appendRow(nil, &r)
	rr := rowReader{texts: interner{}}
	read := func() {
		rr.rows, rr.values = rr.rows[:0], rr.values[:0]
		k, ok := parseRowKey(key)
		if !ok {
			t.Fatal("the key was not read")
		}
		must(t, rr.add("33:1", &k, key, value))
	}
	read()
	if n := testing.AllocsPerRun(100, read); n != 0 {
		t.Errorf("%v allocations for a row", n)
	}
}

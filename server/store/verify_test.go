package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/kamaitachi/kamaitachi/protocol"
)

func TestVerifyCounts(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{Logger: quiet()})
	commit(t, s, 7, func(b *Batch) { market(b, 0, 10, 4) })
	hash, err := s.RowHash()
	must(t, err)
	want := Report{ClusterID: s.ClusterID(), NodeID: s.NodeID(), Applied: 7,
		Tables: 1, Subjects: 10, Series: 10, Reports: 40, Values: 80, RowHash: hash}
	if _, err := Verify(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("while it is open: error is %v, want ErrLocked", err)
	}
	must(t, s.Close())
	got, err := Verify(dir)
	must(t, err)
	if got.Files == 0 {
		t.Error("no data file was looked at")
	}
	want.Files = got.Files
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// misfit is a change after which a market does not fit together, and what is said of it.
type misfit struct {
	name string
	do   func(b *Batch)
	text []string // one for each problem
}

func misfits() []misfit {
	row := func(change func(r *protocol.Report)) func(b *Batch) {
		r := protocol.Report{Subject: "33:00000001", Type: "0408", ReportDate: 9, Values: []float64{1}}
		change(&r)
		return func(b *Batch) { b.PutRow(1, &r) }
	}
	raw := func(key, value []byte) func(b *Batch) {
		return func(b *Batch) { b.key, b.value = key, value; b.set() }
	}
	lone := protocol.Report{Subject: "33:00000001", Type: "0408", Values: []float64{1}}
	return []misfit{
		{"a subject that does not exist", row(func(r *protocol.Report) { r.Subject = "44:1" }),
			[]string{`subject "44:1" does not exist`, `stamp of table 1, subject "44:1" is missing`}},
		{"a table that does not exist", func(b *Batch) { b.PutRow(9, &lone); b.PutStamp(9, lone.Subject, protocol.Stamp{}) },
			[]string{"table 9 does not exist"}},
		{"too many values", row(func(r *protocol.Report) { r.Values = []float64{1, 2, 3, 4} }), []string{"4 values for 3 indicators"}},
		{"a series without a stamp", func(b *Batch) { b.DeleteStamp(1, "33:00000002") },
			[]string{`stamp of table 1, subject "33:00000002" is missing`}},
		{"a stamp without a series, last", func(b *Batch) { b.PutStamp(1, "zz", protocol.Stamp{}) },
			[]string{`no rows for the stamp of table 1, subject "zz"`}},
		{"a stamp without a series, first", func(b *Batch) { b.DeleteRows(1, "33:00000000") },
			[]string{`no rows for the stamp of table 1, subject "33:00000000"`}},
		{"a row value that is no row", raw(appendRowKey(nil, 1, &lone), []byte{rowVersion}), []string{"ends too early"}},
		{"a row key that is none", raw(appendTableBytes('r', "33:00000001"), nil), []string{"not the form of a row's"}},
		{"a subject that is none", raw(appendSubjectKey(nil, "33:00000001"), nil), []string{`subject "33:00000001": it ends too early`}},
		{"a table that is none", raw([]byte{prefixTable, 1}, nil), []string{"not the form of a table's"}},
		{"a stamp that is none", raw(appendStampKey(nil, 1, "33:00000001"), []byte{3}), []string{"its version is 3"}},
		{"a meta record that is none", raw([]byte("mnew"), nil), []string{`unknown record: meta "new"`}},
		{"a record before all", raw([]byte("a"), nil), []string{"unknown record: with key 0x61"}},
		{"a record after all", raw([]byte("z"), nil), []string{"unknown record: with key 0x7a"}},
		{"a record in between", raw([]byte("n"), nil), []string{"unknown record: with key 0x6e"}},
	}
}

func TestVerifyListsWhatDoesNotFit(t *testing.T) {
	for _, c := range misfits() {
		fs := vfs.NewMem()
		s := mustOpen(t, "db", memOptions(fs))
		commit(t, s, 1, func(b *Batch) { market(b, 0, 4, 2); c.do(b) })
		must(t, s.Close())
		report, err := verify("db", memOptions(fs))
		if !errors.Is(err, ErrDamaged) || report.ProblemCount != len(c.text) || len(report.Problems) != len(c.text) {
			t.Errorf("%s: error %v, %d problems: %q; want %d", c.name, err, report.ProblemCount, report.Problems, len(c.text))
			continue
		}
		for i, text := range c.text {
			if !strings.Contains(report.Problems[i], text) {
				t.Errorf("%s: problem %d is %q, want %q in it", c.name, i, report.Problems[i], text)
			}
		}
	}
}

// appendTableBytes is a key that begins like those of table 1 and goes on with what it should not.
func appendTableBytes(prefix byte, rest string) []byte {
	lower, _ := tableBounds(prefix, 1)
	return append(lower, rest...)
}

func TestVerifyBoundsItsList(t *testing.T) {
	fs := vfs.NewMem()
	s := mustOpen(t, "db", memOptions(fs))
	commit(t, s, 1, func(b *Batch) {
		market(b, 0, 3*MaxProblems, 1)
		for i := range 3 * MaxProblems {
			b.DeleteStamp(1, marketKey(i))
		}
	})
	must(t, s.Close())
	report, err := verify("db", memOptions(fs))
	if !errors.Is(err, ErrDamaged) || len(report.Problems) != MaxProblems || report.ProblemCount != 3*MaxProblems {
		t.Errorf("error %v, %d problems listed of %d", err, len(report.Problems), report.ProblemCount)
	}
}

// hashOf is the hash of a new store after fill.
func hashOf(t *testing.T, fill func(s *Store)) string {
	t.Helper()
	s := openTemp(t)
	fill(s)
	h, err := s.RowHash()
	must(t, err)
	return h
}

// Two rows, and a store of them.
var (
	rowA = protocol.Report{Subject: "a", Type: "x", Values: []float64{1, 2}}
	rowB = protocol.Report{Subject: "b", Type: "x", ReportDate: -1, Values: []float64{protocol.Missing, 3}}
)

func hashOfRows(t *testing.T, rows ...protocol.Report) string {
	t.Helper()
	return hashOf(t, func(s *Store) {
		commit(t, s, 1, func(b *Batch) {
			for i := range rows {
				b.PutRow(1, &rows[i])
			}
		})
	})
}

// Stores with equal rows have equal hashes: in whatever order and batches they came, after whatever was deleted, with
// whatever ids, stamps and missing values at the end of a row.
func TestRowHashIsOfTheRowsAlone(t *testing.T) {
	got := hashOf(t, func(s *Store) {
		wide := rowA
		wide.Values = []float64{1, 2, protocol.Missing, protocol.Missing}
		other := protocol.Report{Subject: "b", Type: "y", Values: []float64{9}}
		commit(t, s, 4, func(b *Batch) { b.PutRow(1, &other) })
		must(t, s.flush())
		commit(t, s, 5, func(b *Batch) {
			b.DeleteRows(1, "b")
			b.PutRow(1, &rowB)
			b.PutStamp(1, "b", protocol.Stamp{Create: 5})
		})
		commit(t, s, 6, func(b *Batch) { b.PutRow(1, &wide) })
		must(t, s.db.Compact(t.Context(), []byte{0}, []byte{0xff}, false))
	})
	if want := hashOfRows(t, rowA, rowB); got != want {
		t.Errorf("equal rows have hashes %s and %s", want, got)
	}
}

func TestRowHashTellsRowsApart(t *testing.T) {
	seen := map[string]bool{hashOfRows(t): true, hashOfRows(t, rowA, rowB): true}
	for _, change := range []func(r *protocol.Report){
		func(r *protocol.Report) { r.Subject = "c" },
		func(r *protocol.Report) { r.ReportDate++ },
		func(r *protocol.Report) { r.DeclareDate = protocol.At(0) },
		func(r *protocol.Report) { r.Type = "y" },
		func(r *protocol.Report) { r.Period = "p" },
		func(r *protocol.Report) { r.Year = 1 },
		func(r *protocol.Report) { r.Values = []float64{1, 2, 0} },
	} {
		c := rowA
		change(&c)
		h := hashOfRows(t, c, rowB)
		if seen[h] {
			t.Errorf("%+v has a hash that other rows have", c)
		}
		seen[h] = true
	}
}

// Verify reads also what no reader gets to: blocks with nothing but deleted rows.
func TestVerifyReadsBlocksThatReadersSkip(t *testing.T) {
	fs := vfs.NewMem()
	s := mustOpen(t, "db", memOptions(fs))
	commit(t, s, 1, func(b *Batch) { market(b, 0, 1, 5000) })
	must(t, s.flush())
	before := s.db.NewSnapshot() // keeps the deleted rows on disk
	commit(t, s, 2, func(b *Batch) { b.DeleteRows(1, marketKey(0)); b.DeleteStamp(1, marketKey(0)) })
	must(t, s.flush())
	fl := readFiles(t, fs, "db")
	must(t, before.Close())
	must(t, s.Close())

	name := largest(fl, "data")
	data := fl[name]
	data[len(data)/2] ^= 1
	o := memOptions(fl.with(t, "", nil))
	o.ReadOnly = true
	s = mustOpen(t, "db", o)
	if _, err := read(s, 1); err != nil {
		t.Fatalf("a reader did get there: %v", err)
	}
	must(t, s.Close())
	if _, err := verify("db", o); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), name) {
		t.Errorf("error is %v, want ErrDamaged that names %s", err, name)
	}
}

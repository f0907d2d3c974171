package store

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// unstorable are changes that could not be read back.
func unstorable() map[string]func(b *Batch) {
	row := func(change func(r *protocol.Report)) func(b *Batch) {
		r := protocol.Report{Subject: "a", Type: "x", Values: []float64{1}}
		change(&r)
		return func(b *Batch) { b.PutRow(1, &r) }
	}
	table := func(t protocol.Table) func(b *Batch) { return func(b *Batch) { b.PutTable(&t) } }
	subject := func(s protocol.Subject) func(b *Batch) { return func(b *Batch) { b.PutSubject(&s) } }
	long := strings.Repeat("x", protocol.MaxKeyLen+1)
	return map[string]func(b *Batch){
		"no subject":          row(func(r *protocol.Report) { r.Subject = "" }),
		"subject with NUL":    row(func(r *protocol.Report) { r.Subject = "a\x00b" }),
		"long subject":        row(func(r *protocol.Report) { r.Subject = long }),
		"no type":             row(func(r *protocol.Report) { r.Type = "" }),
		"type with newline":   row(func(r *protocol.Report) { r.Type = "\n" }),
		"long period":         row(func(r *protocol.Report) { r.Period = long }),
		"infinity":            row(func(r *protocol.Report) { r.Values = []float64{math.Inf(-1)} }),
		"another NaN":         row(func(r *protocol.Report) { r.Values = []float64{math.NaN()} }),
		"too many values":     row(func(r *protocol.Report) { r.Values = make([]float64, protocol.MaxIndicators+1) }),
		"delete of no name":   func(b *Batch) { b.DeleteRows(1, "") },
		"stamp of no name":    func(b *Batch) { b.PutStamp(1, "", protocol.Stamp{}) },
		"unstamp of no name":  func(b *Batch) { b.DeleteStamp(1, "\x7f") },
		"table 0":             table(protocol.Table{Name: "x"}),
		"too many indicators": table(protocol.Table{Number: 1, Indicators: make([]protocol.Indicator, protocol.MaxIndicators+1)}),
		"subject of no name":  subject(protocol.Subject{}),
		"too many topics":     subject(protocol.Subject{Key: "a", Topics: make([]string, protocol.MaxTopics+1)}),
		"too many tags":       subject(protocol.Subject{Key: "a", Tags: make([]protocol.Tag, protocol.MaxTags+1)}),
	}
}

// What could not be read back is refused with the whole batch, also with what was put before and after it.
func TestCommitRefusesWhatCannotBeStored(t *testing.T) {
	s := openTemp(t)
	empty, err := s.RowHash()
	must(t, err)
	for name, put := range unstorable() {
		b := s.NewBatch()
		market(b, 0, 1, 1)
		put(b)
		market(b, 1, 1, 1)
		if err := b.Commit(9, true); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: error is %v, want ErrInvalid", name, err)
		}
		must(t, b.Close())
	}
	hash, err := s.RowHash()
	must(t, err)
	if s.Applied() != 0 || hash != empty {
		t.Errorf("a refused batch left something: applied %d, rows %s", s.Applied(), hash)
	}
}

func TestAppliedIndexNeverGoesBack(t *testing.T) {
	s := openTemp(t)
	for _, c := range []struct {
		applied uint64
		ok      bool
	}{{5, true}, {5, true}, {4, false}, {6, true}, {0, false}, {math.MaxUint64, true}} {
		b := s.NewBatch()
		if err := b.Commit(c.applied, false); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("commit %d: error is %v, want one: %v", c.applied, err, !c.ok)
		}
		must(t, b.Close())
	}
	if s.Applied() != math.MaxUint64 {
		t.Errorf("applied is %d", s.Applied())
	}
}

func TestBatchIsForOneCommit(t *testing.T) {
	s := openTemp(t)
	b := s.NewBatch()
	must(t, b.Commit(1, false))
	if err := b.Commit(2, false); !errors.Is(err, ErrInvalid) {
		t.Errorf("second commit: error is %v, want ErrInvalid", err)
	}
	must(t, b.Close())
	must(t, b.Close())
	b.PutStamp(1, "a", protocol.Stamp{})
	if err := b.Commit(3, false); !errors.Is(err, ErrInvalid) {
		t.Errorf("commit after Close: error is %v, want ErrInvalid", err)
	}
}

// Two batches of one value: a batch keeps nothing of what was put, so the caller may reuse it at once.
func TestBatchKeepsNothing(t *testing.T) {
	s := openTemp(t)
	commit(t, s, 1, func(b *Batch) {
		r := protocol.Report{Subject: "a", Type: "x", Values: []float64{1}}
		b.PutRow(1, &r)
		r.Subject, r.Values[0] = "b", 2
		b.PutRow(1, &r)
	})
	found, err := s.Series(1, "a")
	must(t, err)
	rows := found.Reports
	if len(rows) != 1 || rows[0].Values[0] != 1 {
		t.Errorf("rows of a are %+v", rows)
	}
}

func TestReadOnlyRefusesCommitsAndChangesNoFile(t *testing.T) {
	fs := vfs.NewMem()
	s := mustOpen(t, "db", memOptions(fs))
	commit(t, s, 1, func(b *Batch) { market(b, 0, 2, 2) })
	must(t, s.Close())
	before := readFiles(t, fs, "db")
	o := memOptions(fs)
	o.ReadOnly = true
	s = mustOpen(t, "db", o)
	b := s.NewBatch()
	market(b, 0, 3, 3)
	if err := b.Commit(2, true); !errors.Is(err, ErrReadOnly) {
		t.Errorf("error is %v, want ErrReadOnly", err)
	}
	must(t, b.Close())
	must(t, s.Close())
	after := readFiles(t, fs, "db")
	for name := range after {
		if string(before[name]) != string(after[name]) {
			t.Errorf("file %s was changed", name)
		}
	}
	if len(before) != len(after) {
		t.Errorf("there were %d files, now %d", len(before), len(after))
	}
}

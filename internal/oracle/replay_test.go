package oracle

import (
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// The size of us-reports.
const (
	manySubjects = 4_540
	manyReports  = 7 // of each
)

// many yields a made-up market: subject s00000 has the values 0, 1, ..., s00001 has 1, 2, ... in its quarters.
func many() iter.Seq[protocol.Report] {
	return func(yield func(protocol.Report) bool) {
		for s := range manySubjects {
			for q := range manyReports {
				r := protocol.Report{Subject: fmt.Sprintf("s%05d", s), ReportDate: int64(q) * 91 * protocol.SecondsPerDay}
				r.Values = []float64{float64(s + q), protocol.Missing}
				if !yield(r) {
					return
				}
			}
		}
	}
}

// pooled yields updates that put every subject into a pool.
func pooled() iter.Seq[protocol.SubjectUpdate] {
	return func(yield func(protocol.SubjectUpdate) bool) {
		for s := range manySubjects {
			u := protocol.SubjectUpdate{Subject: protocol.Subject{Key: fmt.Sprintf("s%05d", s), Topics: []string{"pool"}}}
			u.Set = protocol.FieldTopics
			if !yield(u) {
				return
			}
		}
	}
}

func TestReplayLoadsASetOfTheSizeOfUSReports(t *testing.T) {
	m := New()
	mustApply(t, m, finance())
	s := Stream{Subjects: pooled(), Reports: many(), Time: 9}
	if err := m.Replay(s.Writes()); err != nil {
		t.Fatal(err)
	}
	if want := uint64(1 + 5 + 32); m.Applied() != want { // the catalog, 4,540 subjects and 31,780 reports by the thousand
		t.Errorf("applied index %d, want %d", m.Applied(), want)
	}
	var r protocol.Result
	for n := range 500 { // hundreds of queries of 50 subjects
		q := &protocol.Snapshot{View: protocol.View{IDs: []string{"1001"}}, Ranking: protocol.Ranking{Limit: 1}}
		for i := range 50 {
			q.Subjects = append(q.Subjects, fmt.Sprintf("s%05d", (n+i*80)%manySubjects))
		}
		if err := m.Snapshot(q, &r); err != nil || r.Rows() != 1 || r.Subjects[0].Key < "s03920" {
			t.Fatalf("query %d: %d rows, error %v", n, r.Rows(), err)
		}
	}
	top := &protocol.Snapshot{View: protocol.View{IDs: []string{"1001"}}, Ranking: protocol.Ranking{Offset: 4_500, Limit: 100}, Topic: "pool"}
	if err := m.Snapshot(top, &r); err != nil || r.Rows() != 40 || r.Value(39, 0) != manyReports-1 {
		t.Errorf("the end of the whole ranking: %d rows, error %v", r.Rows(), err)
	}
}

func TestReplayStopsAtARefusedWrite(t *testing.T) {
	m := New()
	s := Stream{Table: "nowhere", Reports: many()}
	if err := m.Replay(s.Writes()); !errors.Is(err, protocol.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if m.Applied() != 1 {
		t.Errorf("%d writes were tried, want 1", m.Applied())
	}
}

func TestWritesCutAStream(t *testing.T) {
	s := Stream{Subjects: pooled(), Reports: many(), Rows: 4_000}
	var sizes []int
	for w := range s.Writes() {
		if w.Subjects != nil {
			sizes = append(sizes, len(w.Subjects.Subjects))
		} else {
			sizes = append(sizes, -len(w.Put.Reports))
		}
	}
	if got, want := fmt.Sprint(sizes), "[4000 540 -4000 -4000 -4000 -4000 -4000 -4000 -4000 -3780]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for range s.Writes() {
		break // a stream may be left at any write
	}
}

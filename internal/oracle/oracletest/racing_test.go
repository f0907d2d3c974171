package oracletest

import (
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// lockedTarget is a model that readers may ask beside a writer. A torn one shows half of each put before the whole.
type lockedTarget struct {
	mu    sync.Mutex
	read  *sync.Cond // a query was answered
	reads int
	torn  bool
	modelTarget
}

func newLockedTarget(torn bool) *lockedTarget {
	l := &lockedTarget{modelTarget: modelTarget{oracle.New()}, torn: torn}
	l.read = sync.NewCond(&l.mu)
	return l
}

func (l *lockedTarget) Apply(w *protocol.Write) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.torn && w.Put != nil && len(w.Put.Reports) > 1 {
		half := *w.Put
		half.Reports = half.Reports[:len(half.Reports)/2]
		if _, err := l.modelTarget.Apply(&protocol.Write{Time: w.Time, Put: &half}); err == nil {
			for seen := l.reads; l.reads < seen+3; { // readers do not stop before the writer does
				l.read.Wait()
			}
		}
	}
	return l.modelTarget.Apply(w)
}

// locked answers a query under the lock.
func (l *lockedTarget) locked(answer func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	l.read.Broadcast()
	return answer()
}

func (l *lockedTarget) Snapshot(q *protocol.Snapshot, r *protocol.Result) error {
	return l.locked(func() error { return l.Model.Snapshot(q, r) })
}

func (l *lockedTarget) Period(q *protocol.Period, r *protocol.Result) error {
	return l.locked(func() error { return l.Model.Period(q, r) })
}

func (l *lockedTarget) Recent(q *protocol.Recent, r *protocol.Result) error {
	return l.locked(func() error { return l.Model.Recent(q, r) })
}

func (l *lockedTarget) SelectSnapshot(q *protocol.SelectSnapshot, r *protocol.Result) error {
	return l.locked(func() error { return l.Model.SelectSnapshot(q, r) })
}

func (l *lockedTarget) SelectPeriod(q *protocol.SelectPeriod, r *protocol.Result) error {
	return l.locked(func() error { return l.Model.SelectPeriod(q, r) })
}

func (l *lockedTarget) Get(q *protocol.Get, r *protocol.Result) error {
	return l.locked(func() error { return l.Model.Get(q, r) })
}

func (l *lockedTarget) Search(q *protocol.Search, r *protocol.Result) error {
	return l.locked(func() error { return l.Model.Search(q, r) })
}

func (l *lockedTarget) Subjects(q *protocol.ListSubjects, list *protocol.SubjectList) error {
	return l.locked(func() error { return l.Model.Subjects(q, list) })
}

func (l *lockedTarget) Catalog() *protocol.Catalog {
	var c *protocol.Catalog
	_ = l.locked(func() error { c = l.Model.Catalog(); return nil })
	return c
}

func TestReadersBesideAWriterSeeOneMoment(t *testing.T) {
	run := rapid.Custom(func(t *rapid.T) string { return RunRacing(t, 3, newLockedTarget(false)) })
	for seed := range 15 {
		if failure := run.Example(seed); failure != "" {
			t.Fatalf("history %d: %s", seed, failure)
		}
	}
}

func TestHalfAWriteIsSeen(t *testing.T) {
	run := rapid.Custom(func(t *rapid.T) string { return RunRacing(t, 3, newLockedTarget(true)) })
	const most = 20
	for seed := range most {
		if run.Example(seed) != "" {
			return
		}
	}
	t.Errorf("%d racing histories did not notice that readers see half a write", most)
}

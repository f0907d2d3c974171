package torture

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// ledger is everything that was acknowledged and everything that was answered since it was judged last.
type ledger struct {
	mu      sync.Mutex
	model   *oracle.Model
	settled uint64      // index up to which the model has everything
	acked   uint64      // greatest index that was acknowledged
	entries []entry     // after settled
	seen    []*sighting // not judged yet
	known   map[glimpse]*sighting
	writes  int // that were ever acknowledged
	answers int // that were ever judged
}

// entry is an acknowledged write. Writes of one index touch different subjects, so that their order is of no importance.
type entry struct {
	index uint64
	write *protocol.Write
}

// sighting is the answer to a query that shows an index.
type sighting struct {
	glimpse
	by     string // who answered
	answer oracletest.Answer
}

// glimpse is what can have one answer only, whoever gives it.
type glimpse struct {
	query oracletest.Query
	index uint64
}

func newLedger() *ledger { return &ledger{model: oracle.New(), known: map[glimpse]*sighting{}} }

// acknowledged notes a write.
func (l *ledger) acknowledged(index uint64, w *protocol.Write) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, entry{index, w})
	l.acked = max(l.acked, index)
	l.writes++
}

// floor returns the greatest index that was acknowledged.
func (l *ledger) floor() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked
}

// answered notes an answer. One to a query that was answered before with the same index is held against that one.
func (l *ledger) answered(t testing.TB, by string, query oracletest.Query, index uint64, a oracletest.Answer) {
	forgetStamps(a)
	g := glimpse{query, index}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers++
	first := l.known[g]
	if first == nil {
		first = &sighting{g, by, a}
		l.known[g] = first
		l.seen = append(l.seen, first)
		return
	}
	if diff := oracletest.DiffAnswers(first.answer, a); diff != "" {
		t.Errorf("at index %d %s and %s answer\n  %s\ndifferently: %s", index, first.by, by, oracletest.Describe(query), diff)
	}
}

// forgetStamps removes from an answer the times that only the master knew.
func forgetStamps(a oracletest.Answer) {
	if a.Result != nil {
		clear(a.Result.Stamps)
	}
}

// judge holds every answer against what the oracle answers at its index. Nobody may write or read, and no write may be open.
func (l *ledger) judge(t testing.TB) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortStableFunc(l.entries, func(a, b entry) int { return cmp.Compare(a.index, b.index) })
	slices.SortStableFunc(l.seen, func(a, b *sighting) int { return cmp.Compare(a.index, b.index) })
	for _, s := range l.seen {
		if s.index < l.settled {
			t.Errorf("%s answers at index %d; %d was acknowledged before it was asked: %s", s.by, s.index, l.settled,
				oracletest.Describe(s.query))
			continue
		}
		if err := l.settle(s.index); err != nil {
			t.Error(err)
		}
		want := oracletest.Ask(l.model, s.query, nil)
		forgetStamps(want)
		if diff := oracletest.DiffAnswers(want, s.answer); diff != "" {
			t.Errorf("%s answers at index %d\n  %s\nwrongly: %s", s.by, s.index, oracletest.Describe(s.query), diff)
		}
	}
	if err := l.settle(l.acked); err != nil {
		t.Error(err)
	}
	l.settled, l.seen = l.acked, nil
	clear(l.known)
}

// settle applies to the model what has at most that index.
func (l *ledger) settle(index uint64) error {
	for len(l.entries) > 0 && l.entries[0].index <= index {
		e := l.entries[0]
		l.entries = l.entries[1:]
		if err := l.model.Apply(e.index, e.write); err != nil {
			return fmt.Errorf("the write that was acknowledged at %d could not be: %w", e.index, err)
		}
	}
	return nil
}

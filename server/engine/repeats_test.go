package engine_test

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// replicaOf opens an engine over a store in fs. It has table 1 with one indicator.
func replicaOf(t *testing.T, fs vfs.FS) (*engine.Engine, *store.Store) {
	t.Helper()
	st, err := store.Open("data", store.Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(st, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Applied() == 0 {
		tables := &protocol.PutTables{Tables: []protocol.Table{{Number: 1, Name: "finance", Indicators: []protocol.Indicator{{ID: "income", Code: "1001"}}}}}
		if _, err := e.Apply(1, []*protocol.Write{{Tables: tables}}); err != nil {
			t.Fatal(err)
		}
	}
	return e, st
}

// from returns a write of one value by a client.
func from(client byte, sequence uint64, value float64) *protocol.Write {
	return &protocol.Write{Time: 1000, Put: &protocol.Put{
		Reports: []protocol.Report{{Subject: "s", Values: []float64{value}}},
		Origin:  protocol.Origin{Client: protocol.ClientID{client, 1: 1}, Sequence: sequence},
	}}
}

// applyOne applies one write as the next entry.
func applyOne(t *testing.T, e *engine.Engine, w *protocol.Write) error {
	t.Helper()
	outcomes, err := e.Apply(e.Applied()+1, []*protocol.Write{w})
	if err != nil {
		t.Fatal(err)
	}
	return outcomes[0]
}

func valueOf(t *testing.T, e *engine.Engine) float64 {
	t.Helper()
	var r protocol.Result
	if err := e.Get(&protocol.Get{Subject: "s"}, &r); err != nil {
		t.Fatal(err)
	}
	return r.Values[0]
}

// repeatOf returns the entry of which a write is a repeat.
func repeatOf(t *testing.T, err error) uint64 {
	t.Helper()
	var r *protocol.Repeated
	if !errors.As(err, &r) {
		t.Fatalf("outcome %v, want that of a repeat", err)
	}
	return r.Index
}

func TestARepeatedWriteChangesNothingAndNamesItsFirstEntry(t *testing.T) {
	fs := vfs.NewMem()
	e, st := replicaOf(t, fs)
	if err := applyOne(t, e, from('a', 1, 1)); err != nil {
		t.Fatal(err)
	}
	if err := applyOne(t, e, from('b', 1, 2)); err != nil {
		t.Errorf("the same sequence of another client: %v", err)
	}
	if got := repeatOf(t, applyOne(t, e, from('a', 1, 3))); got != 2 {
		t.Errorf("a repeat of entry %d, want 2", got)
	}
	if got := valueOf(t, e); got != 2 {
		t.Errorf("the value is %v: the repeat was carried out", got)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	e, st = replicaOf(t, fs)
	defer st.Close()
	if got := repeatOf(t, applyOne(t, e, from('a', 1, 3))); got != 2 {
		t.Errorf("after opening again: a repeat of entry %d, want 2", got)
	}
}

func TestARepeatInTheSameEntryIsOne(t *testing.T) {
	e, st := replicaOf(t, vfs.NewMem())
	defer st.Close()
	outcomes, err := e.Apply(2, []*protocol.Write{from('a', 1, 1), from('a', 1, 2)})
	if err != nil || outcomes[0] != nil {
		t.Fatal(outcomes, err)
	}
	if got := repeatOf(t, outcomes[1]); got != 2 || valueOf(t, e) != 1 {
		t.Errorf("a repeat of entry %d, value %v", got, valueOf(t, e))
	}
}

func TestARefusedWriteIsJudgedAnew(t *testing.T) {
	e, st := replicaOf(t, vfs.NewMem())
	defer st.Close()
	w := from('a', 1, 1)
	w.Put.IDs = []string{"new"}
	if err := applyOne(t, e, w); !errors.Is(err, protocol.ErrUnknownIndicator) {
		t.Fatal(err)
	}
	grown := &protocol.PutTables{Tables: []protocol.Table{{Name: "finance", Indicators: []protocol.Indicator{{ID: "new", Code: "2"}}}}}
	if err := applyOne(t, e, &protocol.Write{Tables: grown}); err != nil {
		t.Fatal(err)
	}
	if err := applyOne(t, e, w); err != nil {
		t.Error(err)
	}
}

// What is forgotten must be forgotten in memory and on disk alike, or nodes would differ by when they were started.
func TestTheMemoryOfRepeatsIsBounded(t *testing.T) {
	const window = protocol.RepeatWindow
	fs := vfs.NewMem()
	e, st := replicaOf(t, fs)
	var writes []*protocol.Write
	for i := range uint64(window) {
		writes = append(writes, from('a', i+1, 1))
	}
	writes = append(writes, from('a', window+10, 1), from('b', 1, 1), from('b', 1<<40, 1))
	if _, err := e.Apply(2, writes); err != nil {
		t.Fatal(err)
	}
	check := func(e *engine.Engine) {
		t.Helper()
		for _, w := range []*protocol.Write{from('a', 10, 9), from('b', 1, 9)} {
			if err := applyOne(t, e, w); !errors.Is(err, protocol.ErrBadRequest) {
				t.Errorf("sequence %d: %v, want it refused", w.Put.Origin.Sequence, err)
			}
		}
		repeatOf(t, applyOne(t, e, from('a', 11, 9)))
		repeatOf(t, applyOne(t, e, from('b', 1<<40, 9)))
	}
	check(e)
	if got, want := remembered(t, st), window-10+1+1; got != want {
		t.Errorf("%d records on disk, want %d", got, want)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	e, st = replicaOf(t, fs)
	defer st.Close()
	check(e)
}

func TestTheClientThatWroteLongestAgoIsForgotten(t *testing.T) {
	e, st := replicaOf(t, vfs.NewMem())
	defer st.Close()
	client := func(i int) *protocol.Write {
		w := from('c', 1, float64(i))
		w.Put.Origin.Client[14], w.Put.Origin.Client[15] = byte(i>>8), byte(i)
		w.Put.Origin.Client[1] = 0xff
		return w
	}
	var writes []*protocol.Write
	for i := range protocol.MaxOrigins {
		writes = append(writes, client(i))
	}
	if _, err := e.Apply(2, writes); err != nil {
		t.Fatal(err)
	}
	again := client(0)
	again.Put.Origin.Sequence = 2
	if err := applyOne(t, e, again); err != nil { // no longer among those that wrote longest ago
		t.Fatal(err)
	}
	if err := applyOne(t, e, client(protocol.MaxOrigins)); err != nil {
		t.Fatal(err)
	}
	if got := remembered(t, st); got != protocol.MaxOrigins+1 {
		t.Errorf("%d records on disk", got)
	}
	repeatOf(t, applyOne(t, e, client(0)))
	if err := applyOne(t, e, client(1)); err != nil {
		t.Errorf("a write of the forgotten client: %v", err)
	}
}

func remembered(t *testing.T, st *store.Store) (n int) {
	t.Helper()
	err := st.EachRepeat(func(protocol.Origin, uint64) error { n++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSeveralEntriesOfOneCommitAreWhatTheyAreOneByOne(t *testing.T) {
	grow := &protocol.Write{Tables: &protocol.PutTables{Tables: []protocol.Table{{Name: "finance", Indicators: []protocol.Indicator{{ID: "new", Code: "2"}}}}}}
	entries := []protocol.Entry{
		{Index: 2, Time: 2000, Writes: []*protocol.Write{from('a', 1, 1)}},
		{Index: 3, Time: 2001, Writes: []*protocol.Write{grow}},
		{Index: 5, Time: 1999, Writes: []*protocol.Write{from('a', 1, 2), from('a', 2, 3)}},
		{Index: 6},
	}
	one, first := replicaOf(t, vfs.NewMem())
	defer first.Close()
	all, second := replicaOf(t, vfs.NewMem())
	defer second.Close()
	var want [][]error
	for i := range entries {
		outcomes, err := one.ApplyAll(entries[i : i+1])
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, outcomes...)
	}
	got, err := all.ApplyAll(entries)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-one by one +at once):\n%s", diff)
	}
	hashes := func(st *store.Store) [2]any {
		h, err := st.RowHash()
		if err != nil {
			t.Fatal(err)
		}
		return [2]any{h, st.CatalogVersion()}
	}
	if a, b := hashes(first), hashes(second); a != b || a[1] != uint64(3) {
		t.Errorf("stores are %v and %v", a, b)
	}
	if all.Applied() != 6 || all.Time() != 2001 || all.Catalog().Version != 3 {
		t.Errorf("applied %d, time %d, catalog of %d", all.Applied(), all.Time(), all.Catalog().Version)
	}
	if again, err := all.ApplyAll(entries); err != nil || again[2][0] != nil || all.Applied() != 6 {
		t.Errorf("the same entries again: %v, %v", again, err)
	}
}

func TestAnEngineAnswersFromTheStoreThatItWasGiven(t *testing.T) {
	e, old := replicaOf(t, vfs.NewMem())
	other, st := replicaOf(t, vfs.NewMem())
	defer st.Close()
	if err := applyOne(t, other, from('a', 1, 7)); err != nil {
		t.Fatal(err)
	}
	if err := e.Swap(st); err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	if got := valueOf(t, e); got != 7 || e.Applied() != 2 {
		t.Errorf("value %v at %d", got, e.Applied())
	}
	repeatOf(t, applyOne(t, e, from('a', 1, 8)))
	if st.Applied() != 3 {
		t.Errorf("the new store is at %d", st.Applied())
	}
}

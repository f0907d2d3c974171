package replica

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kamaitachi/kamaitachi/protocol"
)

func TestWritesThatWaitTogetherBecomeOneEntry(t *testing.T) {
	m := gated()
	s := open(t, m, Options{})
	first := hold(t, s, m)
	var waiting []<-chan outcome
	for i := range 5 {
		waiting = append(waiting, start(t, s, write(fmt.Sprint(i))))
	}
	m.gate <- struct{}{}
	m.gate <- struct{}{}
	if got := <-first; got != (outcome{1, nil}) {
		t.Errorf("the first write: %v, want index 1", got)
	}
	for i, c := range waiting {
		if got := <-c; got != (outcome{2, nil}) {
			t.Errorf("write %d: %v, want index 2", i, got)
		}
	}
	want := []applied{
		{1, []string{"held"}, []int64{1000}},
		{2, []string{"0", "1", "2", "3", "4"}, []int64{1000, 1000, 1000, 1000, 1000}},
	}
	if d := cmp.Diff(want, m.entries, cmp.AllowUnexported(applied{})); d != "" {
		t.Errorf("entries (-want +got):\n%s", d)
	}
	if got := s.Stats(); got != (Stats{Entries: 2, Writes: 6}) {
		t.Errorf("stats are %+v", got)
	}
}

func TestAnEntryWaitsForAsManyWritersAsTheLastAnswered(t *testing.T) {
	s := open(t, &machine{}, Options{gatherTime: time.Hour})
	s.expect(2)
	first := start(t, s, write("first"))
	select {
	case got := <-first:
		t.Fatalf("the first was not held: %v", got)
	case <-time.After(10 * time.Millisecond):
	}
	second := start(t, s, write("second"))
	if a, b := <-first, <-second; a != (outcome{1, nil}) || b != a {
		t.Errorf("the first write: %v, the second: %v, want both in entry 1", a, b)
	}
}

func TestAnEntryWaitsForOtherWritersForAMomentOnly(t *testing.T) {
	s := open(t, &machine{}, Options{gatherTime: time.Millisecond})
	s.expect(2)
	if got := <-start(t, s, write("the only one")); got != (outcome{1, nil}) {
		t.Errorf("the write: %v, want index 1", got)
	}
}

func TestAWriterThatIsAloneNeverWaits(t *testing.T) {
	s := open(t, &machine{}, Options{gatherTime: time.Hour})
	for i := range uint64(3) {
		if got := <-start(t, s, write("again")); got != (outcome{i + 1, nil}) {
			t.Errorf("write %d: %v", i, got)
		}
	}
}

func TestAnEntryHasLimits(t *testing.T) {
	one := size(write("0"))
	for _, tt := range []struct {
		name string
		o    Options
		want []int // writes of each entry after the first
	}{
		{"writes", Options{EntryWrites: 2}, []int{2, 2, 1}},
		{"bytes", Options{EntryBytes: 3 * one}, []int{3, 2}},
		{"bytes below one write", Options{EntryBytes: 1}, []int{1, 1, 1, 1, 1}},
		{"none met", Options{}, []int{5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := gated()
			s := open(t, m, tt.o)
			waiting := []<-chan outcome{hold(t, s, m)}
			for i := range 5 {
				waiting = append(waiting, start(t, s, write(fmt.Sprint(i))))
			}
			close(m.gate)
			for _, c := range waiting {
				if got := <-c; got.err != nil {
					t.Fatal(got.err)
				}
			}
			var got []int
			for _, e := range m.entries[1:] {
				got = append(got, len(e.subjects))
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("writes of each entry (-want +got):\n%s", d)
			}
		})
	}
}

func TestEachWriterGetsItsOwnOutcome(t *testing.T) {
	bad := errors.New("bad")
	m := gated()
	m.refuse = func(subject string) error {
		if subject == "wrong" {
			return bad
		}
		return nil
	}
	s := open(t, m, Options{})
	first := hold(t, s, m)
	wrong, right := start(t, s, write("wrong")), start(t, s, write("right"))
	close(m.gate)
	<-first
	if got := <-wrong; got.index != 0 || !errors.Is(got.err, bad) {
		t.Errorf("the refused write: %v", got)
	}
	if got := <-right; got != (outcome{2, nil}) {
		t.Errorf("the write beside it: %v", got)
	}
}

func TestAFullQueueRefusesAtOnce(t *testing.T) {
	one := size(write("0"))
	for _, tt := range []struct {
		name string
		o    Options
	}{
		{"writes", Options{QueueWrites: 2}},
		{"bytes", Options{QueueBytes: 2*one + 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := gated()
			s := open(t, m, tt.o)
			waiting := []<-chan outcome{hold(t, s, m), start(t, s, write("0")), start(t, s, write("1"))}
			_, err := s.Append(t.Context(), write("2"))
			if !errors.Is(err, ErrFull) {
				t.Errorf("the write too many: %v, want %v", err, ErrFull)
			}
			close(m.gate)
			for _, c := range waiting {
				if got := <-c; got.err != nil {
					t.Errorf("a write that had found room: %v", got.err)
				}
			}
			if _, err := s.Append(t.Context(), write("3")); err != nil {
				t.Errorf("a write after the queue emptied: %v", err)
			}
		})
	}
}

func TestOneWriteOfAnySizeFitsAnEmptyQueue(t *testing.T) {
	s := open(t, &machine{}, Options{QueueBytes: 1})
	if index, err := s.Append(t.Context(), write("large")); index != 1 || err != nil {
		t.Errorf("index %d, error %v", index, err)
	}
}

func TestAWriteIsTakenBackWhileItWaits(t *testing.T) {
	m := gated()
	s := open(t, m, Options{QueueWrites: 1})
	first := hold(t, s, m)
	ctx, cancel := context.WithCancel(t.Context())
	c := make(chan error)
	go func() {
		_, err := s.Append(ctx, write("abandoned"))
		c <- err
	}()
	for s.Stats().Queued == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-c; !errors.Is(err, ErrAbandoned) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v and %v", err, ErrAbandoned, context.Canceled)
	}
	next := start(t, s, write("next")) // its place is free again
	close(m.gate)
	<-first
	if got := <-next; got != (outcome{2, nil}) {
		t.Errorf("the write after it: %v", got)
	}
	if d := cmp.Diff([]string{"next"}, m.entries[1].subjects); d != "" {
		t.Errorf("entry 2 (-want +got):\n%s", d)
	}
}

func TestAWriteThatIsBeingCommittedIsWaitedFor(t *testing.T) {
	m := gated()
	s := open(t, m, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	c := make(chan outcome, 1)
	go func() {
		index, err := s.Append(ctx, write("begun"))
		c <- outcome{index, err}
	}()
	<-m.entered
	cancel()
	m.gate <- struct{}{}
	if got := <-c; got != (outcome{1, nil}) {
		t.Errorf("got %v, want its index: it was written", got)
	}
}

func TestAContextThatHasEndedWritesNothing(t *testing.T) {
	m := &machine{}
	s := open(t, m, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Append(ctx, write("late")); !errors.Is(err, ErrAbandoned) {
		t.Errorf("got %v, want %v", err, ErrAbandoned)
	}
	if err := s.Barrier(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("barrier: %v", err)
	}
	if m.Applied() != 0 {
		t.Error("it was written")
	}
}

func TestStampsNeverGoBack(t *testing.T) {
	clock := []int64{500, 400, 600}
	m := &machine{}
	s := open(t, m, Options{Now: func() time.Time {
		now := clock[0]
		clock = clock[1:]
		return time.Unix(now, 0)
	}})
	for range 3 {
		if _, err := s.Append(t.Context(), write("s")); err != nil {
			t.Fatal(err)
		}
	}
	var got []int64
	for _, e := range m.entries {
		got = append(got, e.times...)
	}
	if d := cmp.Diff([]int64{500, 500, 600}, got); d != "" {
		t.Errorf("stamps (-want +got):\n%s", d)
	}
}

func TestManyWritersAreOrderedOnce(t *testing.T) {
	m := &machine{}
	s := open(t, m, Options{QueueWrites: 8, EntryWrites: 3})
	const writers, each = 16, 50
	var wg sync.WaitGroup
	acknowledged := make([]map[string]uint64, writers)
	for n := range writers {
		acknowledged[n] = map[string]uint64{}
		wg.Go(func() {
			for i := range each {
				subject := fmt.Sprintf("%d/%d", n, i)
				index, err := s.Append(t.Context(), write(subject))
				if err == nil {
					acknowledged[n][subject] = index
				} else if !errors.Is(err, ErrFull) {
					t.Errorf("%s: %v", subject, err)
				}
			}
		})
	}
	wg.Wait()
	written := map[string]uint64{}
	for _, e := range m.entries {
		for _, subject := range e.subjects {
			written[subject] = e.index
		}
	}
	want := map[string]uint64{}
	for _, some := range acknowledged {
		for subject, index := range some {
			want[subject] = index
		}
	}
	if d := cmp.Diff(want, written); d != "" {
		t.Errorf("what was written is not what was acknowledged (-acknowledged +written):\n%s", d)
	}
}

func BenchmarkAppend(b *testing.B) {
	m := &nothing{}
	s, err := NewSingle(m, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		w := write("s")
		for pb.Next() {
			if _, err := s.Append(context.Background(), w); err != nil {
				b.Error(err)
			}
		}
	})
}

// nothing is a state machine that only counts.
type nothing struct{ index uint64 }

func (n *nothing) Applied() uint64 { return n.index }

func (n *nothing) Apply(index uint64, writes []*protocol.Write) ([]error, error) {
	n.index = index
	return make([]error, len(writes)), nil
}

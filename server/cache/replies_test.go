package cache

import (
	"fmt"
	"strings"
	"testing"
)

// clock is what changed when, by number.
type clock struct {
	applied uint64
	changed map[uint32]uint64
}

func (c *clock) Applied() uint64 { return c.applied }

func (c *clock) Unchanged(on []uint32, since uint64) bool {
	for _, d := range on {
		if c.changed[d] > since {
			return false
		}
	}
	return true
}

func (c *clock) write(d uint32) {
	c.applied++
	c.changed[d] = c.applied
}

func newReplies(cluster string, s *Store) (*Replies[uint32], *clock) {
	c := &clock{changed: map[uint32]uint64{}}
	return NewReplies[uint32](s, cluster, c), c
}

// ask asks once, and keeps answer if the cache wants it. It returns what was found.
func ask(r *Replies[uint32], applied uint64, request, answer string, on ...uint32) (found string, shown uint64) {
	var q Query[uint32]
	reply, shown, ok := r.Find(&q, Native, 1, []byte(request))
	if ok {
		return string(reply), shown
	}
	if q.Keep {
		r.Put(&q, Native, 1, []byte(request), applied, on, []byte(answer))
	}
	return "", 0
}

func TestAReplyIsKeptWhenItIsAskedForASecondTime(t *testing.T) {
	r, c := newReplies("one", NewStore(MinBytes))
	c.applied = 7
	for i := range 2 {
		if got, _ := ask(r, 7, "question", "answer", 1); got != "" {
			t.Fatalf("the question number %d was answered with %q", i+1, got)
		}
	}
	if got, shown := ask(r, 7, "question", "", 1); got != "answer" || shown != 7 {
		t.Fatalf("found %q at %d, want the answer at 7", got, shown)
	}
	if s := r.Stats(); s.Hits != 1 || s.Misses != 2 || s.Stale != 0 || s.Bytes == 0 {
		t.Errorf("counted %+v", s)
	}
}

// After a warm start what was kept is found when it is asked for the first time, and what was not is still kept only the
// second time.
func TestAWarmStoreAnswersWhatThisProcessHasNotSeen(t *testing.T) {
	s := NewStore(MinBytes)
	before, _ := newReplies("one", s)
	for range 2 {
		ask(before, 0, "question", "answer")
	}
	r, _ := newReplies("one", s)
	r.Warm()
	if got, _ := ask(r, 0, "question", ""); got != "answer" {
		t.Errorf("found %q, want what was kept before", got)
	}
	if got, _ := ask(r, 0, "another", "kept too soon"); got != "" {
		t.Errorf("found %q", got)
	}
	if got, _ := ask(r, 0, "another", "other answer"); got != "" {
		t.Errorf("found %q of the first time", got)
	}
	if got, _ := ask(r, 0, "another", ""); got != "other answer" {
		t.Errorf("found %q, want what was kept the second time", got)
	}
}

func TestRequestsThatNeverRepeatDisplaceNothing(t *testing.T) {
	r, _ := newReplies("one", NewStore(MinBytes))
	for range 3 {
		ask(r, 0, "question", "answer")
	}
	before := r.Stats().Entries
	for i := range 100_000 {
		ask(r, 0, fmt.Sprint("never again ", i), strings.Repeat("x", 1000))
	}
	ask(r, 0, "question", "answer") // its mark at the door may have been taken
	if got, _ := ask(r, 0, "question", "answer"); got != "answer" {
		t.Error("the answer was displaced")
	}
	if after := r.Stats().Entries; after > before+10 {
		t.Errorf("%d entries, %d before", after, before)
	}
}

func TestAReplyHoldsUntilSomethingThatItDependsOnChanges(t *testing.T) {
	r, c := newReplies("one", NewStore(MinBytes))
	for range 2 {
		ask(r, 0, "question", "old", 1, 2)
	}
	c.write(3)
	if got, shown := ask(r, 0, "question", ""); got != "old" || shown != 1 {
		t.Errorf("after a change elsewhere found %q at %d, want the old answer at 1", got, shown)
	}
	c.write(2)
	if got, _ := ask(r, 2, "question", "new", 1, 2); got != "" {
		t.Errorf("after a change found %q", got)
	}
	if got, _ := ask(r, 2, "question", ""); got != "new" {
		t.Errorf("found %q, want the new answer", got)
	}
	if s := r.Stats(); s.Stale != 1 {
		t.Errorf("counted %d stale, want 1", s.Stale)
	}
}

// An answer computed before a write may be kept after it.
func TestALateAnswerIsNotFound(t *testing.T) {
	r, c := newReplies("one", NewStore(MinBytes))
	ask(r, 0, "question", "")
	c.write(1)
	ask(r, 0, "question", "late", 1) // computed at 0
	if got, _ := ask(r, 1, "question", "right", 1); got != "" {
		t.Errorf("found %q", got)
	}
}

// Whatever tells two questions apart is part of the key. A key without one of these parts fails here.
func TestEveryPartOfTheKeyTellsRepliesApart(t *testing.T) {
	type key struct {
		cluster   string
		transport Transport
		op        byte
		request   string
	}
	keys := []key{
		{"one", Native, 1, "question"}, {"two", Native, 1, "question"}, {"one", JSON, 1, "question"},
		{"one", Native, 2, "question"}, {"one", Native, 1, "question "},
	}
	s := NewStore(MinBytes)
	var q Query[uint32]
	replies := map[string]*Replies[uint32]{}
	for _, cluster := range []string{"one", "two"} {
		replies[cluster], _ = newReplies(cluster, s)
		replies[cluster].unseen.Store(100)
	}
	for i, k := range keys {
		if reply, _, ok := replies[k.cluster].Find(&q, k.transport, k.op, []byte(k.request)); ok {
			t.Errorf("%+v: found %q before anything was kept for it", k, reply)
		}
		replies[k.cluster].Put(&q, k.transport, k.op, []byte(k.request), 0, nil, fmt.Appendf(nil, "answer %d", i))
	}
	for i, k := range keys {
		reply, _, ok := replies[k.cluster].Find(&q, k.transport, k.op, []byte(k.request))
		if want := fmt.Sprint("answer ", i); !ok || string(reply) != want {
			t.Errorf("%+v: found %q, want %q", k, reply, want)
		}
	}
}

func TestWhatIsTooLargeIsAnsweredAndNotKept(t *testing.T) {
	r, _ := newReplies("one", NewStore(MinBytes))
	long := strings.Repeat("q", MaxKey)
	many := make([]uint32, maxDependencies+1)
	for range 3 {
		if got, _ := ask(r, 0, long, "answer"); got != "" {
			t.Error("a request longer than a key was kept")
		}
		if got, _ := ask(r, 0, "many", "answer", many...); got != "" {
			t.Error("an answer with too many dependencies was kept")
		}
	}
}

func TestFindingAReplyAllocatesNothing(t *testing.T) {
	r, c := newReplies("one", NewStore(MinBytes))
	ask(r, 0, "question", strings.Repeat("a", 1200), 1, 2, 3)
	ask(r, 0, "question", strings.Repeat("a", 1200), 1, 2, 3)
	c.write(9)
	var q Query[uint32]
	request := []byte("question")
	r.Find(&q, Native, 1, request)
	if n := testing.AllocsPerRun(100, func() {
		if _, _, ok := r.Find(&q, Native, 1, request); !ok {
			t.Fatal("not found")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkReplies(b *testing.B) {
	r, c := newReplies("one", NewStore(MinBytes))
	on := make([]uint32, 51)
	request := strings.Repeat("r", 800)
	ask(r, 0, request, strings.Repeat("a", 1200), on...)
	ask(r, 0, request, strings.Repeat("a", 1200), on...)
	var q Query[uint32]
	body := []byte(request)
	b.Run("hit", func(b *testing.B) {
		for b.Loop() {
			r.Find(&q, Native, 1, body)
		}
	})
	b.Run("hit after a write elsewhere", func(b *testing.B) {
		c.write(77)
		for b.Loop() {
			r.Find(&q, Native, 1, body)
		}
	})
	b.Run("never asked before", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			body[i%800]++
			r.Find(&q, Native, 1, body)
		}
	})
}

// bored returns replies and a Query that has been asked so much that was new that requests are passed over.
func bored(t *testing.T) (*Replies[uint32], *Query[uint32]) {
	t.Helper()
	r, _ := newReplies("one", NewStore(MinBytes))
	q := new(Query[uint32])
	for i := range 2 * dullAfter {
		if _, _, ok := r.Find(q, Native, 1, fmt.Append(nil, "new ", i)); ok || q.Keep {
			t.Fatalf("request %d was never asked before: found %t, to be kept %t", i, ok, q.Keep)
		}
	}
	if q.news > dullAfter+dullAfter/dullEvery+1 {
		t.Fatal("every request is still looked at: this says nothing")
	}
	return r, q
}

// A stream that never repeats is looked at now and then only; what does repeat is soon noticed all the same.
func TestARepeatIsNoticedInAStreamThatNeverRepeated(t *testing.T) {
	for name, stream := range map[string]struct {
		request func(i int) int // the same number = the same request
		within  int
	}{
		"ten requests":                       {func(i int) int { return i % 10 }, 11 * dullEvery},
		"batches of as many as are passed":   {func(i int) int { return i % dullEvery }, 2 * dullEvery},
		"the first of each batch of sixteen": {func(i int) int { return min(i%16, 1) * i }, 17 * 2 * dullEvery},
		"one of a hundred":                   {func(i int) int { return min(i%100, 1) * i }, 101 * 2 * dullEvery},
	} {
		t.Run(name, func(t *testing.T) {
			r, q := bored(t)
			asked := 0
			for ; !q.Keep; asked++ {
				if asked > stream.within {
					t.Fatalf("not noticed after %d requests", asked)
				}
				r.Find(q, Native, 1, fmt.Append(nil, "again ", stream.request(asked)))
			}
			if q.pass > 0 {
				t.Error("a request was seen again, and the next is still passed over")
			}
			if s := r.Stats(); int(s.Misses) != 2*dullAfter+asked {
				t.Errorf("%d misses of %d requests", s.Misses, 2*dullAfter+asked)
			}
		})
	}
}

// After a warm start a reply that an earlier process has kept ends the passing over too.
func TestAReplyOfAnEarlierProcessIsNoticedInAStreamThatNeverRepeated(t *testing.T) {
	r, q := bored(t)
	request := []byte("asked of the process before")
	r.Put(new(Query[uint32]), Native, 1, request, 0, nil, []byte("answer"))
	r.Warm()
	for asked := 1; ; asked++ {
		if _, _, ok := r.Find(q, Native, 1, request); ok {
			break
		}
		if asked > dullEvery {
			t.Fatalf("not found in %d requests", asked)
		}
	}
	if q.pass > 0 {
		t.Error("a reply was found, and the next request is still passed over")
	}
}

package cache

import (
	"fmt"
	"strings"
	"testing"
)

// finder asks with a Query that remembers what it found.
type finder struct {
	r *Replies[uint32]
	q Query[uint32]
}

func newFinder(r *Replies[uint32]) *finder {
	f := &finder{r: r}
	f.q.RememberHot()
	return f
}

// find returns what is found, "" for nothing.
func (f *finder) find(t Transport, op byte, request string) string {
	reply, _, _ := f.r.Find(&f.q, t, op, []byte(request))
	return string(reply)
}

// heat keeps an answer and finds it, so that it is remembered.
func (f *finder) heat(t *testing.T, request, answer string, on ...uint32) {
	t.Helper()
	f.find(Native, 1, request)
	f.find(Native, 1, request)
	f.r.Put(&f.q, Native, 1, []byte(request), f.r.versions.Applied(), on, []byte(answer))
	if got := f.find(Native, 1, request); got != answer {
		t.Fatalf("found %q, want %q", got, answer)
	}
}

func TestAHotReplyNeedsNoStore(t *testing.T) {
	r, _ := newReplies("one", NewStore(MinBytes))
	f := newFinder(r)
	f.heat(t, "question", "answer", 1)
	r.store.c.Reset()
	if got := f.find(Native, 1, "question"); got != "answer" {
		t.Errorf("found %q", got)
	}
	if s := r.Stats(); s.Hits != 2 {
		t.Errorf("%d hits, want 2", s.Hits)
	}
}

// Whatever tells two questions or two moments apart tells hot replies apart. One without any of these fails here.
func TestAHotReplyIsForOneQuestionAtOneMoment(t *testing.T) {
	for name, other := range map[string]func(f *finder, c *clock) string{
		"another transport":       func(f *finder, _ *clock) string { return f.find(JSON, 1, "question") },
		"another operation":       func(f *finder, _ *clock) string { return f.find(Native, 2, "question") },
		"another request":         func(f *finder, _ *clock) string { return f.find(Native, 1, "question ") },
		"a write to its subjects": func(f *finder, c *clock) string { c.write(1); return f.find(Native, 1, "question") },
		"the same place": func(f *finder, _ *clock) string {
			for i := range f.q.hot {
				f.q.hot[i].request = []byte("QUESTION")
			}
			f.r.store.c.Reset()
			return f.find(Native, 1, "question")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, c := newReplies("one", NewStore(MinBytes))
			f := newFinder(r)
			f.heat(t, "question", "answer", 1)
			for i := range f.q.hot { // whatever place it has, this is there
				if h := &f.q.hot[i]; h.reply == nil {
					*h = hotReply{0, Native, 1, []byte("question"), []byte("answer")}
				}
			}
			if got := other(f, c); got != "" {
				t.Errorf("found %q", got)
			}
		})
	}
}

func TestAWriteElsewhereLeavesAHotReplyToTheStore(t *testing.T) {
	r, c := newReplies("one", NewStore(MinBytes))
	f := newFinder(r)
	f.heat(t, "question", "answer", 1)
	c.write(2)
	for range 2 {
		reply, applied, ok := r.Find(&f.q, Native, 1, []byte("question"))
		if !ok || string(reply) != "answer" || applied != 1 {
			t.Errorf("found %q at %d, %t; want the answer at 1", reply, applied, ok)
		}
	}
}

// Many more questions than there are places for hot replies, and some that are too long for one, are answered alike.
func TestHotRepliesOfManyQuestionsAreTold(t *testing.T) {
	r, _ := newReplies("one", NewStore(MinBytes))
	f := newFinder(r)
	size := func(i int) int { return 1 + i%3*maxHot/2 }
	for round := range 3 {
		for i := range 20 * hotReplies {
			request, answer := fmt.Sprint("question ", i), strings.Repeat(fmt.Sprint(i%10), size(i))
			if round == 0 {
				f.heat(t, request, answer)
				continue
			}
			f.find(Native, 1, request) // its mark at the door may have been taken
			if got := f.find(Native, 1, request); got != answer {
				t.Fatalf("question %d is answered with %d bytes", i, len(got))
			}
		}
	}
	for i := range f.q.hot {
		if h := &f.q.hot[i]; cap(h.request)+cap(h.reply) > 2*maxHot {
			t.Errorf("place %d takes %d bytes", i, cap(h.request)+cap(h.reply))
		}
	}
}

// Questions that are alike wherever samples are taken have one place, and an answer each.
func TestQuestionsThatDifferBesideTheSamplesAreToldApart(t *testing.T) {
	r, _ := newReplies("one", NewStore(MinBytes))
	f := newFinder(r)
	question := func(i int) string {
		return strings.Repeat("q", 2*sample) + fmt.Sprint(i%10) + strings.Repeat("q", 6*sample)
	}
	if r.placeOf(&f.q, []byte(question(0))) != r.placeOf(&f.q, []byte(question(1))) {
		t.Fatal("they have two places: this says nothing")
	}
	for i := range 10 {
		f.heat(t, question(i), fmt.Sprint("answer ", i))
	}
	for i := range 100 {
		if got, want := f.find(Native, 1, question(i)), fmt.Sprint("answer ", i%10); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
}

func BenchmarkHotReply(b *testing.B) {
	r, _ := newReplies("one", NewStore(MinBytes))
	request := strings.Repeat("r", 800)
	ask(r, 0, request, strings.Repeat("a", 1200))
	ask(r, 0, request, strings.Repeat("a", 1200))
	f := newFinder(r)
	body := []byte(request)
	b.ReportAllocs()
	for b.Loop() {
		r.Find(&f.q, Native, 1, body)
	}
}

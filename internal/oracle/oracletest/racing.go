package oracletest

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// racingAnswers is how many answers each reader of CheckRacing keeps to be judged.
const racingAnswers = 300

// CheckRacing lets readers ask a target while a writer applies a random history, and then holds every answer against
// the model as it was at the answer's applied index: an answer shows one moment of everything, never half a write. The
// target must allow its reads to run beside Apply. It is worth most under the race detector.
//
//	rapid.Check(t, func(t *rapid.T) { oracletest.CheckRacing(t, 3, open) })
func CheckRacing(t *rapid.T, readers int, open func() Target) {
	target := open()
	closeAfter(t, target)
	if failure := RunRacing(t, readers, target); failure != "" {
		t.Fatal(failure)
	}
}

// RunRacing is CheckRacing on a target that the caller opened and closes; it returns what is wrong, or "".
func RunRacing(t *rapid.T, readers int, target Target) string {
	world := RandomWorld().Draw(t, "world")
	writes := world.Setup()
	for range rapid.IntRange(1, 40).Draw(t, "number of writes") {
		w := world.RandomWrite(t)
		w.Time = max(w.Time, writes[len(writes)-1].Time) // a log's clock never goes back
		writes = append(writes, w)
	}
	queries := make([][]Query, readers)
	for i := range queries {
		for range rapid.IntRange(1, 20).Draw(t, "number of queries") {
			queries[i] = append(queries[i], world.RandomQuery(t))
		}
	}
	seen, entries := race(target, writes, queries)
	_, sparse := target.(Sparse)
	if failure := judge(seen, entries, sparse); failure != "" {
		return fmt.Sprintf("world: %+v\n%s", *world, failure)
	}
	return ""
}

// sighting is an answer that a reader got.
type sighting struct {
	query  Query
	answer Answer
	judged bool
}

// entry is a write with the index and outcome that the target gave it.
type entry struct {
	write *protocol.Write
	index uint64
	err   error
}

// race applies the writes while each reader asks its queries over and over, until the writer is done and every query was
// asked once more.
func race(target Target, writes []*protocol.Write, queries [][]Query) (seen []*sighting, entries []entry) {
	var wg sync.WaitGroup
	var reads atomic.Int64
	done := make(chan struct{})
	sightings := make([][]*sighting, len(queries))
	for i := range queries {
		wg.Go(func() { sightings[i] = read(target, queries[i], &reads, done) })
	}
	for _, w := range writes {
		for before := reads.Load(); reads.Load() == before; { // readers are on their way before each write
			runtime.Gosched()
		}
		loan := lend(w)
		index, err := target.Apply(loan.write)
		loan.takeBack()
		entries = append(entries, entry{w, index, err})
	}
	close(done)
	wg.Wait()
	for _, list := range sightings {
		seen = append(seen, list...)
	}
	return seen, entries
}

// read asks the queries in turn until done, and each of them once after that, and counts. It keeps the newest answers.
func read(target Reader, queries []Query, reads *atomic.Int64, done <-chan struct{}) []*sighting {
	var seen []*sighting
	left := len(queries)
	for n := 0; left > 0; n++ {
		select {
		case <-done:
			left--
		default:
		}
		q := queries[n%len(queries)]
		s := &sighting{query: q, answer: Ask(target, q, nil)}
		reads.Add(1)
		if len(seen) < racingAnswers {
			seen = append(seen, s)
		} else {
			seen[n%racingAnswers] = s
		}
	}
	return seen
}

// judge applies the entries to a model one by one and compares, at each, the answers that show its index; of a Sparse
// target also those that show an index before the next write's. An error shows no index: it must be what the model says at
// some moment.
func judge(seen []*sighting, entries []entry, sparse bool) string {
	model := oracle.New()
	until := func(i int) uint64 { // the greatest index that shows what is there before entry i
		for ; sparse && i < len(entries); i++ {
			if entries[i].index > model.Applied() {
				return entries[i].index - 1
			}
		}
		if sparse {
			return math.MaxUint64
		}
		return model.Applied()
	}
	if failure := judgeAt(model, seen, until(0)); failure != "" {
		return failure
	}
	for i, e := range entries {
		if diff := oracle.DiffErrors(model.Apply(e.index, e.write), e.err); diff != "" {
			return fmt.Sprintf("%s\nis answered differently: %s", Describe(e.write), diff)
		}
		if failure := judgeAt(model, seen, until(i+1)); failure != "" {
			return failure
		}
	}
	for _, s := range seen {
		if !s.judged {
			index, _ := s.answer.applied()
			return fmt.Sprintf("the query\n  %s\nwas answered at index %d, which no write had, or with an error that was never right: %v",
				Describe(s.query), index, s.answer.Err)
		}
	}
	return ""
}

// judgeAt judges the answers that show an index from the model's to the given one, and the errors that are right there.
func judgeAt(model *oracle.Model, seen []*sighting, to uint64) string {
	for _, s := range seen {
		if s.judged {
			continue
		}
		shown, ok := s.answer.applied()
		if ok && (shown < model.Applied() || shown > to) {
			continue
		}
		diff := DiffAnswers(Ask(model, s.query, nil), s.answer)
		if ok && diff != "" {
			return fmt.Sprintf("the query\n  %s\nis answered differently at index %d:\n%s", Describe(s.query), shown, diff)
		}
		s.judged = diff == ""
	}
	return ""
}

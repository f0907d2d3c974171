package httpcompat

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// randomRanking is a ranking of some of the subjects by some of the names, whose figures come from a small stock, so that
// they are met again and change between two answers too.
func randomRanking(rnd *rand.Rand, market []*protocol.Subject, names []string, stock int) *protocol.Result {
	r := &protocol.Result{}
	for _, c := range rnd.Perm(len(names))[:1+rnd.IntN(len(names))] {
		r.IDs = append(r.IDs, names[c])
	}
	for range rnd.IntN(6) {
		r.Subjects = append(r.Subjects, market[rnd.IntN(len(market))])
	}
	for range len(r.IDs) * len(r.Subjects) {
		v := float64(rnd.IntN(stock)) / 8
		if rnd.IntN(10) == 0 {
			v = protocol.Missing
		}
		r.Values = append(r.Values, v)
	}
	return r
}

func randomMarket(n int) (market []*protocol.Subject) {
	for i := range n {
		market = append(market, &protocol.Subject{Key: fmt.Sprintf("33:%d", i), Name: fmt.Sprintf("\"%d\"", i)})
	}
	return market
}

// A tiny memo, whose places collide, answers as none does, while figures change, go missing and outnumber what is kept.
func TestRankingsWithAMemoAreThoseWithout(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	market, names := randomMarket(12), []string{"a", "b", "c", "d", "e"}
	for _, stock := range []int{2, 30, 1000} {
		with, without := labels{memo: newMemo(4)}, labels{}
		for range 3_000 {
			r := randomRanking(rnd, market, names, stock)
			if got, want := string(appendSnapshot(nil, r, &with)), string(appendSnapshot(nil, r, &without)); got != want {
				t.Fatalf("with a memo: %s\nwithout:     %s", got, want)
			}
		}
		kept := 0
		for i := range with.memo.figures.pairs {
			for j := range with.memo.figures.pairs[i].kept {
				if k := with.memo.figures.pairs[i].kept[j].Load(); k != nil && len(k.figures) > 1 {
					kept++
				}
			}
		}
		if kept == 0 {
			t.Error("nothing was kept: this says nothing")
		}
	}
}

func TestAWarmRankingAllocatesNothing(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	l := labels{memo: newMemo(64)}
	r := randomRanking(rnd, randomMarket(1), []string{"a", "b", "c"}, 50)
	for len(r.Subjects) == 0 {
		r = randomRanking(rnd, randomMarket(1), []string{"a", "b", "c"}, 50)
	}
	var out []byte
	for range 4 {
		out = appendSnapshot(out[:0], r, &l)
	}
	if n := testing.AllocsPerRun(100, func() { out = appendSnapshot(out[:0], r, &l) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// For the race detector.
func TestManyGoroutinesShareTheFigures(t *testing.T) {
	m, market := newMemo(4), randomMarket(8)
	var wg sync.WaitGroup
	for g := range uint64(4) {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(g, 9))
			with, without := labels{memo: m}, labels{}
			for range 1_000 {
				r := randomRanking(rnd, market, []string{"a", "b"}, 20)
				if got, want := string(appendSnapshot(nil, r, &with)), string(appendSnapshot(nil, r, &without)); got != want {
					t.Errorf("with a memo: %s\nwithout:     %s", got, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

package httpcompat

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// oddNumbers have texts of all lengths: those that are kept and those that are too long for it.
var oddNumbers = []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e20, 1e21, 1e22, -1.2345678901234567e-300, math.MaxFloat64,
	-math.MaxFloat64, math.SmallestNonzeroFloat64, 1.2345678901234567e-6, -1.2345678901234567e-6, 1e-6, 9.999999999999999e-7,
	1 << 53, 1<<53 + 2, math.MaxInt64, 123456789012.345}

// oddRanking is a ranking with labels of any length, up to columns of them, whose values are odd, missing or random.
func oddRanking(rnd *rand.Rand, market []*protocol.Subject, columns int) *protocol.Result {
	r := &protocol.Result{}
	for c := range rnd.IntN(columns + 1) {
		name := fmt.Sprint(c)
		switch rnd.IntN(12) {
		case 0:
			name = strings.Repeat("長", rnd.IntN(200))
		case 1:
			name = strings.Repeat("\"", rnd.IntN(40))
		case 2, 3, 4, 5:
			name = strings.Repeat("x", rnd.IntN(step+4))
		}
		r.IDs = append(r.IDs, name)
	}
	for range rnd.IntN(8) {
		r.Subjects = append(r.Subjects, market[rnd.IntN(len(market))])
	}
	for range len(r.IDs) * len(r.Subjects) {
		v := oddNumbers[rnd.IntN(len(oddNumbers))]
		switch rnd.IntN(8) {
		case 0:
			v = protocol.Missing
		case 1:
			v = rnd.NormFloat64() * 1e9
		case 2:
			v = float64(rnd.IntN(40)) / 8
		}
		r.Values = append(r.Values, v)
	}
	return r
}

// Whatever the labels and the numbers are, answers with a memo are those without, and nothing is written beyond the room
// that there is.
func TestOddRankingsWithAMemoAreThoseWithout(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	market := append(randomMarket(6), &protocol.Subject{Key: strings.Repeat("k", maxOpening)}, &protocol.Subject{},
		&protocol.Subject{Name: strings.Repeat("n", 300)})
	for _, columns := range []int{1, 4, 12, maxFigures + 9} {
		with, without := labels{memo: newMemo(8)}, labels{}
		arena := make([]byte, 1<<16)
		for range 3_000 {
			r := oddRanking(rnd, market, columns)
			start, room := rnd.IntN(100), rnd.IntN(1<<15)
			for i := range arena {
				arena[i] = 'a'
			}
			got := appendSnapshot(arena[:start:start+room], r, &with)[start:]
			if want := appendSnapshot(nil, r, &without); !bytes.Equal(got, want) {
				t.Fatalf("with a memo: %s\nwithout:     %s", got, want)
			}
			if bytes.Count(arena[:start], []byte("a")) < start || bytes.Count(arena[start+room:], []byte("a")) < len(arena)-start-room {
				t.Fatalf("%d bytes after %d: written beyond", room, start)
			}
		}
	}
}

// A table finds each of its figures and nothing else, however many there are.
func TestFiguresAreFound(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 8))
	for n := range maxFigures + 1 {
		for range 50 {
			var all []figure
			for i := range n {
				v := rnd.NormFloat64() * 1e9
				if rnd.IntN(2) == 0 {
					v = float64(i) / 8 // few bits
				}
				all = append(all, *newFigure(v))
			}
			k := &keptFigures{}
			k.arrange(all)
			if len(k.figures) <= n || len(k.figures) > 2*maxFigures {
				t.Fatalf("%d places for %d figures", len(k.figures), n)
			}
			for _, f := range all {
				if got := k.find(f.number); got == nil || *got != f {
					t.Fatalf("%v of %d figures is found as %v", f, n, got)
				}
			}
			if f := k.find(math.Float64bits(-7.5)); f != nil {
				t.Fatalf("%v is found, which was never kept", f)
			}
		}
	}
}

// The first figures of a row of more than are kept stay, so that the same question does not make them anew.
func TestMoreFiguresThanAreKept(t *testing.T) {
	const columns = maxFigures + 9
	r := &protocol.Result{Subjects: randomMarket(1)}
	for c := range columns {
		r.IDs, r.Values = append(r.IDs, fmt.Sprint(c)), append(r.Values, float64(c)+0.5)
	}
	l := labels{memo: newMemo(64)}
	var out []byte
	for range 4 {
		out = appendSnapshot(out[:0], r, &l)
	}
	if n := testing.AllocsPerRun(100, func() { out = appendSnapshot(out[:0], r, &l) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Two subjects that have the same places are both kept.
func TestSubjectsShareAPair(t *testing.T) {
	r := &protocol.Result{IDs: []string{"a"}, Subjects: randomMarket(2), Values: []float64{1.5, 2.5}}
	l := labels{memo: newMemo(1)}
	for range 8 {
		for row := range r.Subjects {
			one := &protocol.Result{IDs: r.IDs, Subjects: r.Subjects[row : row+1], Values: r.Values[row : row+1]}
			for range 3 {
				appendSnapshot(nil, one, &l)
			}
		}
	}
	for row, k := range l.memo.figures.lookup(nil, r.Subjects) {
		if k == nil || k.find(math.Float64bits(r.Values[row])) == nil {
			t.Errorf("%v is not kept", r.Subjects[row].Key)
		}
	}
}

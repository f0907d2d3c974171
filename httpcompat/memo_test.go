package httpcompat

import (
	"fmt"
	"math"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// TestWhatIsRememberedEqualsWhatIsPrinted asks a tiny memo, whose places collide all the time, several times for each.
func TestWhatIsRememberedEqualsWhatIsPrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMemo(2)
		numbers := rapid.SliceOf(rapid.Float64().Filter(func(f float64) bool { return f == f && !math.IsInf(f, 0) })).Draw(t, "numbers")
		var subjects []*protocol.Subject
		for _, name := range rapid.SliceOf(rapid.String()).Draw(t, "names") {
			subjects = append(subjects, &protocol.Subject{Key: "33:1", Name: name})
		}
		for range 4 {
			for _, f := range numbers {
				if got, want := string(m.appendNumber([]byte("x"), f)), string(appendNumber([]byte("x"), f)); got != want {
					t.Fatalf("%v is printed as %s, want %s", f, got, want)
				}
			}
			for _, s := range subjects {
				if got, want := string(m.appendSubject(nil, s)), string(appendSubject(nil, s)); got != want {
					t.Fatalf("%+v is printed as %s, want %s", s, got, want)
				}
			}
		}
	})
}

func TestOnlyWhatIsAskedForTwiceIsKept(t *testing.T) {
	m := newMemo(1024)
	kept := func() (n int) {
		for i := range m.numbers.places {
			if m.numbers.places[i].kept.Load() != nil {
				n++
			}
		}
		return n
	}
	for i := range 100 {
		m.appendNumber(nil, float64(i)+0.5)
	}
	if n := kept(); n != 0 {
		t.Errorf("%d numbers are kept that were asked for once", n)
	}
	for i := range 100 {
		m.appendNumber(nil, float64(i)+0.5)
	}
	if n := kept(); n < 90 {
		t.Errorf("%d of 100 numbers are kept that were asked for twice", n)
	}
}

// TestTheMemoIsSharedByManyGoroutines is for the race detector.
func TestTheMemoIsSharedByManyGoroutines(t *testing.T) {
	m := newMemo(4)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 2_000 {
				f := float64(i%17) + 0.25
				if got := string(m.appendNumber(nil, f)); got != fmt.Sprint(f) {
					t.Errorf("%v is printed as %s", f, got)
				}
			}
		})
	}
	wg.Wait()
}

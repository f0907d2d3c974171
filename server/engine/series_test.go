package engine

import (
	"testing"

	"pgregory.net/rapid"
)

// TestAGuessChangesNothing holds the search that begins at a guess against the one that has none.
func TestAGuessChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := seriesOf()
		date := rapid.Int64Range(0, 40)
		for at := int64(40); at > 0; at -= rapid.Int64Range(0, 9).Draw(t, "step") {
			s.appendHead(report{date: at, declare: noDate})
			if s.count == 30 {
				break
			}
		}
		to, guess := date.Draw(t, "to"), rapid.IntRange(noGuess, 40).Draw(t, "guess")
		if got, want := s.firstNear(to, guess), s.firstUpTo(to); got != want {
			t.Errorf("the first of %d reports up to %d is %d, with a guess of %d it is %d", s.count, to, want, guess, got)
		}
	})
}

package engine_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// TestASubjectThatIsNamedAgainIsRankedOnce holds lists with repetitions, which the quick way gives up where they show, against
// the same lists without, for every length about the longest that goes the quick way.
func TestASubjectThatIsNamedAgainIsRankedOnce(t *testing.T) {
	const subjects = 300
	e := openMarket(t, subjects, 2)
	rnd := rand.New(rand.NewPCG(8, 9))
	for range 400 {
		q := rankings(1, subjects)[0]
		q.Offset, q.Limit, q.Order = rnd.IntN(30), 1+rnd.IntN(40), protocol.Order(rnd.IntN(2))
		q.Field = []string{"indicator_1", "indicator_5", protocol.ReportDateField}[rnd.IntN(3)]
		q.Subjects = q.Subjects[:0]
		for range 1 + rnd.IntN(280) {
			q.Subjects = append(q.Subjects, marketKey(rnd.IntN(subjects+5)))
		}
		once := q
		once.Subjects = slices.Clone(q.Subjects)
		slices.Sort(once.Subjects)
		once.Subjects = slices.Compact(once.Subjects)
		var got, want protocol.Result
		if err := e.Snapshot(&q, &got); err != nil {
			t.Fatal(err)
		}
		if err := e.Snapshot(&once, &want); err != nil {
			t.Fatal(err)
		}
		if string(got.AppendTo(nil)) != string(want.AppendTo(nil)) {
			t.Fatalf("offset %d, limit %d of %d names: %d rows, want %d, or others", q.Offset, q.Limit, len(q.Subjects),
				got.Rows(), want.Rows())
		}
	}
}

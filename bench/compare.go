package bench

import (
	"fmt"
	"slices"
)

// Compare measures a and b in turn, a b a b ..., and returns every outcome and the ratio a/b round by round.
func Compare(rounds int, a, b func() (*Outcome, error)) (as, bs []*Outcome, ratio Spread, err error) {
	var ratios []float64
	for range rounds {
		oa, err := a()
		if err != nil {
			return as, bs, ratio, err
		}
		ob, err := b()
		if err != nil {
			return as, bs, ratio, err
		}
		as, bs = append(as, oa), append(bs, ob)
		if ob.QPS() > 0 {
			ratios = append(ratios, oa.QPS()/ob.QPS())
		}
	}
	if len(ratios) == 0 {
		return as, bs, ratio, fmt.Errorf("bench: the peer answered nothing in %d rounds", rounds)
	}
	return as, bs, SpreadOf(ratios), nil
}

// Median returns the outcome of median throughput.
func Median(outcomes []*Outcome) *Outcome {
	sorted := slices.Clone(outcomes)
	slices.SortFunc(sorted, func(a, b *Outcome) int {
		if a.QPS() < b.QPS() {
			return -1
		}
		return 1
	})
	return sorted[len(sorted)/2]
}

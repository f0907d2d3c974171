package bench

import (
	"fmt"
	"slices"
)

// Spread is what rounds of one measurement have in common: the median, the middle half and the ends.
type Spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`  // first quartile
	High   float64 `json:"high"` // third quartile
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Rounds int     `json:"rounds"`
}

// SpreadOf sums up the figures of some rounds; of none it is all zero.
func SpreadOf(figures []float64) Spread {
	if len(figures) == 0 {
		return Spread{}
	}
	s := slices.Clone(figures)
	slices.Sort(s)
	return Spread{Median: quantile(s, 0.5), Low: quantile(s, 0.25), High: quantile(s, 0.75), Min: s[0], Max: s[len(s)-1],
		Rounds: len(s)}
}

// quantile returns the q-th quantile of sorted figures, between two of them by their distance.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// String prints the median with its ends.
func (s Spread) String() string {
	return fmt.Sprintf("%.2f x (%.2f to %.2f in %d rounds)", s.Median, s.Min, s.Max, s.Rounds)
}

package engine

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// TestSortKeyOrdersLikeNumbers holds sortKey against the order of floats, either way, with missing last.
func TestSortKeyOrdersLikeNumbers(t *testing.T) {
	values := []float64{-math.MaxFloat64, -1, -math.SmallestNonzeroFloat64, 0, math.SmallestNonzeroFloat64, 1, 1.5, math.MaxFloat64}
	for _, flip := range []uint64{0, math.MaxUint64} {
		for i, a := range values {
			if sortKey(a, flip) >= sortKey(protocol.Missing, flip) {
				t.Errorf("flip %x: missing does not sort after %v", flip, a)
			}
			for j, b := range values {
				want := cmp.Compare(i, j)
				if flip != 0 {
					want = -want
				}
				if got := cmp.Compare(sortKey(a, flip), sortKey(b, flip)); got != want {
					t.Errorf("flip %x: compare(%v, %v) = %d, want %d", flip, a, b, got, want)
				}
			}
		}
	}
	if sortKey(math.Copysign(0, -1), 0) != sortKey(0, 0) {
		t.Error("-0 does not equal 0")
	}
}

func drawItems(t *rapid.T) []item {
	key := rapid.OneOf(rapid.Uint64Range(0, 40), rapid.Map(rapid.Uint64Range(0, 600), func(k uint64) uint64 { return k << 6 }),
		rapid.Just(uint64(missingKey)))
	keys := rapid.SliceOfN(key, 0, 300).Draw(t, "keys")
	items := make([]item, len(keys))
	for i, k := range keys {
		items[i] = item{key: k, number: uint32(i), tie: uint32(i)}
	}
	return items
}

// TestRankingEqualsSorting holds every way of ranking against a plain stable sort.
func TestRankingEqualsSorting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := drawItems(t)
		p := page{
			offset: rapid.IntRange(0, 320).Draw(t, "offset"),
			limit:  rapid.IntRange(1, 320).Draw(t, "limit"),
		}
		sorted := slices.Clone(items)
		slices.SortStableFunc(sorted, func(a, b item) int { return cmp.Compare(a.key, b.key) })
		want := p.cut(sorted)
		if got := p.rankKeyed(slices.Clone(items), new(scratch)); !slices.Equal(got, want) {
			t.Fatalf("rankKeyed = %v, want %v", got, want)
		}
		if got := p.cut(mergeSort(slices.Clone(items), new(scratch))); !slices.Equal(got, want) {
			t.Fatalf("mergeSort = %v, want %v", got, want)
		}
	})
}

package engine

import (
	"cmp"
	"math"
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// item is one candidate of a ranking. Ascending (key, tie) is the order of the answer.
type item struct {
	key    uint64
	number uint32 // subject
	tie    uint32 // position among the candidates; orders ties where candidates come in key order
}

// missingKey sorts after every number in either order (semantics 13): no finite number maps to it.
const missingKey = math.MaxUint64

// sortKey maps v so that ascending unsigned order is the asked order of numbers. flip is all ones for descending.
//
// A float64 with its sign bit flipped (positive) or all bits flipped (negative) orders as its bits do. -0 equals 0.
func sortKey(v float64, flip uint64) uint64 {
	if v != v {
		return missingKey
	}
	return sortKeyOfBits(math.Float64bits(v), flip)
}

// sortKeyOfBits is sortKey of the stored value with these bits, without a branch: a few values in a hundred are missing, and
// each would be a wrong guess.
func sortKeyOfBits(b, flip uint64) uint64 {
	if b == 1<<63 { // -0
		b = 0
	}
	key := b ^ (uint64(int64(b)>>63) | 1<<63) ^ flip
	if b == missingBits {
		key = missingKey
	}
	return key
}

// missingBits are those of the only NaN that is stored.
var missingBits = math.Float64bits(protocol.Missing)

// dateKey is sortKey for report dates.
func dateKey(date int64, flip uint64) uint64 { return (uint64(date) ^ 1<<63) ^ flip }

func (p *page) flip() uint64 {
	if p.ascending {
		return 0
	}
	return math.MaxUint64
}

// cut returns the items of the page from items that are in order as far as the page reaches.
func (p *page) cut(items []item) []item { return cut(p, items) }

// cut returns the part of what is in order that the page shows.
func cut[T any](p *page, all []T) []T {
	all = all[min(p.offset, len(all)):]
	return all[:min(p.limit, len(all))]
}

// rankKeyed orders items whose ties are settled by tie (candidates in key order) and returns the page. A page that
// ends early in many candidates is found by a bounded heap instead of sorting them all.
func (p *page) rankKeyed(items []item, sc *scratch) []item {
	if p.offset >= len(items) {
		return nil
	}
	if need := p.offset + p.limit; need < len(items)/4 {
		items = smallest(items, need)
		slices.SortFunc(items, compareItems)
		return p.cut(items)
	}
	if len(items) > smallRank {
		return p.cut(mergeSort(items, sc))
	}
	items = sc.sortSmall(items, p.offset+p.limit)
	settle(items, compareItems)
	return p.cut(items)
}

// rankListed orders items in any order of subjects and returns the page; subjects settle ties by their keys.
func (p *page) rankListed(items []item, sc *scratch, rt *root) []item {
	if p.offset >= len(items) {
		return nil
	}
	if len(items) > smallRank {
		items = mergeSort(items, sc)
	} else {
		items = sc.sortSmall(items, p.offset+p.limit)
	}
	settle(items, func(a, b item) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return compareKeys(rt, a.number, b.number)
	})
	return p.cut(items)
}

// settle sorts each run of items whose keys are equal but for the place bits, which sortSmall leaves in any order.
func settle(items []item, compare func(a, b item) int) {
	for i := 0; i+1 < len(items); i++ {
		run := items[i].key &^ placeMask
		if run != items[i+1].key&^placeMask {
			continue
		}
		end := i + 2
		for end < len(items) && items[end].key&^placeMask == run {
			end++
		}
		slices.SortFunc(items[i:end], compare)
		i = end - 1
	}
}

func compareKeys(rt *root, a, b uint32) int {
	ka, kb := rt.subject(a).Key, rt.subject(b).Key
	switch {
	case ka < kb:
		return -1
	case ka > kb:
		return 1
	}
	return 0
}

func compareItems(a, b item) int {
	if before(a, b) {
		return -1
	}
	return 1
}

func before(a, b item) bool { return a.key < b.key || a.key == b.key && a.tie < b.tie }

// smallest moves the n smallest items to the front, in no order, and returns them: a max-heap of n whose root is
// compared with every other item. Most items lose that comparison, which the processor soon predicts.
func smallest(items []item, n int) []item {
	heap := items[:n]
	for i := n/2 - 1; i >= 0; i-- {
		sink(heap, i)
	}
	for i := n; i < len(items); i++ {
		if before(items[i], heap[0]) {
			heap[0] = items[i]
			sink(heap, 0)
		}
	}
	return heap
}

func sink(heap []item, i int) {
	for {
		c := 2*i + 1
		if c >= len(heap) {
			return
		}
		if c+1 < len(heap) && before(heap[c], heap[c+1]) {
			c++
		}
		if !before(heap[i], heap[c]) {
			return
		}
		heap[i], heap[c] = heap[c], heap[i]
		i = c
	}
}

// mergeSort orders items by key, stably, and returns them in items or in the scratch's spare memory.
//
// It is for the many: up to smallRank items sortSmall is quicker. Runs of four are placed by counting, and the merge
// picks by arithmetic, since comparisons of random figures cannot be predicted.
func mergeSort(items []item, sc *scratch) []item {
	if cap(sc.spare) < len(items) {
		sc.spare = make([]item, len(items)+len(items)/4)
	}
	src, dst := items, sc.spare[:len(items)]
	for i := 0; i < len(src); i += runLength {
		sortRun(src[i:min(i+runLength, len(src))])
	}
	for width := runLength; width < len(src); width *= 2 {
		for lo := 0; lo < len(src); lo += 2 * width {
			mid, hi := min(lo+width, len(src)), min(lo+2*width, len(src))
			merge(dst[lo:hi], src[lo:mid], src[mid:hi])
		}
		src, dst = dst, src
	}
	return src
}

const runLength = 4

// sortRun orders up to runLength items: each goes to the place that counts the items before it.
func sortRun(run []item) {
	var out [runLength]item
	for i := range run {
		place := 0
		for j := range run {
			place += less(run[j].key, run[i].key)
			if j < i {
				place += equal(run[j].key, run[i].key)
			}
		}
		out[place&(runLength-1)] = run[i]
	}
	copy(run, out[:])
}

// less and equal are 1 or 0; the compiler makes them a flag set without a jump.
func less(a, b uint64) int {
	if a < b {
		return 1
	}
	return 0
}

func equal(a, b uint64) int {
	if a == b {
		return 1
	}
	return 0
}

// merge merges two sorted runs into dst, which has the room of both; equal keys keep a's first.
func merge(dst, a, b []item) {
	i, j, k := 0, 0, 0
	for i < len(a) && j < len(b) {
		fromB := less(b[j].key, a[i].key)
		// Both heads are at hand; which of them is stored is a conditional move, not a jump.
		p := &a[i]
		if fromB != 0 {
			p = &b[j]
		}
		dst[k] = *p
		i += 1 - fromB
		j += fromB
		k++
	}
	k += copy(dst[k:], a[i:])
	copy(dst[k:], b[j:])
}

package engine

import "math"

// smallRank is up to how many candidates are ranked as plain numbers: their places fit into 8 bits.
const smallRank = 256

// placeMask covers the low bits of a packed key, which hold the candidate's place instead of the figure's last bits.
const placeMask = smallRank - 1

// packed is the working memory of sortSmall: two arrays to merge to and fro between. They are arrays, and indexed
// through masks, so that the compiler leaves out every bounds check.
type packed [2][smallRank]uint64

// sortSmall returns at least the first need items of the order by key, up to the last 8 bits of it: items that are
// equal but for those may come in any order, and are never cut apart at the end. There must be at most smallRank items.
//
// Ranks of random figures are coin tosses to a branch predictor, and at 50 candidates a mispredicted branch per
// comparison would cost more than the rest of the query. So keys are packed with their places into one word each, runs
// of four go through a sorting network, and equal runs are merged from both ends at once: each step is a minimum, a
// maximum and two additions, and no run can end early, since after as many steps as a run is long the ends have met.
// BenchmarkRank has it beside the general merge sort and slices.SortFunc.
func (sc *scratch) sortSmall(items []item, need int) []item {
	n, size := len(items), runLength
	for size < n {
		size *= 2
	}
	src, dst := &sc.packed[0], &sc.packed[1]
	for i := range items {
		src[i&placeMask] = items[i].key&^placeMask | uint64(i)
	}
	for i := n; i < size; i++ {
		src[i&placeMask] = math.MaxUint64
	}
	for i := 0; i < size; i += runLength {
		sortFour(src, i)
	}
	run := runLength
	for ; 2*run < size; run *= 2 {
		for base := 0; base < size; base += 2 * run {
			mergeEnds(dst, src, base, run)
		}
		src, dst = dst, src
	}
	sorted := n
	if run < size {
		sorted = mergeLast(dst, src, run, n, need)
		src = dst
	}
	if cap(sc.spare) < n {
		sc.spare = make([]item, smallRank)
	}
	out := sc.spare[:sorted]
	for i := range out {
		out[i] = items[src[i&placeMask]&placeMask]
	}
	return out
}

// mergeLast merges the last two runs, all of them or only as far as the page reaches, and returns how many of the n are
// in order.
func mergeLast(dst, src *[smallRank]uint64, run, n, need int) int {
	if need < run && need < n {
		mergeFront(dst, src, run, need+1)
		if (dst[(need-1)&placeMask]^dst[need&placeMask])&^placeMask != 0 {
			return need
		}
	}
	mergeEnds(dst, src, 0, run)
	return n
}

// sortFour sorts four numbers from base on: a network of five exchanges.
func sortFour(p *[smallRank]uint64, base int) {
	a, b, c, d := p[base&placeMask], p[(base+1)&placeMask], p[(base+2)&placeMask], p[(base+3)&placeMask]
	a, b = min(a, b), max(a, b)
	c, d = min(c, d), max(c, d)
	a, c = min(a, c), max(a, c)
	b, d = min(b, d), max(b, d)
	b, c = min(b, c), max(b, c)
	p[base&placeMask], p[(base+1)&placeMask], p[(base+2)&placeMask], p[(base+3)&placeMask] = a, b, c, d
}

// mergeEnds merges two runs that begin at base, from both ends at once.
func mergeEnds(dst, src *[smallRank]uint64, base, run int) {
	i, j := base, base+run
	x, y := base+run-1, base+2*run-1
	for k := 0; k < run; k++ {
		a, b := src[i&placeMask], src[j&placeMask]
		dst[(base+k)&placeMask] = min(a, b)
		left := less(a, b)
		i, j = i+left, j+1-left
		a, b = src[x&placeMask], src[y&placeMask]
		dst[(base+2*run-1-k)&placeMask] = max(a, b)
		left = less(b, a)
		x, y = x-left, y-1+left
	}
}

// mergeFront merges the first steps numbers of two runs that begin at 0; steps is at most run.
func mergeFront(dst, src *[smallRank]uint64, run, steps int) {
	i, j := 0, run
	for k := 0; k < steps; k++ {
		a, b := src[i&placeMask], src[j&placeMask]
		dst[k&placeMask] = min(a, b)
		left := less(a, b)
		i, j = i+left, j+1-left
	}
}

package engine

import (
	"math"
	"unsafe"
)

// smallRank is up to how many candidates are ranked as plain numbers: their places fit into 8 bits.
const smallRank = 256

// placeMask covers the low bits of a packed key, which hold the candidate's place instead of the figure's last bits.
const placeMask = smallRank - 1

// packed is the working memory of sortSmall: two arrays to merge to and fro between. They are arrays, and indexed
// through masks, so that the compiler leaves out bounds checks.
type packed [2][smallRank]uint64

// sortSmall returns at least the first need items of the order by key, up to the last 8 bits of it: items that are
// equal but for those may come in any order, and are never cut apart at the end. There must be at most smallRank items.
func (sc *scratch) sortSmall(items []item, need int) []item {
	in := &sc.packed[0]
	for i := range items {
		in[i&placeMask] = items[i].key&^placeMask | uint64(i)
	}
	order := sc.packed.sort(len(items), need)
	if cap(sc.spare) < len(items) {
		sc.spare = make([]item, smallRank)
	}
	out := sc.spare[:len(order)]
	for i := range out {
		out[i] = items[order[i]&placeMask]
	}
	return out
}

// sort orders the first n words of the first array, and returns at least the first need of them. Words that are equal
// but for their places may come in any order, and are never cut apart at the end.
//
// Ranks of random figures are coin tosses to a branch predictor, and at 50 candidates a mispredicted branch per
// comparison would cost more than the rest of the query. So keys are packed with their places into one word each, runs
// of eight go through a sorting network, and equal runs are merged from both ends at once: each step is a minimum, a
// maximum and two additions, and no run can end early, since after as many steps as a run is long the ends have met.
// BenchmarkRank has it beside the general merge sort and slices.SortFunc. Runs of eight that stay in registers, instead of four, and
// merges without masks in their loops took 50 candidates from 470 to 308 ns.
func (p *packed) sort(n, need int) []uint64 {
	size := smallRun
	for size < n {
		size *= 2
	}
	src, dst := &p[0], &p[1]
	for i := n; i < size; i++ {
		src[i&placeMask] = math.MaxUint64
	}
	for i := 0; i < n; i += smallRun {
		sortEight(src, i)
	}
	run := smallRun
	for ; 2*run < size; run *= 2 {
		for base := 0; base < size; base += 2 * run {
			if base+run >= n { // the second run has no word
				copy(dst[base&placeMask:][:2*run], src[base&placeMask:])
				continue
			}
			mergeEnds(dst, src, base, run)
		}
		src, dst = dst, src
	}
	if run < size {
		return dst[:mergeLast(dst, src, run, n, need)]
	}
	return src[:n]
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

// smallRun is of how many words runs are before the first merge.
const smallRun = 8

// sortEight sorts eight numbers from base on: Batcher's network of 19 exchanges, in registers.
func sortEight(p *[smallRank]uint64, base int) {
	v := (*[smallRun]uint64)(p[base&placeMask:])
	a, b, c, d, e, f, g, h := v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
	a, b = min(a, b), max(a, b)
	c, d = min(c, d), max(c, d)
	e, f = min(e, f), max(e, f)
	g, h = min(g, h), max(g, h)
	a, c = min(a, c), max(a, c)
	b, d = min(b, d), max(b, d)
	e, g = min(e, g), max(e, g)
	f, h = min(f, h), max(f, h)
	b, c = min(b, c), max(b, c)
	f, g = min(f, g), max(f, g)
	a, e = min(a, e), max(a, e)
	d, h = min(d, h), max(d, h)
	b, f = min(b, f), max(b, f)
	c, g = min(c, g), max(c, g)
	c, e = min(c, e), max(c, e)
	d, f = min(d, f), max(d, f)
	b, c = min(b, c), max(b, c)
	d, e = min(d, e), max(d, e)
	f, g = min(f, g), max(f, g)
	v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7] = a, b, c, d, e, f, g, h
}

// mergeEnds merges two runs that begin at base, from both ends at once.
//
// The four positions move by what is compared, which the compiler cannot bound. They stay within the runs: after k steps the two
// from the front have moved k together, the two from the back too, and k is less than a run is long. Unsafe leaves out what
// would keep them there.
func mergeEnds(dst, src *[smallRank]uint64, base, run int) {
	from, to := unsafe.Pointer(&src[base&placeMask]), unsafe.Pointer(&dst[base&placeMask])
	at := func(i int) uint64 { return *(*uint64)(unsafe.Add(from, i*8)) }
	put := func(i int, v uint64) { *(*uint64)(unsafe.Add(to, i*8)) = v }
	i, j := 0, run
	x, y := run-1, 2*run-1
	for front, back := 0, 2*run-1; front < back; front, back = front+1, back-1 {
		a, b := at(i), at(j)
		put(front, min(a, b))
		left := less(a, b)
		i += left
		j += 1 - left
		a, b = at(x), at(y)
		put(back, max(a, b))
		left = less(b, a)
		x -= left
		y += left - 1
	}
}

// mergeFront merges the first steps numbers of two runs that begin at 0; steps is at most run.
func mergeFront(dst, src *[smallRank]uint64, run, steps int) {
	from := unsafe.Pointer(src)
	at := func(i int) uint64 { return *(*uint64)(unsafe.Add(from, i*8)) }
	i, j := 0, run
	for k := range dst[:steps] {
		a, b := at(i), at(j)
		dst[k] = min(a, b)
		left := less(a, b)
		i += left
		j += 1 - left
	}
}

package engine

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// A list of subjects that is ranked by their newest reports is what most requests are. It is ranked here in passes over
// plain words, with no item made and no subject looked for twice: names to numbers, numbers to figures packed with their
// places, places in order. What is rare is left to the general way, which gives the same answers: lists of more than smallRank,
// and those that name a subject more than once on the page.

// candidates is working memory of such a ranking, by place.
type candidates struct {
	numbers [smallRank]uint32
	keys    [smallRank]uint64
}

// rankNames answers the ranking of a list of names.
func (e *Engine) rankNames(v *view, names []string, rank *protocol.Ranking, timestamp protocol.Instant, span protocol.Range,
	sc *scratch, r *protocol.Result) error {
	s, err := scopeOf(v, rank, timestamp, span)
	if err != nil || s.nothing {
		return err
	}
	if err := v.enterList(&s, sc); err != nil {
		return err
	}
	if s.newest && len(names) <= smallRank {
		sc.find(v.root, names)
		if numbers, ok := v.pageOfList(sc.numbers, &s.page, sc); ok {
			return e.fillNewest(v, numbers, sc, r)
		}
	}
	sc.lookup(v.root, names)
	return e.rank(v, sc.numbers, false, &s, sc, r)
}

// pageOfList returns the page of at most smallRank candidates, ranked by their newest reports, unless one is on it twice.
func (v *view) pageOfList(list []uint32, p *page, sc *scratch) (numbers []uint32, ok bool) {
	n := v.figuresOf(list, p, sc)
	if p.offset >= n {
		return nil, true
	}
	order := sc.packed.sort(n, p.offset+p.limit)
	numbers = sc.numbers[:0] // the candidates have them
	for i, word := range order {
		numbers = append(numbers, sc.list.numbers[word&placeMask])
		if i > 0 && (word^order[i-1])&^placeMask == 0 {
			return sc.list.settled(v.root, order, p, sc.numbers[:0])
		}
	}
	return cut(p, numbers), true
}

// touch reads of each candidate's row what is read first, and decides nothing: so little work lies between two rows that the
// processor waits for the memory of some thirty at once instead of ten. A ranking of 50 that came alone took 6.0 us
// without and 5.0 with (BenchmarkLonelyRankings/5000, medians of 7), and those that come together as long as before.
func (t *table) touch(list []uint32) {
	chunks := t.chunks
	for _, number := range list {
		if i := int(number >> chunkBits); i < len(chunks) && chunks[i] != nil {
			c := chunks[i]
			atomic.LoadUint64(&c.rows[int(number&chunkMask)*c.stride]) // a plain read of nobody's use would be left out
		}
	}
}

// figuresOf packs the figure of each candidate that has a report with its place, and returns how many have one.
func (v *view) figuresOf(list []uint32, p *page, sc *scratch) int {
	v.table.touch(list)
	flip := p.flip()
	shape, place := noShape, -1 // those of the chunk before: nearly always the same
	n := 0
	for _, number := range list {
		c, row := v.table.chunkOf(number)
		if c == nil {
			continue
		}
		if c.shape != shape {
			shape, place = c.shape, c.shape.place(p.column)
		}
		words := c.row(row)
		if int64(words[0]) == noDate {
			continue
		}
		key := uint64(missingKey)
		if p.column == byReportDate {
			key = dateKey(int64(words[0]), flip)
		} else if place >= 0 {
			key = sortKeyOfBits(words[1+place], flip)
		}
		at := n & placeMask
		sc.list.numbers[at], sc.list.keys[at] = number, key
		sc.packed[0][at] = key&^placeMask | uint64(at)
		n++
	}
	return n
}

// settled is the page where figures are equal, or nearly: each run of those is put in order by all their bits, and then by the keys
// of subjects.
func (c *candidates) settled(rt *root, order []uint64, p *page, numbers []uint32) (_ []uint32, ok bool) {
	compare := func(a, b uint64) int {
		i, j := a&placeMask, b&placeMask
		if c.keys[i] != c.keys[j] {
			return cmp.Compare(c.keys[i], c.keys[j])
		}
		return compareKeys(rt, c.numbers[i], c.numbers[j])
	}
	for from := 0; from < len(order); {
		end := from + 1
		for end < len(order) && (order[end]^order[from])&^placeMask == 0 {
			end++
		}
		slices.SortFunc(order[from:end], compare)
		from = end
	}
	for i, word := range order {
		number := c.numbers[word&placeMask]
		if i > 0 && number == numbers[i-1] {
			return nil, false // named twice
		}
		numbers = append(numbers, number)
	}
	return cut(p, numbers), true
}

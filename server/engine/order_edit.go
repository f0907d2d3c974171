package engine

import (
	"slices"
	"sync/atomic"
)

// generations tells edits apart, so that each knows the leaves that it has copied.
var generations atomic.Uint64

// spared is how many changes an order of so many subjects may see that nobody asks for: about as many as cost what
// building it anew does. After more it is not kept up any longer, and built when it is asked for again.
func spared(subjects int) int { return subjects/8 + 64 }

// move is a subject whose place in an order may have changed.
type move struct {
	number        uint32
	before, after uint64 // sort keys
	was, is       bool   // in the order
}

// advance returns the order of a later moment, at which only the changed subjects may differ: the same one where nothing
// in it changes, nil where it is not worth keeping up.
func (o *order) advance(from, to seen, changed []uint32) *order {
	moves := o.moves(from, to, changed)
	if len(moves) == 0 {
		return o
	}
	next := *o
	if o.use.take(markForApply) {
		next.unasked = 0
	}
	if next.unasked += len(moves); next.unasked > spared(o.count()) {
		return nil
	}
	e := orderEdit{order: &next, generation: generations.Add(1)}
	next.blocks = slices.Clone(o.blocks)
	e.rt, e.figures = from.root, o.key.figures(from.table)
	for i := range moves {
		if m := &moves[i]; m.was {
			e.remove(m.number, m.before)
		}
	}
	e.rt, e.figures = to.root, o.key.figures(to.table)
	for i := range moves {
		if m := &moves[i]; m.is {
			e.insert(m.number, m.after)
		}
	}
	e.finish()
	return &next
}

// seen is what an order is of, at a moment: the newest reports of a table, or a past.
type seen struct {
	root  *root
	table *table
}

func (k *orderKey) figures(t *table) figures { return figures{table: t, column: k.column} }

// moves returns what changes in the order between two moments.
func (o *order) moves(from, to seen, changed []uint32) []move {
	var moves []move
	before, after := o.key.figures(from.table), o.key.figures(to.table)
	for _, n := range changed {
		m := move{number: n}
		if m.is = o.key.has(to.root.subject(n)); m.is {
			m.after, m.is = after.key(n)
		}
		if m.was = n < from.root.count && o.key.has(from.root.subject(n)); m.was {
			m.before, m.was = before.key(n)
		}
		if m.was != m.is || m.before != m.after {
			moves = append(moves, m)
		}
	}
	return moves
}

// orderEdit is an order while it is changed. Subjects are taken out by their keys of before, with rt and figures of then,
// when all others are in place by these; then they are put in with those of after, by which the others are in place too.
type orderEdit struct {
	*order
	generation uint64
	rt         *root
	figures    figures
}

// own makes the leaf of a block one that may be written to.
func (e *orderEdit) own(b int) *leaf {
	have := &e.blocks[b]
	if have.leaf.generation != e.generation {
		l := &leaf{generation: e.generation}
		copy(l.numbers[:have.used], have.leaf.numbers[:have.used])
		have.leaf = l
	}
	return have.leaf
}

func (e *orderEdit) remove(number uint32, key uint64) {
	c := e.find(e.rt, e.figures, key, e.rt.subject(number).Key)
	b := &e.blocks[c.block]
	if c.i >= int(b.used) || b.leaf.numbers[c.i] != number {
		panic("engine: a standing order has lost a subject") // every answer from it would be wrong
	}
	if key != missingKey {
		e.present--
	}
	if b.used == 1 {
		e.blocks = slices.Delete(e.blocks, c.block, c.block+1)
		return
	}
	l := e.own(c.block)
	copy(l.numbers[c.i:], l.numbers[c.i+1:b.used])
	b.used--
	if c.i == 0 {
		b.first, _ = e.figures.key(l.numbers[0])
	}
}

func (e *orderEdit) insert(number uint32, key uint64) {
	if key != missingKey {
		e.present++
	}
	if len(e.blocks) == 0 {
		e.blocks = append(e.blocks, block{leaf: &leaf{generation: e.generation}})
	}
	c := e.find(e.rt, e.figures, key, e.rt.subject(number).Key)
	if e.blocks[c.block].used == leafSize {
		if e.split(c.block); c.i > leafSize/2 {
			c = cursor{c.block + 1, c.i - leafSize/2}
		}
	}
	l, b := e.own(c.block), &e.blocks[c.block]
	copy(l.numbers[c.i+1:b.used+1], l.numbers[c.i:b.used])
	l.numbers[c.i] = number
	b.used++
	if c.i == 0 {
		b.first = key
	}
}

// split makes two blocks of a full one.
func (e *orderEdit) split(b int) {
	full := e.blocks[b].leaf
	upper := &leaf{generation: e.generation}
	copy(upper.numbers[:], full.numbers[leafSize/2:])
	first, _ := e.figures.key(upper.numbers[0])
	e.blocks = slices.Insert(e.blocks, b+1, block{first: first, leaf: upper, used: leafSize / 2})
	e.blocks[b].used = leafSize / 2
}

// finish counts, and joins neighbours where leaves have become half empty, so that an order never takes more than about
// twice what its subjects need.
func (e *orderEdit) finish() {
	end := uint32(0)
	for i := 0; i < len(e.blocks); i++ {
		if i > 0 && e.blocks[i-1].used+e.blocks[i].used <= leafSize/2 {
			l, b := e.own(i-1), &e.blocks[i-1]
			copy(l.numbers[b.used:], e.blocks[i].leaf.numbers[:e.blocks[i].used])
			b.used += e.blocks[i].used
			end += e.blocks[i].used
			b.end = end
			e.blocks = slices.Delete(e.blocks, i, i+1)
			i--
			continue
		}
		end += e.blocks[i].used
		e.blocks[i].end = end
	}
}

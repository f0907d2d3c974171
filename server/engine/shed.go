package engine

import (
	"fmt"
	"math"
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// hand goes round all chunks; where it stands, series leave the heap next. Apply moves it.
type hand struct{ slot, chunk int }

// step goes on to the next chunk.
func (h *hand) step(rt *root) {
	h.chunk++
	for tries := 0; tries <= len(rt.tables); tries++ {
		if h.slot < len(rt.tables) && h.chunk < len(rt.tables[h.slot].chunks) {
			return
		}
		h.chunk = 0
		if h.slot++; h.slot >= len(rt.tables) {
			h.slot = 0
		}
	}
}

// room returns how many bytes of history may be on the heap beside the columns of rt.
func (e *Engine) room(rt *root) int {
	room := int64(math.MaxInt64)
	if e.historyBytes > 0 {
		room = e.historyBytes
	}
	if e.heapBytes > 0 {
		room = min(room, max(e.heapBytes-int64(e.standing.limit)-int64(rt.columnBytes()), 0))
	}
	return int(room)
}

// columnBytes is what must be on the heap: the subjects, and the chunks of all tables.
func (r *root) columnBytes() int {
	n := r.people
	for _, t := range r.tables {
		n += t.columns
	}
	return n
}

// historyBytes is what is on the heap of the series.
func (r *root) historyBytes() (n int) {
	for _, t := range r.tables {
		n += t.history
	}
	return n
}

// subjectBytes is about what a subject takes with its places in lists and in the table of keys.
func subjectBytes(s *protocol.Subject) int {
	const fixed, each = 296, 64
	n := fixed + len(s.Key) + len(s.Name)
	for _, t := range s.Topics {
		n += each + len(t)
	}
	for i := range s.Tags {
		n += each + len(s.Tags[i].Text)
	}
	return n
}

// shed lets series leave the heap for blocks until the others fit, in the order of the hand, and those that the newest
// entry has changed last. own makes a chunk one that may be changed.
func (e *Engine) shed(next *root, own func(slot, i int) (*table, *chunk)) {
	over := next.historyBytes() - e.room(next)
	if over <= 0 {
		return
	}
	positions := len(next.tables)
	for _, t := range next.tables {
		positions += len(t.chunks)
	}
	for _, newest := range []bool{false, true} {
		for range positions {
			if over -= e.shedChunk(next, newest, over, own); over <= 0 {
				return
			}
			e.hand.step(next)
		}
	}
}

// shedChunk lets series of the chunk at the hand leave, about as many bytes as asked for, and returns how many did.
func (e *Engine) shedChunk(next *root, newest bool, want int, own func(slot, i int) (*table, *chunk)) (gone int) {
	slot, i := e.hand.slot, e.hand.chunk
	if slot >= len(next.tables) || i >= len(next.tables[slot].chunks) || next.tables[slot].chunks[i] == nil {
		return 0
	}
	var key blockKey
	c := next.tables[slot].chunks[i]
	for row := 0; row < chunkRows && gone < want; row++ {
		s := c.series[row]
		if s == nil || !newest && c.sums[row].version == next.applied {
			continue
		}
		var t *table
		t, c = own(slot, i)
		key.set(next.epoch, slot, uint32(i)<<chunkBits|uint32(row), c.sums[row].version)
		e.keep(key, s)
		c.series[row] = nil
		t.history -= s.bytes()
		gone += s.bytes()
	}
	return gone
}

// keep puts a series among the blocks.
func (e *Engine) keep(key blockKey, s *series) {
	sc := e.working(false)
	defer e.end(sc)
	sc.shelf.key = key
	sc.shelf.block = appendBlock(sc.shelf.block[:0], s)
	e.history.blocks.Set(sc.shelf.key[:], sc.shelf.block)
}

// shed makes the draft's next root fit.
func (d *draft) shed() {
	d.e.shed(d.next, func(slot, i int) (*table, *chunk) {
		edit := d.table(slot)
		if d.next.tables[slot] == edit.base { // the entry has written nothing of it
			t := *edit.base
			t.chunks = slices.Clone(t.chunks)
			d.next.tables[slot] = &t
		}
		t := d.next.tables[slot]
		return t, t.writable(i, edit.own)
	})
}

// fits refuses columns that the heap may not hold.
func (e *Engine) fits(columns int64) error {
	if e.heapBytes == 0 || columns <= e.heapBytes {
		return nil
	}
	return fmt.Errorf("%w: at least %d bytes, and HeapBytes is %d", ErrHeapBytes, columns, e.heapBytes)
}

package client

import "math/bits"

// table holds the calls in flight on one connection by request id. An id is the call's slot in its low bits and how
// often the slot was used above them, so that finding a call is an index and a late reply never meets a newer call.
//
// A slot whose caller gave up stays taken until its reply comes: the node still counts it.
type table struct {
	entries []entry
	free    []int // slots to use again
	width   int   // bits of a slot
	live    int   // calls with a caller who waits
}

type entry struct {
	uses  uint64
	taken bool
	call  *call // nil in a taken slot: given up
}

// newTable returns a table for at most limit calls.
func newTable(limit int) table { return table{width: bits.Len(uint(limit))} }

// used returns the number of slots that are taken.
func (t *table) used() int { return len(t.entries) - len(t.free) }

// put takes a slot for the call and returns its id, which is not 0.
func (t *table) put(k *call) uint64 {
	if n := len(t.free); n > 0 {
		k.slot = t.free[n-1]
		t.free = t.free[:n-1]
	} else {
		k.slot = len(t.entries)
		t.entries = append(t.entries, entry{})
	}
	e := &t.entries[k.slot]
	e.uses++
	e.taken, e.call = true, k
	k.state = callInFlight
	if !k.ping {
		t.live++
	}
	return e.uses<<t.width | uint64(k.slot)
}

// undo takes back the put of a call whose request did not enter the stream.
func (t *table) undo(k *call) {
	e := &t.entries[k.slot]
	e.taken = false
	t.giveUp(k)
	t.free = append(t.free, k.slot)
}

// giveUp parts the call from its slot, which stays taken.
func (t *table) giveUp(k *call) {
	t.entries[k.slot].call = nil
	k.state = callIdle
	if !k.ping {
		t.live--
	}
}

// take frees the slot of a reply. The call is nil where its caller gave up; known is false for an id that is not in use.
func (t *table) take(id uint64) (k *call, known bool) {
	slot := id & (1<<t.width - 1)
	if slot >= uint64(len(t.entries)) {
		return nil, false
	}
	e := &t.entries[slot]
	if !e.taken || e.uses != id>>t.width {
		return nil, false
	}
	if k = e.call; k != nil {
		t.giveUp(k)
	}
	e.taken = false
	t.free = append(t.free, int(slot))
	return k, true
}

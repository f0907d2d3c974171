package engine

import (
	"bytes"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// repeats remembers which writes were carried out, so that one that is sent again changes nothing. It is part of the
// replicated state: what it forgets depends on the log alone, so that all nodes remember the same.
type repeats struct {
	clients map[protocol.ClientID]*sequences
}

// sequences are the writes of one client.
type sequences struct {
	entries map[uint64]uint64 // sequence -> index of the entry that carried it out
	highest uint64            // sequence
	newest  uint64            // index
}

func newRepeats() *repeats { return &repeats{clients: map[protocol.ClientID]*sequences{}} }

// floor is the greatest sequence that is remembered no more.
func (s *sequences) floor() uint64 {
	if s == nil || s.highest <= protocol.RepeatWindow {
		return 0
	}
	return s.highest - protocol.RepeatWindow
}

// check tells why the write of that origin must not be carried out, or nil.
func (r *repeats) check(o protocol.Origin) error {
	s := r.clients[o.Client]
	if s == nil {
		return nil
	}
	if index, ok := s.entries[o.Sequence]; ok {
		return &protocol.Repeated{Index: index}
	}
	if o.Sequence <= s.floor() {
		return badRequest("write %d of this client comes after its write %d: writes that are more than %d behind are "+
			"remembered no more, so it is not known whether this one was carried out", o.Sequence, s.highest, protocol.RepeatWindow)
	}
	return nil
}

// load adds a write that the store remembers.
func (r *repeats) load(o protocol.Origin, index uint64) {
	s := r.clients[o.Client]
	if s == nil {
		s = &sequences{entries: map[uint64]uint64{}}
		r.clients[o.Client] = s
	}
	s.entries[o.Sequence] = index
	s.highest, s.newest = max(s.highest, o.Sequence), max(s.newest, index)
}

// note remembers a write that the entry index carries out, and forgets what there is no room for.
func (r *repeats) note(o protocol.Origin, index uint64, batch *store.Batch) {
	if _, known := r.clients[o.Client]; !known && len(r.clients) == protocol.MaxOrigins {
		oldest := r.oldest()
		delete(r.clients, oldest)
		batch.DeleteRepeats(oldest)
	}
	before := r.clients[o.Client].floor()
	r.load(o, index)
	batch.PutRepeat(o, index)
	r.clients[o.Client].trim(o.Client, before, batch)
}

// trim forgets the sequences that fell behind since the floor was at before. It is mostly one; a client may skip many.
func (s *sequences) trim(client protocol.ClientID, before uint64, batch *store.Batch) {
	floor := s.floor()
	forget := func(sequence uint64) {
		if _, ok := s.entries[sequence]; ok {
			delete(s.entries, sequence)
			batch.DeleteRepeat(protocol.Origin{Client: client, Sequence: sequence})
		}
	}
	if floor-before <= protocol.RepeatWindow {
		for sequence := before + 1; sequence <= floor; sequence++ {
			forget(sequence)
		}
		return
	}
	for sequence := range s.entries {
		if sequence <= floor {
			forget(sequence)
		}
	}
}

// oldest returns the client that has not written for longest; of several in one entry the one with the least id.
func (r *repeats) oldest() protocol.ClientID {
	var (
		oldest protocol.ClientID
		newest uint64
		found  bool
	)
	for id, s := range r.clients {
		if !found || s.newest < newest || s.newest == newest && bytes.Compare(id[:], oldest[:]) < 0 {
			oldest, newest, found = id, s.newest, true
		}
	}
	return oldest
}

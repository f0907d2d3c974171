package dataset

// hashSet is a set of 64-bit hashes: open addressing in one pointer-free slice, at most 3/4 full, so 11 to 21 bytes an
// entry. Two rows that differ share a hash with a probability of n*n/2^65: one in half a million at 8 million rows.
type hashSet struct {
	slots []uint64 // 0 = free
	used  int
	limit int // entries that it takes at most
}

// minSlots is the first size of a set; a power of two, as every size.
const minSlots = 1 << 12

// add puts a hash in and tells whether it was there. A full set takes no more.
func (s *hashSet) add(hash uint64) (known bool) {
	if hash == 0 {
		hash = 1
	}
	if s.slots == nil {
		s.slots = make([]uint64, minSlots)
	}
	known, at := s.find(hash)
	if known || s.full() {
		return known
	}
	s.slots[at] = hash
	s.used++
	if s.used > len(s.slots)/4*3 {
		s.grow()
	}
	return false
}

// full tells that the set takes no more.
func (s *hashSet) full() bool { return s.used >= s.limit }

// find returns whether the hash is there, and else its place.
func (s *hashSet) find(hash uint64) (known bool, at uint64) {
	mask := uint64(len(s.slots) - 1)
	for at = hash & mask; ; at = (at + 1) & mask {
		switch s.slots[at] {
		case hash:
			return true, at
		case 0:
			return false, at
		}
	}
}

func (s *hashSet) grow() {
	old := s.slots
	s.slots = make([]uint64, 2*len(old))
	for _, hash := range old {
		if hash != 0 {
			_, at := s.find(hash)
			s.slots[at] = hash
		}
	}
}

package engine

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
)

// shape says which columns of a table a series has values in, or the newest values of a chunk. A table may have many
// columns and its reports few of them: with the 32 of the catalog that comes with us and 6 in the data, a value took
// 113 bytes of memory where each report had all columns. A shape is immutable and shared by all who have its columns.
type shape struct {
	number  uint32   // of this process
	mask    []uint64 // bit set of the columns, without zero words at the end
	columns []int32  // the columns, ascending
	places  []int16  // by column: its place among columns, or -1; it ends with the last column
}

// place returns where the values of a column are among those of a report; none is there if it is negative.
func (s *shape) place(column int) int {
	if uint(column) < uint(len(s.places)) {
		return int(s.places[column])
	}
	return -1
}

// placesOf appends where columns are in the words of a chunk's row, behind its date; 0 stands for nowhere.
func (s *shape) placesOf(columns []int, places []int32) []int32 {
	for _, column := range columns {
		places = append(places, int32(1+s.place(column)))
	}
	return places
}

// width is how many values a report has.
func (s *shape) width() int { return len(s.columns) }

// covers tells whether s has every column of o.
func (s *shape) covers(o *shape) bool {
	if s == o {
		return true
	}
	if len(o.mask) > len(s.mask) {
		return false
	}
	for i, word := range o.mask {
		if word&^s.mask[i] != 0 {
			return false
		}
	}
	return true
}

// spread copies the values of a report from one shape to another that covers it; all are bits, and dst has those of Missing where it is to stay.
func (s *shape) spread(dst, values []uint64, from *shape) {
	if s == from {
		copy(dst, values)
		return
	}
	for i, column := range from.columns {
		dst[s.places[column]] = values[i]
	}
}

// maxShapes bounds how many shapes are told apart. What comes later gets all columns up to its last one: more memory, and
// the same answers.
const maxShapes = 1 << 16

// shapes are those of an engine. They are never taken back. All methods are safe for concurrent use.
type shapes struct {
	mu     sync.Mutex
	byMask map[string]*shape
	list   atomic.Pointer[[]*shape] // by number
}

// noShape has no columns. It is number 0 of all engines.
var noShape = &shape{}

// at returns the shape of a number, or nil.
func (s *shapes) at(number uint32) *shape {
	if number == 0 {
		return noShape
	}
	list := s.list.Load()
	if list == nil || uint64(number) >= uint64(len(*list)) {
		return nil
	}
	return (*list)[number]
}

// of returns the shape of a bit set of columns, which stays the caller's. likely is what is tried first.
func (s *shapes) of(mask []uint64, likely *shape) *shape {
	for len(mask) > 0 && mask[len(mask)-1] == 0 {
		mask = mask[:len(mask)-1]
	}
	if len(mask) == 0 {
		return noShape
	}
	if slices.Equal(mask, likely.mask) {
		return likely
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.byMask[maskKey(mask)]; ok {
		return have
	}
	if len(s.byMask) >= maxShapes {
		mask = allUpTo(mask)
		if have, ok := s.byMask[maskKey(mask)]; ok {
			return have
		}
	}
	return s.add(mask)
}

// add makes a shape; s.mu is held.
func (s *shapes) add(mask []uint64) *shape {
	list := []*shape{noShape}
	if have := s.list.Load(); have != nil {
		list = *have
	} else {
		s.byMask = map[string]*shape{}
	}
	made := newShape(uint32(len(list)), mask)
	list = append(list, made) // readers of the list before see no further than its length
	s.list.Store(&list)
	s.byMask[maskKey(mask)] = made
	return made
}

// union returns the shape with the columns of both.
func (s *shapes) union(a, b *shape) *shape {
	switch {
	case a.covers(b):
		return a
	case b.covers(a):
		return b
	}
	mask := make([]uint64, max(len(a.mask), len(b.mask)))
	copy(mask, a.mask)
	for i, word := range b.mask {
		mask[i] |= word
	}
	return s.of(mask, noShape)
}

func newShape(number uint32, mask []uint64) *shape {
	made := &shape{number: number, mask: slices.Clone(mask)}
	for i, word := range mask {
		for ; word != 0; word &= word - 1 {
			made.columns = append(made.columns, int32(i*64+bits.TrailingZeros64(word)))
		}
	}
	if n := len(made.columns); n > 0 {
		made.places = slices.Repeat([]int16{-1}, int(made.columns[n-1])+1)
	}
	for place, column := range made.columns {
		made.places[column] = int16(place)
	}
	return made
}

// allUpTo is the bit set of all columns up to the last of mask.
func allUpTo(mask []uint64) []uint64 {
	full := slices.Repeat([]uint64{^uint64(0)}, len(mask))
	if last := len(mask) - 1; last >= 0 {
		full[last] >>= bits.LeadingZeros64(mask[last])
	}
	return full
}

func maskKey(mask []uint64) string {
	key := make([]byte, 0, 8*len(mask))
	for _, word := range mask {
		for shift := 0; shift < 64; shift += 8 {
			key = append(key, byte(word>>shift))
		}
	}
	return string(key)
}

// markPresent sets the bit of each column that has a value in a row of a whole table.
func markPresent(mask []uint64, row []float64) {
	for column, v := range row {
		if v == v {
			mask[column>>6] |= 1 << (column & 63)
		}
	}
}

// maskWords is how many words a bit set over so many columns has.
func maskWords(columns int) int { return (columns + 63) >> 6 }

package engine

import (
	"hash/maphash"
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// keyTable maps subject keys to subject numbers: open addressing over packed keys.
//
// One writer inserts while any number of readers look up. A slot's words are written before its ref is stored
// atomically, and a slot is never changed afterwards, so a reader sees a whole slot or an empty one. A table that is
// half full is left to the readers of old roots and replaced by one of twice the size.
//
// Against map[string]uint32 it takes 50 lookups from about 1.1 to 0.4 microseconds (BenchmarkKeyTable): no string
// header to chase for keys of up to 16 bytes, and the hash is one multiplication.
type keyTable struct {
	seed  uint64 // of each loading of a store, so that nobody can choose keys that collide
	salt  uint64 // another one, made of seed
	mask  uint64
	slots []keySlot
	tails []uint64 // of each slot whose key has 12 to 16 bytes: those behind the first 8
	used  int      // writer only
}

// keySlot holds one key: its first 8 bytes, and as b its length and what is behind them. Up to 11 bytes they are the key itself,
// longer ones take a tail or the whole key to be told apart.
//
// Four slots are a line of the processor's cache, none lies across two. With the whole of 16 bytes in it a slot had 24, and a
// ranking of 50 that came alone took 6.5 us where it takes 5.6 (BenchmarkLonelyRankings/5000, medians).
type keySlot struct {
	a   uint64
	b   uint32
	ref atomic.Uint32 // subject number + 1; 0 = empty
}

const (
	wholeKey  = 11 // up to so many bytes a slot's words are the key
	tailedKey = 16 // up to so many with the slot's tail
)

const minKeySlots = 1024

func newKeyTable(seed uint64, slots int) *keyTable {
	salt, _ := bits.Mul64(seed, 0xe7037ed1a0b428db)
	return &keyTable{seed: seed, salt: salt ^ seed<<32, mask: uint64(slots - 1), slots: make([]keySlot, slots),
		tails: make([]uint64, slots)}
}

func randomSeed() uint64 { return maphash.Bytes(maphash.MakeSeed(), nil) | 1 }

// packKey returns the words of a key.
func packKey(key string) (a uint64, b uint32) {
	n := len(key)
	p := unsafe.Pointer(unsafe.StringData(key))
	switch {
	case n > tailedKey:
		return packLong(key)
	case n > wholeKey:
		_, mixed := bits.Mul64(tailOf(key), 0x9e3779b97f4a7c15)
		return *(*uint64)(p), lengthBits(n) | uint32(mixed>>40)
	case n >= 8:
		return *(*uint64)(p), lengthBits(n) | uint32(tailOf(key))
	case n >= 4: // the words overlap, which loses nothing
		return uint64(*(*uint32)(p)) | uint64(*(*uint32)(unsafe.Add(p, n-4)))<<32, lengthBits(n)
	}
	for i := 0; i < n; i++ {
		a = a<<8 | uint64(key[i])
	}
	return a, lengthBits(n)
}

// lengthBits is the length of a key of at most tailedKey bytes where b has it: above the three bytes that a whole key may have
// behind the first 8.
func lengthBits(n int) uint32 { return uint32(n) << 24 }

// tailOf returns the bytes of a key of 8 to 16 behind the first 8.
func tailOf(key string) uint64 {
	n := len(key)
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.StringData(key)), n-8)) >> (8 * (16 - n))
}

// packLong folds a key of more than 16 bytes, 8 bytes at a time; the full key is compared afterwards.
func packLong(key string) (a uint64, b uint32) {
	p := unsafe.Pointer(unsafe.StringData(key))
	n := len(key)
	a, c := *(*uint64)(p), *(*uint64)(unsafe.Add(p, n-8))
	for i := 8; i < n-8; i += 8 {
		hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, *(*uint64)(unsafe.Add(p, i))^c)
		a, c = a+lo, c^hi
	}
	hi, lo := bits.Mul64(c^0x9e3779b97f4a7c15, a^uint64(n))
	return hi ^ lo, lengthBits(tailedKey+1) | uint32(c)>>8
}

// home is where the search for a key begins: both words, each covered by a secret of its own, multiplied, and the product
// folded.
func (t *keyTable) home(a uint64, b uint32) uint64 {
	hi, lo := bits.Mul64(a^t.seed, uint64(b)^t.salt)
	return hi ^ lo
}

// holds tells whether the key of a slot with the words of key is key. For one of more than 16 bytes it asks full.
func (t *keyTable) holds(slot uint64, key string, full func(number uint32) string) bool {
	switch n := len(key); {
	case n <= wholeKey:
		return true
	case n <= tailedKey:
		return t.tails[slot] == tailOf(key)
	}
	return full(t.slots[slot].ref.Load()-1) == key
}

// find returns the number of key. For keys of more than 16 bytes it asks full for the key of a candidate.
func (t *keyTable) find(key string, full func(number uint32) string) (uint32, bool) {
	a, b := packKey(key)
	for i := t.home(a, b); ; i++ {
		s := &t.slots[i&t.mask]
		ref := s.ref.Load()
		if ref == 0 {
			return 0, false
		}
		if s.a == a && s.b == b && t.holds(i&t.mask, key, full) {
			return ref - 1, true
		}
	}
}

// insert adds a key that is not in the table and returns the table that now holds all keys: t, or a larger copy.
// Only the writer calls it.
func (t *keyTable) insert(key string, number uint32) *keyTable {
	if t.used*2 >= len(t.slots) {
		t = t.grown()
	}
	a, b := packKey(key)
	tail := uint64(0)
	if n := len(key); n > wholeKey && n <= tailedKey {
		tail = tailOf(key)
	}
	t.place(a, b, tail, number+1)
	return t
}

func (t *keyTable) place(a uint64, b uint32, tail uint64, ref uint32) {
	for i := t.home(a, b); ; i++ {
		s := &t.slots[i&t.mask]
		if s.ref.Load() == 0 {
			s.a, s.b = a, b
			if tail != 0 {
				t.tails[i&t.mask] = tail
			}
			s.ref.Store(ref)
			t.used++
			return
		}
	}
}

func (t *keyTable) grown() *keyTable {
	next := newKeyTable(t.seed, 2*len(t.slots))
	for i := range t.slots {
		if s := &t.slots[i]; s.ref.Load() != 0 {
			next.place(s.a, s.b, t.tails[i], s.ref.Load())
		}
	}
	return next
}

// probe is where a key of findAll is looked for.
type probe struct {
	a    uint64
	b    uint32
	home uint32 // a slot
}

// probes is of how many keys the places are known before the first is looked at.
const probes = 64

// findAll fills numbers, which has room for one of each key, with the numbers of the keys that are there and have one below
// a bound, and returns how many. For keys of more than 16 bytes it asks full.
//
// It goes through the keys twice. The first time nothing is decided, so that the lines of memory of all slots are
// fetched at once; the second time a key that is not where it was looked for first, which nothing can predict, costs
// the few cycles of a wrong guess and not the wait for memory. With one multiplication less it took BenchmarkNewRankings/5000
// from 2.76 to 2.54 us a request.
func (t *keyTable) findAll(numbers []uint32, keys []string, below uint32, work *[probes]probe, full func(number uint32) string) int {
	found := 0
	for len(keys) > 0 {
		n := min(len(keys), probes)
		t.fetch(keys[:n], work)
		for i, key := range keys[:n] {
			p := &work[i]
			for at := uint64(p.home); ; at++ {
				s := &t.slots[at&t.mask]
				ref := s.ref.Load()
				if ref == 0 {
					break
				}
				if s.a == p.a && s.b == p.b && (len(key) <= wholeKey || t.holds(at&t.mask, key, full)) {
					numbers[found] = ref - 1
					if ref <= below {
						found++
					}
					break
				}
			}
		}
		keys = keys[n:]
	}
	return found
}

// fetch works out where keys are to be looked for, and touches the slots.
func (t *keyTable) fetch(keys []string, work *[probes]probe) {
	for i, key := range keys {
		var a uint64
		var b uint32
		if n := len(key); n-9 <= wholeKey-9 && n >= 9 { // nearly all
			p := unsafe.Pointer(unsafe.StringData(key))
			a, b = *(*uint64)(p), lengthBits(n)|uint32(*(*uint64)(unsafe.Add(p, n-8))>>(8*(16-n)&63))
		} else {
			a, b = packKey(key)
		}
		home := t.home(a, b) & t.mask
		work[i&(probes-1)] = probe{a, b, uint32(home)}
		t.slots[home].ref.Load()
	}
}

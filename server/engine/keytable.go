package engine

import (
	"hash/maphash"
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// keyTable maps subject keys to subject numbers: open addressing over keys packed into two words.
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
	used  int // writer only
}

// keySlot holds one key: its length and two words that together with the length are the key itself where it has at
// most 16 bytes, and a fingerprint of it where it is longer.
type keySlot struct {
	a, b   uint64
	length uint32
	ref    atomic.Uint32 // subject number + 1; 0 = empty
}

const minKeySlots = 1024

func newKeyTable(seed uint64, slots int) *keyTable {
	salt, _ := bits.Mul64(seed, 0xe7037ed1a0b428db)
	return &keyTable{seed: seed, salt: salt ^ seed<<32, mask: uint64(slots - 1), slots: make([]keySlot, slots)}
}

func randomSeed() uint64 { return maphash.Bytes(maphash.MakeSeed(), nil) | 1 }

// packKey returns the two words of a key. Keys of 8 to 16 bytes overlap their words, which loses nothing since the
// length is compared too.
func packKey(key string) (a, b uint64) {
	n := len(key)
	p := unsafe.Pointer(unsafe.StringData(key))
	switch {
	case n > 16:
		return packLong(key)
	case n >= 8:
		return *(*uint64)(p), *(*uint64)(unsafe.Add(p, n-8))
	case n >= 4:
		return uint64(*(*uint32)(p)), uint64(*(*uint32)(unsafe.Add(p, n-4)))
	}
	for i := 0; i < n; i++ {
		a = a<<8 | uint64(key[i])
	}
	return a, 0
}

// packLong folds a key of more than 16 bytes into two words, 8 bytes at a time; the full key is compared afterwards.
func packLong(key string) (a, b uint64) {
	p := unsafe.Pointer(unsafe.StringData(key))
	n := len(key)
	a, b = *(*uint64)(p), *(*uint64)(unsafe.Add(p, n-8))
	for i := 8; i < n-8; i += 8 {
		hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, *(*uint64)(unsafe.Add(p, i))^b)
		a, b = a+lo, b^hi
	}
	return a, b
}

// home is where the search for a key begins: both words, each covered by a secret of its own, multiplied, and the product
// folded. Keys that differ in their length alone begin at one place; there are nine of them at most.
func (t *keyTable) home(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^t.seed, b^t.salt)
	return hi ^ lo
}

// find returns the number of key. For keys of more than 16 bytes it asks full for the key of a candidate.
func (t *keyTable) find(key string, full func(number uint32) string) (uint32, bool) {
	a, b := packKey(key)
	n := uint32(len(key))
	for i := t.home(a, b); ; i++ {
		s := &t.slots[i&t.mask]
		ref := s.ref.Load()
		if ref == 0 {
			return 0, false
		}
		if s.a == a && s.b == b && s.length == n && (n <= 16 || full(ref-1) == key) {
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
	t.place(a, b, uint32(len(key)), number+1)
	return t
}

func (t *keyTable) place(a, b uint64, n, ref uint32) {
	for i := t.home(a, b); ; i++ {
		s := &t.slots[i&t.mask]
		if s.ref.Load() == 0 {
			s.a, s.b, s.length = a, b, n
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
			next.place(s.a, s.b, s.length, s.ref.Load())
		}
	}
	return next
}

// probe is where a key of findAll is looked for.
type probe struct{ a, b, home uint64 }

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
			for at := p.home; ; at++ {
				s := &t.slots[at&t.mask]
				ref := s.ref.Load()
				if ref == 0 {
					break
				}
				if s.a == p.a && s.b == p.b && s.length == uint32(len(key)) && (len(key) <= 16 || full(ref-1) == key) {
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
		var a, b uint64
		if n := len(key); n-8 <= 8 && n >= 8 { // nearly all
			p := unsafe.Pointer(unsafe.StringData(key))
			a, b = *(*uint64)(p), *(*uint64)(unsafe.Add(p, n-8))
		} else {
			a, b = packKey(key)
		}
		home := t.home(a, b)
		work[i&(probes-1)] = probe{a, b, home}
		t.slots[home&t.mask].ref.Load()
	}
}

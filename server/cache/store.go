package cache

import (
	"crypto/rand"
	"encoding/binary"
	"sync/atomic"

	"github.com/VictoriaMetrics/fastcache"
)

// Limits of a Store.
const (
	// MinKey is the shortest key, in bytes: shorter ones are the parts of large values.
	MinKey = partKey + 1
	// MaxKey is the longest key, in bytes. What has a longer one is not kept.
	MaxKey = 16 << 10
	// MaxValue is the longest value, in bytes. A longer one is not kept.
	MaxValue = 16 << 20
	// MinBytes is the least that fastcache can be bound to: it takes one chunk of 64 KiB for each of 512 buckets.
	MinBytes = 32 << 20
)

const (
	partKey  = 12       // of a part: the id of the value (8 bytes), its number (4)
	maxPart  = 48 << 10 // bytes; with the longest key fastcache still takes it, which drops 64 KiB and more in silence
	manifest = 12       // of a value in parts: its id (8), its length (4)
)

// How a record ends: its value follows from what stands before the last byte.
const (
	whole   = 0 // the value
	inParts = 1 // a manifest
)

// Store is a bounded map of byte strings. It may forget anything at any time. It is safe for concurrent use.
type Store struct {
	c      *fastcache.Cache
	max    int
	partID atomic.Uint64 // of the last value that was kept in parts
}

// NewStore returns an empty store bound to maxBytes, or to MinBytes if that is more.
func NewStore(maxBytes int) *Store {
	return storeOver(fastcache.New(max(maxBytes, MinBytes)), maxBytes)
}

func storeOver(c *fastcache.Cache, maxBytes int) *Store {
	s := &Store{c: c, max: max(maxBytes, MinBytes)}
	var seed [8]byte
	_, _ = rand.Read(seed[:])                           // never fails
	s.partID.Store(binary.LittleEndian.Uint64(seed[:])) // ids of an earlier process, warmed from its file, do not come again
	return s
}

// Set keeps a copy of value, in place of what was there. It keeps nothing, and forgets what was there, when the key or
// the value is outside the limits.
func (s *Store) Set(key, value []byte) {
	switch {
	case len(key) < MinKey || len(key) > MaxKey:
		return
	case len(value) > MaxValue:
		s.c.Del(key)
	case len(value) <= maxPart-1:
		var small [2 << 10]byte
		s.c.Set(key, append(append(small[:0], value...), whole))
	default:
		s.setParts(key, value)
	}
}

// setParts keeps the parts under keys that nobody else has or had, and their manifest last. Losing any loses the value.
func (s *Store) setParts(key, value []byte) {
	var record [manifest + 1]byte
	id := s.partID.Add(1)
	binary.LittleEndian.PutUint64(record[:], id)
	binary.LittleEndian.PutUint32(record[8:], uint32(len(value)))
	record[manifest] = inParts
	for i := 0; i*maxPart < len(value); i++ {
		part := partOf(id, i)
		s.c.Set(part[:], value[i*maxPart:min((i+1)*maxPart, len(value))])
	}
	s.c.Set(key, record[:])
}

// partOf returns the key of a part.
func partOf(id uint64, number int) (key [partKey]byte) {
	binary.LittleEndian.PutUint64(key[:], id)
	binary.LittleEndian.PutUint32(key[8:], uint32(number))
	return key
}

// Get appends the value of key to dst, or returns dst as it was and false.
func (s *Store) Get(dst, key []byte) ([]byte, bool) {
	if len(key) < MinKey || len(key) > MaxKey {
		return dst, false
	}
	start := len(dst)
	out, ok := s.c.HasGet(dst, key)
	if !ok || len(out) == start {
		return dst, false
	}
	last := len(out) - 1
	switch {
	case out[last] == whole:
		return out[:last], true
	case out[last] == inParts && last-start == manifest:
		id, size := binary.LittleEndian.Uint64(out[start:]), binary.LittleEndian.Uint32(out[start+8:])
		return s.getParts(out[:start], id, int(size))
	}
	return dst, false
}

func (s *Store) getParts(dst []byte, id uint64, size int) ([]byte, bool) {
	if size > MaxValue {
		return dst, false
	}
	start := len(dst)
	out := dst
	for i := 0; len(out)-start < size; i++ {
		before, ok := len(out), false
		key := partOf(id, i)
		if out, ok = s.c.HasGet(out, key[:]); !ok || len(out) == before {
			return dst, false
		}
	}
	if len(out)-start != size {
		return dst, false
	}
	return out, true
}

// Delete forgets the value of key.
func (s *Store) Delete(key []byte) { s.c.Del(key) }

// Usage is how full a store is.
type Usage struct {
	Entries  uint64 // those that newer ones have displaced among them, until their place is used again
	Bytes    uint64
	MaxBytes uint64
}

// Usage looks at every part of the store: for those who scrape figures, not for a hot path.
func (s *Store) Usage() Usage {
	var st fastcache.Stats
	s.c.UpdateStats(&st)
	return Usage{Entries: st.EntriesCount, Bytes: st.BytesSize, MaxBytes: uint64(s.max)}
}

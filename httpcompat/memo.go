package httpcompat

import (
	"math"
	"math/bits"
	"sync/atomic"
	"unsafe"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// memo keeps the JSON of subjects and the text of numbers that are asked for again and again: a subject's five texts
// need not be searched for escapes each time, and the shortest decimal of a float64 costs as much as everything else
// about it. Rankings find both in one place (figureMemo).
//
// Both are tables of fixed size without chains: a text has one place, and a newer one takes it over. A text is only kept
// when its place was asked for it twice running, so that a stream of figures that never repeat costs no memory. Places
// are atomic pointers to what never changes; a published Subject is immutable, so its address says which it is. A place
// keeps an old subject's memory alive until another takes over, no longer than the table is large.
type memo struct {
	subjects memoTable[*protocol.Subject]
	numbers  memoTable[uint64]
	figures  *figureMemo
}

// memoTable is one of the tables; its length is a power of two.
type memoTable[K comparable] struct {
	places []memoPlace[K]
	mask   uint64
}

type memoPlace[K comparable] struct {
	kept  atomic.Pointer[memoText[K]]
	asked atomic.Uint32 // part of the hash of what was asked for last and is not kept
}

type memoText[K comparable] struct {
	key  K
	text []byte
}

// newMemo returns a memo of about n subjects and four times as many numbers, or nil for 0.
func newMemo(n int) *memo {
	if n == 0 {
		return nil
	}
	return &memo{subjects: newMemoTable[*protocol.Subject](n), numbers: newMemoTable[uint64](4 * n), figures: newFigureMemo(n)}
}

func newMemoTable[K comparable](n int) memoTable[K] {
	size := 1 << bits.Len(uint(n-1))
	return memoTable[K]{places: make([]memoPlace[K], size), mask: uint64(size - 1)}
}

// append appends the text of key, as kept or as fresh appends it.
func (t *memoTable[K]) append(dst []byte, key K, hash uint64, fresh func([]byte, K) []byte) []byte {
	place := &t.places[hash>>32&t.mask]
	if kept := place.kept.Load(); kept != nil && kept.key == key {
		return append(dst, kept.text...)
	}
	start := len(dst)
	dst = fresh(dst, key)
	if sign := uint32(hash) | 1; place.asked.Swap(sign) == sign {
		place.kept.Store(&memoText[K]{key, append([]byte(nil), dst[start:]...)})
	}
	return dst
}

// scatter spreads the bits of a key. One multiplication alone leaves addresses that are evenly spaced evenly spaced, and so
// on a few places where the heap happens to lie badly: up to 9 % of 5,000 subjects took each other's of 65,536 places in one
// process, none in the next.
func scatter(x uint64) uint64 {
	x ^= x >> 32 // few numbers have low bits
	x *= 0xff51afd7ed558ccd
	x ^= x >> 32
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>32
}

// appendSubject is appendSubject, remembered.
func (m *memo) appendSubject(dst []byte, s *protocol.Subject) []byte {
	if m == nil {
		return appendSubject(dst, s)
	}
	return m.subjects.append(dst, s, scatter(uint64(uintptr(unsafe.Pointer(s)))), appendSubject)
}

// appendNumber is appendNumber, remembered but for whole numbers, which are quick to print.
func (m *memo) appendNumber(dst []byte, f float64) []byte {
	if m == nil || f == math.Trunc(f) {
		return appendNumber(dst, f)
	}
	b := math.Float64bits(f)
	return m.numbers.append(dst, b, scatter(b), appendNumberBits)
}

func appendNumberBits(dst []byte, b uint64) []byte { return appendNumber(dst, math.Float64frombits(b)) }

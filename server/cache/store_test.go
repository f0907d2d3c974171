package cache

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

func keyOf(i int) []byte { return fmt.Appendf(nil, "key %020d", i) }

func valueOf(seed uint64, size int) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	v := make([]byte, size)
	for i := range v {
		v[i] = byte(rng.Uint32())
	}
	return v
}

func TestValuesOfEverySizeComeBackAsTheyWere(t *testing.T) {
	s := NewStore(64 << 20)
	for i, size := range []int{0, 1, 100, maxPart - 2, maxPart - 1, maxPart, maxPart + 1, 3 * maxPart, 1<<20 + 7} {
		want := valueOf(uint64(i), size)
		s.Set(keyOf(i), want)
		got, ok := s.Get([]byte("before"), keyOf(i))
		if !ok || !bytes.Equal(got, append([]byte("before"), want...)) {
			t.Errorf("%d bytes: found %v, %d bytes", size, ok, len(got))
		}
	}
	if u := s.Usage(); u.MaxBytes != 64<<20 || u.Bytes == 0 {
		t.Errorf("usage is %+v", u)
	}
}

// fastcache keeps the old value when a new one is too large for it; a store never does.
func TestWhatIsTooLargeReplacesWhatWasThere(t *testing.T) {
	s := NewStore(MinBytes)
	s.Set(keyOf(1), []byte("old"))
	s.Set(keyOf(1), make([]byte, MaxValue+1))
	if got, ok := s.Get(nil, keyOf(1)); ok {
		t.Errorf("found %q, want nothing", got)
	}
	s.Set(keyOf(2), valueOf(2, 4*maxPart))
	s.Set(keyOf(2), []byte("small"))
	if got, ok := s.Get(nil, keyOf(2)); !ok || string(got) != "small" {
		t.Errorf("found %q, %v", got, ok)
	}
	s.Delete(keyOf(2))
	if _, ok := s.Get(nil, keyOf(2)); ok {
		t.Error("a deleted value was found")
	}
}

func TestKeysOutsideTheLimitsKeepNothing(t *testing.T) {
	s := NewStore(MinBytes)
	for _, key := range [][]byte{nil, make([]byte, MinKey-1), make([]byte, MaxKey+1)} {
		s.Set(key, []byte("x"))
		if _, ok := s.Get(nil, key); ok {
			t.Errorf("a key of %d bytes was kept", len(key))
		}
	}
}

// What comes back after much more was written than there is room for is whole, or nothing.
func TestAStoreThatForgetsNeverMixes(t *testing.T) {
	s := NewStore(MinBytes)
	rng := rand.New(rand.NewPCG(7, 7))
	sizes := map[int]int{}
	for i := range 400 {
		sizes[i] = rng.IntN(8 * maxPart)
		s.Set(keyOf(i), valueOf(uint64(i), sizes[i]))
	}
	found := 0
	for i := range 400 {
		got, ok := s.Get(nil, keyOf(i))
		if !ok {
			continue
		}
		found++
		if !bytes.Equal(got, valueOf(uint64(i), sizes[i])) {
			t.Fatalf("value %d of %d bytes came back otherwise", i, sizes[i])
		}
	}
	if found == 0 || found == 400 {
		t.Errorf("%d of 400 values of 80 MB were found in 32 MB", found)
	}
}

func BenchmarkStoreGet(b *testing.B) {
	s := NewStore(MinBytes)
	for i := range 100 {
		s.Set(append(keyOf(i), make([]byte, 700)...), valueOf(uint64(i), 1200))
	}
	key := append(keyOf(5), make([]byte, 700)...)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = s.Get(dst[:0], key)
	}
}

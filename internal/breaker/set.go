package breaker

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Key names a breaker of a set: who is asked, and for what.
type Key struct {
	Peer      string // host:port; "" = this process itself
	Operation string
}

// String returns the breaker's name: "localhost:7081 snapshot", or "snapshot".
func (k Key) String() string { return strings.TrimSpace(k.Peer + " " + k.Operation) }

// Set is a breaker for each peer and operation that was ever asked. It is safe for concurrent use; finding one takes no
// lock.
type Set struct {
	o    Options
	mu   sync.Mutex // of writers
	list atomic.Pointer[map[Key]*Breaker]
}

// NewSet returns a set without breakers.
func NewSet(o Options) *Set {
	s := &Set{o: o}
	s.list.Store(&map[Key]*Breaker{})
	return s
}

// Get returns the breaker of a key, a new one where there was none.
func (s *Set) Get(k Key) *Breaker {
	if b := (*s.list.Load())[k]; b != nil {
		return b
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := (*s.list.Load())[k]; b != nil {
		return b
	}
	next := maps.Clone(*s.list.Load())
	b := New(k.String(), s.o)
	next[k] = b
	s.list.Store(&next)
	return b
}

// Keep forgets the breakers of all peers but these.
func (s *Set) Keep(peers []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(*s.list.Load())
	maps.DeleteFunc(next, func(k Key, _ *Breaker) bool { return !slices.Contains(peers, k.Peer) })
	s.list.Store(&next)
}

// Status returns the figures of all breakers, by name.
func (s *Set) Status() []Status {
	var all []Status
	for _, b := range *s.list.Load() {
		all = append(all, b.Status())
	}
	slices.SortFunc(all, func(a, b Status) int { return strings.Compare(a.Name, b.Name) })
	return all
}

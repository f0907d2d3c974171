package client

import "sync"

// bell tells everybody who listens that something changed. The zero value works.
type bell struct {
	mu      sync.Mutex
	changed chan struct{} // closed by the next ring; nil = nobody listens
}

// listen returns a channel that closes at the next ring.
func (b *bell) listen() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return b.changed
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

package replica

import "sync"

// bell tells many goroutines that something has changed. Its zero value works.
type bell struct {
	mu   sync.Mutex
	next chan struct{}
}

// rings returns a channel that is closed at the next ring.
func (b *bell) rings() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}

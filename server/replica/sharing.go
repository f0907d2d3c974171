package replica

import (
	"context"
	"sync"
)

// sharing lets many callers share the runs of a function. Whoever comes gets the outcome of a run that began after that: of
// the next one, if one is running. So a thousand readers that must know whether this node is still the master cost two
// rounds of heartbeats.
type sharing[T any] struct {
	mu      sync.Mutex
	running bool
	next    *round[T] // that nobody runs yet; nil while nobody waits
}

type round[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// do returns the outcome of a run of f. f must end by itself; spawn starts the goroutine that runs it, or returns false.
func (s *sharing[T]) do(ctx context.Context, spawn func(func()) bool, f func() (T, error)) (value T, err error) {
	s.mu.Lock()
	if s.next == nil {
		s.next = &round[T]{done: make(chan struct{})}
	}
	mine := s.next
	if !s.running {
		s.running = spawn(func() { s.run(f) })
		if !s.running {
			s.next = nil
			s.mu.Unlock()
			return value, ErrClosed
		}
	}
	s.mu.Unlock()
	select {
	case <-mine.done:
		return mine.value, mine.err
	case <-ctx.Done():
		return value, ctx.Err()
	}
}

// run runs rounds until nobody waits for one.
func (s *sharing[T]) run(f func() (T, error)) {
	for {
		s.mu.Lock()
		r := s.next
		s.next = nil
		s.running = r != nil
		s.mu.Unlock()
		if r == nil {
			return
		}
		r.value, r.err = f()
		close(r.done)
	}
}

// workers are goroutines that are waited for at the end.
type workers struct {
	mu    sync.Mutex
	ended bool
	wg    sync.WaitGroup
}

// spawn runs f in a goroutine, or returns false after wait.
func (w *workers) spawn(f func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return false
	}
	w.wg.Go(f)
	return true
}

// wait refuses further goroutines and waits for those there are.
func (w *workers) wait() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.wg.Wait()
}

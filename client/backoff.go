package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff is a doubling pause with jitter, so that many clients of a node that comes back do not come at once.
type backoff struct {
	first, most time.Duration
}

// pause returns how long to wait before repetition n (from 0): between half and all of first doubled n times, at most most.
func (b backoff) pause(n int) time.Duration {
	d := b.first
	for range n {
		if d >= b.most/2 {
			d = b.most
			break
		}
		d *= 2
	}
	d = min(d, b.most)
	return d - rand.N(d/2+1)
}

// sleep waits for d and tells whether neither ctx nor stop ended it.
func sleep(ctx context.Context, stop <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	case <-stop:
		return false
	}
}

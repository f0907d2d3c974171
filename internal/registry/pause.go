package registry

import (
	"context"
	"math/rand/v2"
	"time"
)

// The pauses between tries: not all nodes shall ask an etcd that comes back at once.
const (
	firstPause = 100 * time.Millisecond
	mostPause  = 3 * time.Second
)

// pauses grow from try to try. The zero value begins anew.
type pauses struct{ next time.Duration }

// wait waits for half to all of the next pause; false means that ctx has ended.
func (p *pauses) wait(ctx context.Context) bool {
	p.next = min(max(2*p.next, firstPause), mostPause)
	return sleep(ctx, p.next/2+rand.N(p.next/2))
}

// sleep waits for d; false means that ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

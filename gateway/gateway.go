package gateway

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/httpcompat"
)

// Gateway is an open gateway. It is an httpcompat.Backend, safe for concurrent use.
type Gateway struct {
	o       Options
	link    link // to all nodes
	members *members
	started time.Time

	stop   context.CancelFunc
	wg     sync.WaitGroup
	closed atomic.Bool
}

var _ httpcompat.Backend = (*Gateway)(nil)

// Open returns a gateway at once; it looks for its nodes in the background, and Ready tells how that goes.
func Open(o Options) (*Gateway, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	g := &Gateway{o: o.withDefaults(), started: time.Now()}
	g.members = newMembers(discoveryOf(&g.o.Client))
	g.link.o = g.o.Client
	g.link.o.Addresses, g.link.o.Discovery = nil, g.members
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	opened := make(chan struct{})
	g.wg.Go(func() {
		defer close(opened)
		g.link.keep(ctx, g.o.Logger)
	})
	g.wg.Go(func() { g.probe(ctx, opened) })
	return g, nil
}

// Close ends the requests under way, which are waited for as Options.Client.CloseTimeout says. A second call does nothing.
func (g *Gateway) Close() error {
	if g.closed.Swap(true) {
		return nil
	}
	g.stop()
	g.wg.Wait()
	return g.link.close()
}

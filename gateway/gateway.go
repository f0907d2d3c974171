package gateway

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/httpcompat"
)

// Gateway is an open gateway. It is an httpcompat.Backend, safe for concurrent use.
type Gateway struct {
	o       Options
	link    link // to all nodes: queries and writes
	peers   []*peer
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
	g.link.o = g.o.Client
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	g.wg.Go(func() { g.link.keep(ctx, g.o.Logger) })
	for _, addr := range g.o.Client.Addresses {
		p := newPeer(addr, &g.o)
		g.peers = append(g.peers, p)
		g.wg.Go(func() { p.watch(ctx, &g.o) })
	}
	return g, nil
}

// Close ends the requests under way, which are waited for as Options.Client.CloseTimeout says. A second call does nothing.
func (g *Gateway) Close() error {
	if g.closed.Swap(true) {
		return nil
	}
	g.stop()
	g.wg.Wait()
	errs := []error{g.link.close()}
	for _, p := range g.peers {
		errs = append(errs, p.link.close())
	}
	return errors.Join(errs...)
}

package gateway

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/httpcompat"
)

// Gateway is an open gateway. It is an httpcompat.Backend, safe for concurrent use.
type Gateway struct {
	o        Options
	link     link // to all nodes
	members  *members
	familiar *familiar // subjects of earlier answers
	front    *front    // nil without Options.Listen
	started  time.Time

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
	g := &Gateway{o: o.withDefaults(), started: time.Now(), familiar: newFamiliar(familiarPlaces)}
	g.members = newMembers(discoveryOf(&g.o.Client))
	g.link.o, g.link.waitsFor = g.o.Client, g.o.WaitsFor
	g.link.o.Addresses, g.link.o.Discovery = nil, g.members
	if o.Listen != "" {
		g.front = newFront(g)
		if err := g.front.Listener.Start(); err != nil {
			return nil, err
		}
		g.link.o.Loops = g.front
	}
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

// Addr returns the address of the native listener, with the port that was really taken; nil if there is none.
func (g *Gateway) Addr() net.Addr {
	if g.front == nil {
		return nil
	}
	return g.front.Addr()
}

// Done is closed when the native listener has stopped: after Shutdown, or because accepting failed (the log says why). It is
// nil if there is no listener.
func (g *Gateway) Done() <-chan struct{} {
	if g.front == nil {
		return nil
	}
	return g.front.Done()
}

// WaitsFor tells who names the nodes.
func (g *Gateway) WaitsFor() string { return g.o.WaitsFor }

// Close is Shutdown with ten seconds to drain.
func (g *Gateway) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return g.Shutdown(ctx)
}

// closeTimeout bounds the drain of Gateway.Close.
const closeTimeout = 10 * time.Second

// Shutdown refuses new native requests, waits until those under way are answered and sent or ctx has ended, whose error it
// then returns, and ends all others, which are waited for as Options.Client.CloseTimeout says. A second call does nothing.
func (g *Gateway) Shutdown(ctx context.Context) error {
	if g.closed.Swap(true) {
		return nil
	}
	var err error
	if g.front != nil {
		err = g.front.Shutdown(ctx)
	}
	return errors.Join(err, g.end())
}

// end ends what looks after the nodes.
func (g *Gateway) end() error {
	g.stop()
	g.wg.Wait()
	return g.link.close()
}

// newID returns 32 random hexadecimal digits.
func newID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails: it ends the process instead
	return hex.EncodeToString(id[:])
}

package gateway

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// peer is one node: who it is, and whether it answers.
type peer struct {
	addr string                // host:port of the native protocol
	name string                // host:port, as it is shown: that of its JSON endpoints where it is known
	down atomic.Pointer[error] // why it does not answer; nil = it does
}

// errUnprobed is what a peer is like before the first look.
var errUnprobed = errors.New("not asked yet")

func (p *peer) note(err error) {
	if err == nil {
		p.down.Store(nil)
		return
	}
	p.down.Store(&err)
}

// err returns why the node does not answer, or nil.
func (p *peer) err() error {
	if err := p.down.Load(); err != nil {
		return *err
	}
	return nil
}

// hostPort returns an address of the SDK without its scheme.
func hostPort(addr string) string { return strings.TrimPrefix(addr, "kama://") }

// ask calls one node, within Options.ProbeTimeout.
func (g *Gateway) ask(ctx context.Context, p *peer, call func(*client.Client, context.Context) error) error {
	c, err := g.link.get()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(client.At(ctx, p.addr), g.o.ProbeTimeout)
	defer cancel()
	return answered(call(c, ctx))
}

// statsOf asks a node for its figures.
func (g *Gateway) statsOf(ctx context.Context, p *peer) (figures protocol.StatList, err error) {
	err = g.ask(ctx, p, func(c *client.Client, ctx context.Context) (err error) {
		figures, err = c.Stats(ctx)
		return err
	})
	return figures, err
}

// askAll asks all these nodes at once and returns what each says.
func askAll(peers []*peer, ask func(i int, p *peer) error) []error {
	errs := make([]error, len(peers))
	var asking sync.WaitGroup
	for i, p := range peers {
		asking.Go(func() { errs[i] = ask(i, p) })
	}
	asking.Wait()
	return errs
}

// probe looks every so often, and when there are other nodes, at which of them answer, until ctx has ended. opened is
// closed when there is a client to ask.
func (g *Gateway) probe(ctx context.Context, opened <-chan struct{}) {
	select {
	case <-opened:
	case <-ctx.Done():
		return
	}
	t := time.NewTicker(g.o.ProbeEvery)
	defer t.Stop()
	for ctx.Err() == nil {
		askAll(g.members.all(), func(_ int, p *peer) error {
			p.note(g.ask(ctx, p, (*client.Client).Ping))
			return nil
		})
		select {
		case <-t.C:
		case <-g.members.changed:
		case <-ctx.Done():
		}
	}
}

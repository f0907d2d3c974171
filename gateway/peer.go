package gateway

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// peer is one node, asked by itself over a connection of its own: what only it knows, and whether it answers.
type peer struct {
	name    string // host:port, as it is shown
	link    link
	timeout time.Duration
	down    atomic.Pointer[error] // why it does not answer; nil = it does
}

// newPeer returns the peer of the node at an address, which is not looked after yet.
func newPeer(addr string, o *Options) *peer {
	p := &peer{name: addr, timeout: o.ProbeTimeout}
	p.link.o = o.Client
	p.link.o.Addresses, p.link.o.ConnsPerNode, p.link.o.Retries = []string{addr}, 1, -1
	p.link.o.Logger = nil // what there is to say of connections is said by those that carry the requests
	p.note(errUnprobed)
	return p
}

// watch looks at the node every so often until ctx has ended.
func (p *peer) watch(ctx context.Context, o *Options) {
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		p.link.keep(ctx, o.Logger.With("peer", p.name))
	}()
	t := time.NewTicker(o.ProbeEvery)
	defer t.Stop()
	for {
		p.probe(ctx)
		select {
		case <-opened:
			opened = nil // there is a client to ask now, or ctx has ended
		case <-t.C:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			if opened != nil {
				<-opened
			}
			return
		}
	}
}

// probe asks the node for an empty answer and notes whether it came.
func (p *peer) probe(ctx context.Context) {
	p.note(p.ask(ctx, (*client.Client).Ping))
}

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

// ask calls the node within the peer's timeout.
func (p *peer) ask(ctx context.Context, call func(*client.Client, context.Context) error) error {
	c, err := p.link.get()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	return answered(call(c, ctx))
}

// stats asks the node for its figures.
func (p *peer) stats(ctx context.Context) (figures protocol.StatList, err error) {
	err = p.ask(ctx, func(c *client.Client, ctx context.Context) (err error) {
		figures, err = c.Stats(ctx)
		return err
	})
	return figures, err
}

package client

import (
	"context"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// demand is a context that carries what its calls ask for beyond "local, wherever". It is found by asking for demandKey.
type demand struct {
	context.Context
	flags protocol.Flags
	index uint64
	node  string // host:port; "" = as the client routes
}

type demandKey struct{}

// Value returns the demand itself for demandKey.
func (d *demand) Value(key any) any {
	if key == (demandKey{}) {
		return d
	}
	return d.Context.Value(key)
}

// demandOf returns the consistency that ctx asks for, or nil for local. It does not allocate.
func demandOf(ctx context.Context) *demand {
	d, _ := ctx.Value(demandKey{}).(*demand)
	return d
}

// with returns a demand below ctx that starts from what ctx asks for already.
func with(ctx context.Context) *demand {
	d := &demand{Context: ctx}
	if above := demandOf(ctx); above != nil {
		d.flags, d.index, d.node = above.flags, above.index, above.node
	}
	return d
}

// AtLeast returns a context whose reads are answered from a state that has applied index (what Put and the other
// writes return), so that they see that write. The node waits for it within the deadline. Of several the greatest counts.
func AtLeast(ctx context.Context, index uint64) context.Context {
	d := with(ctx)
	d.flags |= protocol.FlagAtLeast
	d.index = max(d.index, index)
	return d
}

// Linearizable returns a context whose reads see every write that was acknowledged before they began, to whomever.
func Linearizable(ctx context.Context) context.Context {
	d := with(ctx)
	d.flags |= protocol.FlagLinearizable
	return d
}

// At returns a context whose calls go to one node only, by its address (host:port, as Nodes lists it): for the figures of
// each node. They are not tried elsewhere.
func At(ctx context.Context, addr string) context.Context {
	d := with(ctx)
	d.node = addr
	return d
}

package gateway

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/kamaitachi/kamaitachi/client"
)

// members is the Discovery that the SDK gets: the real one, watched by the gateway too, so that it knows its nodes also
// while none of them answers.
type members struct {
	inner   client.Discovery
	peers   atomic.Pointer[[]*peer]
	changed chan struct{} // has a token when the list changed; of capacity 1
}

func newMembers(inner client.Discovery) *members {
	m := &members{inner: inner, changed: make(chan struct{}, 1)}
	m.peers.Store(&[]*peer{})
	return m
}

// discoveryOf returns the discovery that options of the SDK ask for.
func discoveryOf(o *client.Options) client.Discovery {
	if o.Discovery != nil {
		return o.Discovery
	}
	var list []client.Member
	for _, addr := range o.Addresses {
		list = append(list, client.Member{Addr: addr})
	}
	return client.Static(list...)
}

// Watch passes each list on and notes it.
func (m *members) Watch(ctx context.Context, deliver func([]client.Member)) error {
	return m.inner.Watch(ctx, func(list []client.Member) {
		m.note(list)
		deliver(list)
	})
}

// note takes a list over, unless it is empty: then the last one stands, as it does in the SDK.
func (m *members) note(list []client.Member) {
	if len(list) == 0 {
		return
	}
	old := m.all()
	var peers []*peer
	for _, member := range list {
		p := &peer{addr: hostPort(member.Addr), name: member.HTTP}
		if p.name == "" {
			p.name = p.addr
		}
		if i := slices.IndexFunc(old, func(o *peer) bool { return o.addr == p.addr && o.name == p.name }); i >= 0 {
			p = old[i]
		} else {
			p.note(errUnprobed)
		}
		peers = append(peers, p)
	}
	m.peers.Store(&peers)
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// nameOf returns the name by which the node at an address is shown.
func (m *members) nameOf(addr string) string {
	for _, p := range m.all() {
		if p.addr == addr {
			return p.name
		}
	}
	return addr
}

// all returns the nodes in the order of discovery.
func (m *members) all() []*peer { return *m.peers.Load() }

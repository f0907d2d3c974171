package client

import (
	"context"
	"fmt"
	"slices"
)

// MaxMembers is how many nodes a cluster may have for this client.
const MaxMembers = 128

// Member is a node as discovery knows it.
type Member struct {
	ID   string // of the node; "" = not known before it is greeted
	Addr string // of the native protocol, "host:port" or "kama://host:port". Its place on the ring comes from it
	HTTP string // host:port of the JSON endpoints; "" = none, or not known
	Role string // "master", "slave" or ""; a hint where to send writes, until a node says otherwise
	Zone string // "" = not known
}

// Discovery tells a client which nodes there are.
type Discovery interface {
	// Watch calls deliver with all members, at once and then whenever they change, until ctx ends; it returns ctx.Err()
	// then. When it returns anything else it is called again after a pause, and the last list stands until then. An
	// empty list is not believed: the last one stands. A delivered list belongs to the client and is not changed any
	// more by who delivered it. deliver is quick and is not called by two goroutines at a time.
	Watch(ctx context.Context, deliver func(members []Member)) error
}

// Static is the Discovery of members that never change.
func Static(members ...Member) Discovery { return static(slices.Clone(members)) }

type static []Member

// Watch delivers the members and waits for the end of ctx.
func (s static) Watch(ctx context.Context, deliver func([]Member)) error {
	deliver(slices.Clone(s))
	<-ctx.Done()
	return ctx.Err()
}

// checkMembers returns the members with their addresses as host:port, in the order of these, or what cannot be.
func checkMembers(members []Member) ([]Member, error) {
	if len(members) > MaxMembers {
		return nil, fmt.Errorf("%d members, at most %d", len(members), MaxMembers)
	}
	checked := make([]Member, 0, len(members))
	for _, m := range members {
		addr, err := parseAddress(m.Addr)
		if err != nil {
			return nil, fmt.Errorf("member %q: %w", m.ID, err)
		}
		if i := slices.IndexFunc(checked, func(o Member) bool { return o.Addr == addr }); i >= 0 {
			return nil, fmt.Errorf("members %q and %q both have the address %s", checked[i].ID, m.ID, addr)
		}
		m.Addr = addr
		checked = append(checked, m)
	}
	return checked, nil
}

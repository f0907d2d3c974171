package compare

import (
	"context"

	"github.com/kamaitachi/kamaitachi/bench"
)

// P9: through the gateway.
var p9 = []*contest{
	{
		id: "P9", what: "P1 through the gateway, native, against straight to a node",
		sides: []side{through{ours{shape: rankings}}, ours{shape: rankings}},
		lines: []line{{of: throughput, a: "gateway", b: "kamaitachi", must: 0.4, aim: 0.7}},
	},
	{
		id: "P9", what: "scenario 3 over HTTP, 10 requests repeating, through the gateway, against straight to a node",
		sides: []side{through{ours{shape: tenOverHTTP, scheme: "http"}}, ours{shape: tenOverHTTP, scheme: "http"}},
		lines: []line{{of: throughput, a: "gateway", b: "kamaitachi", must: 0.5}},
	},
}

// through is a side whose requests go through a gateway, which the contest has for itself.
type through struct{ ours }

func (through) label() string { return "gateway" }

func (s through) open(ctx context.Context, b *bout) (meter, error) {
	n, err := s.node(ctx, b)
	if err != nil {
		return nil, err
	}
	g, err := b.start(ctx, &b.ends, "gateway", "-until-input-ends", "-set", "server.port=0", "-set", "server.native_port=0",
		"-set", "log.level=warn", "-set", "gateway.nodes="+n.Addrs["native"])
	if err != nil {
		return nil, err
	}
	load := s.load(n.market, n.deck(s.scenario))
	load.Addresses, load.ServerPID = []bench.Address{(&node{Process: g}).address(s.scheme)}, g.PID()
	m, _, err := b.meter(ctx, load)
	return m, err
}

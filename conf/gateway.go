package conf

import "time"

// GatewayKeys is [gateway].
type GatewayKeys struct {
	Nodes       []string // host:port of the native protocol; empty = those found in etcd
	Timeout     time.Duration
	Connections int // to each node
}

func (g *GatewayKeys) keys() []Key {
	return []Key{
		{Name: "nodes", Default: "", Doc: "Native addresses of the nodes, with commas between. Nothing = those that are " +
			"registered in etcd.",
			setting: addrsSetting{p: &g.Nodes, none: true}},
		{Name: "timeout", Default: "10s", Doc: "From when a gateway has a request to its answer, where the client gives " +
			"no deadline of its own.",
			setting: timeSetting{&g.Timeout, "s", time.Millisecond, time.Hour}},
		{Name: "connections", Default: "2", Doc: "Connections to each node that small reads share.",
			setting: countSetting{&g.Connections, 1, 64}},
	}
}

// Validate checks every value.
func (g *GatewayKeys) Validate() error { return checkBounds("gateway", g.keys()) }

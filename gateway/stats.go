package gateway

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/httpcompat"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Stats returns a row for each node, and the cluster's figures: sums of what nodes do, and of what they all hold the
// most that one has, since each holds a full copy. A node that does not answer has a row that says so.
func (g *Gateway) Stats(ctx context.Context) (httpcompat.Stats, error) {
	peers := g.members.all()
	rows := make([]protocol.StatList, len(peers))
	faults := askAll(peers, func(i int, p *peer) (err error) {
		rows[i], err = g.statsOf(ctx, p)
		return err
	})
	stats := httpcompat.Stats{}
	total := newTotal()
	for i, p := range peers {
		row := protocol.StatList{{Name: "up", Number: 1}}
		if faults[i] != nil {
			row = protocol.StatList{{Name: "up"}, {Name: "error", Text: faults[i].Error()}}
		} else {
			total.add(rows[i])
		}
		stats.Nodes = append(stats.Nodes, httpcompat.NodeStats{Node: p.name, Figures: append(row, rows[i]...)})
	}
	stats.Figures = g.appendOwn(total.figures(len(peers), time.Since(g.started)))
	return stats, nil
}

// appendOwn appends what the gateway counts of its own work. The names tell it apart from what nodes count.
func (g *Gateway) appendOwn(s protocol.StatList) protocol.StatList {
	own := protocol.StatList{}
	if sdk, err := g.link.get(); err == nil {
		c := sdk.Counts()
		own = append(own, stat("retries", c.Retries), stat("redirects", c.Redirects), stat("retries_over_budget", c.OverSpent),
			stat("circuit_open", c.Broken))
	}
	if g.front != nil {
		t := g.front.Totals()
		own = g.front.handles.AppendStats(g.front.AppendStats(own, &t))
	}
	for _, f := range own {
		f.Name = "gateway_" + f.Name
		s = append(s, f)
	}
	return s
}

func stat(name string, number uint64) protocol.Stat {
	return protocol.Stat{Name: name, Number: float64(number)}
}

// summed are the figures whose sum over the nodes says something, by how their names begin. Of all others the greatest
// counts.
var summed = []string{
	"cache_", "total_requests", "worker_requests", "requests_", "errors", "connections", "max_connections",
	"refused_connections", "slow_connections", "late_connections", "in_flight", "queued_bytes", "bytes_", "panics",
}

func isSummed(name string) bool {
	for _, s := range summed {
		if strings.HasPrefix(name, s) {
			return true
		}
	}
	return false
}

// total adds up the figures of nodes.
type total struct {
	up      int // nodes that answered
	cluster string
	names   []string
	values  map[string]float64
}

// newTotal returns the total of no nodes, in which the figures that must be there are.
func newTotal() *total {
	t := &total{values: map[string]float64{}}
	for _, name := range httpcompat.StatNames {
		if name != statRole && name != statUptime {
			t.names = append(t.names, name)
			t.values[name] = 0
		}
	}
	return t
}

// Figures that are not simply added up.
const (
	statRole    = "role"
	statUptime  = "uptime_seconds"
	statCluster = "cluster"
	statHitRate = "cache_hit_rate"
)

// add adds the figures of one node.
func (t *total) add(row protocol.StatList) {
	t.up++
	for _, f := range row {
		switch _, known := t.values[f.Name]; {
		case f.Name == statRole || f.Name == statUptime || math.IsNaN(f.Number):
		case f.Text != "":
			if f.Name == statCluster {
				t.cluster = f.Text
			}
		case !known:
			t.names = append(t.names, f.Name)
			t.values[f.Name] = f.Number
		case isSummed(f.Name):
			t.values[f.Name] += f.Number
		default:
			t.values[f.Name] = max(t.values[f.Name], f.Number)
		}
	}
}

// figures returns the total. Of the texts only the cluster's id is kept, on which the nodes agree.
func (t *total) figures(nodes int, uptime time.Duration) protocol.StatList {
	t.values[statHitRate] = httpcompat.HitRate(uint64(t.values["cache_hits"]), uint64(t.values["cache_misses"]))
	out := protocol.StatList{{Name: statRole, Text: "gateway"}}
	if t.cluster != "" {
		out = append(out, protocol.Stat{Name: statCluster, Text: t.cluster})
	}
	out = append(out,
		protocol.Stat{Name: statUptime, Number: uptime.Seconds()},
		protocol.Stat{Name: "node_count", Number: float64(nodes)},
		protocol.Stat{Name: "nodes_up", Number: float64(t.up)})
	for _, name := range t.names {
		out = append(out, protocol.Stat{Name: name, Number: t.values[name]})
	}
	return out
}

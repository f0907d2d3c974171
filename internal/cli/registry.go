package cli

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/internal/registry"
)

// openRegistry returns the etcd of the configuration, without waiting for it. The caller closes it, after whatever uses it.
func openRegistry(c *conf.Config, log *slog.Logger) (*registry.Registry, error) {
	return registry.Open(registry.Options{
		Endpoints: c.Etcd.Endpoints, Prefix: c.Etcd.Prefix, Cluster: c.Cluster.Name, TTL: c.Etcd.TTL,
		CallTimeout: c.Etcd.Timeout, LastKnown: c.Etcd.LastKnown, Logger: log,
	})
}

// discovery tells the SDK of the nodes in etcd.
type discovery struct{ registry *registry.Registry }

var _ client.Discovery = discovery{}

// Watch implements client.Discovery. A node that clients cannot reach is not one of theirs. People see them by address.
func (d discovery) Watch(ctx context.Context, deliver func([]client.Member)) error {
	return d.registry.Watch(ctx, func(nodes []registry.Record) {
		members := make([]client.Member, 0, len(nodes))
		for _, n := range nodes {
			if n.Native != "" {
				members = append(members, client.Member{ID: n.ID, Addr: n.Native, HTTP: n.HTTP, Role: n.Role, Zone: n.Zone})
			}
		}
		slices.SortFunc(members, func(a, b client.Member) int {
			return cmp.Or(strings.Compare(a.HTTP, b.HTTP), strings.Compare(a.Addr, b.Addr))
		})
		deliver(members)
	})
}

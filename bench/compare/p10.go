package compare

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// writingGoroutines is how many write at once, each the next report as soon as its last is acknowledged.
const writingGoroutines = 64

// P10: durable writes of three nodes. Each is acknowledged when a majority has it on disk, here and there.
var p10 = []*contest{{
	id: "P10", what: "durable single writes, 64 at once, three nodes, against etcd put of equal bytes on three members",
	sides: []side{clusterWrites{}, etcdWrites{}},
	lines: []line{{of: throughput, a: "kamaitachi x 3", b: "etcd x 3", must: 2, aim: 5}},
}}

// clusterWrites writes restatements of random subjects of the market through the SDK, one report a call.
type clusterWrites struct{}

func (clusterWrites) label() string { return "kamaitachi x 3" }

func (clusterWrites) open(ctx context.Context, b *bout) (meter, error) {
	c, err := b.startCluster(ctx, &b.ends)
	if err != nil {
		return nil, err
	}
	n, err := c.load(ctx, b.lab)
	if err != nil {
		return nil, err
	}
	b.node, b.replySize = n, float64(len(restatement(n, rand.New(rand.NewPCG(1, 1))).AppendTo(nil)))
	stream, pids := uint64(0), []int{}
	for _, p := range c.nodes {
		pids = append(pids, p.PID())
	}
	return b.callersMeter(ctx, writingGoroutines, pids, func() caller {
		stream++
		rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), stream))
		return func(ctx context.Context) error {
			_, err := n.sdk.Put(ctx, restatement(n, rnd))
			return err
		}
	})
}

// etcdWrites puts values as large as those writes, under as many keys as the market has subjects.
type etcdWrites struct{}

func (etcdWrites) label() string { return "etcd x 3" }

// etcdTimeout bounds connecting to etcd.
const etcdTimeout = 10 * time.Second

func (etcdWrites) open(ctx context.Context, b *bout) (meter, error) {
	endpoints, pid, err := b.startEtcd(ctx, &b.ends, clusterNodes)
	if err != nil {
		return nil, err
	}
	c, err := clientv3.New(clientv3.Config{Endpoints: endpoints, DialTimeout: etcdTimeout, Logger: zap.NewNop()})
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	b.ends = append(b.ends, c.Close)
	value, keys := strings.Repeat("x", int(b.replySize)), b.node.market.Keys
	return b.callersMeter(ctx, writingGoroutines, []int{pid}, func() caller {
		rnd := rand.New(rand.NewPCG(1, 2))
		return func(ctx context.Context) error {
			_, err := c.Put(ctx, keys[rnd.IntN(len(keys))], value)
			return err
		}
	})
}

package compare

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/child"
)

// clusterNodes is how many nodes, or members of etcd, share every write.
const clusterNodes = 3

// cluster is three nodes that are one cluster, each a process that syncs its log to disk, and the etcd in which they find
// each other.
type cluster struct {
	nodes  []*child.Process
	native []string // host:port
	sdk    *client.Client
}

// startEtcd starts an etcd of so many members, in one process and synced, and returns its endpoints and its process.
func (l *lab) startEtcd(ctx context.Context, ends *[]func() error, members int) (endpoints []string, pid int, err error) {
	p, err := l.start(ctx, ends, "etcd", "-until-input-ends", "-dir", l.newDir("etcd"), "-listen", "127.0.0.1:0",
		"-members", fmt.Sprint(members))
	if err != nil {
		return nil, 0, err
	}
	return strings.Split(p.Addrs["etcd"], ","), p.PID(), nil
}

// startCluster starts an empty cluster and returns once all of its nodes are ready.
func (l *lab) startCluster(ctx context.Context, ends *[]func() error) (*cluster, error) {
	etcd, _, err := l.startEtcd(ctx, ends, 1)
	if err != nil {
		return nil, err
	}
	c := &cluster{}
	for i := range clusterNodes {
		mode := "slave"
		if i == 0 {
			mode = "master"
		}
		args := nodeArgs(l.newDir("member"), "server.mode="+mode, fmt.Sprint("server.bootstrap=", i == 0),
			fmt.Sprint("server.expect=", clusterNodes), "server.replication_port=0", fmt.Sprint("server.service_name=bench-", i),
			"etcd.endpoints="+strings.TrimPrefix(etcd[0], "http://"))
		p, err := l.start(ctx, ends, args...)
		if err != nil {
			return nil, err
		}
		c.nodes, c.native = append(c.nodes, p), append(c.native, p.Addrs["native"])
	}
	for _, p := range c.nodes {
		if err := awaitReady(ctx, p.Addrs["http"]); err != nil {
			return nil, err
		}
	}
	if c.sdk, err = client.Open(ctx, client.Options{Addresses: c.native, Name: "kamaitachi bench"}); err != nil {
		return nil, err
	}
	*ends = append(*ends, c.sdk.Close)
	return c, nil
}

// readyEvery is how often a node is asked whether it is ready.
const readyEvery = 50 * time.Millisecond

// awaitReady returns once a node says over HTTP that it is ready.
func awaitReady(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the node at %s is not ready: %w", addr, ctx.Err())
		}
	}
}

// load imports the market of the contests.
func (c *cluster) load(ctx context.Context, l *lab) (*node, error) {
	file, err := l.marketFile(l.o.Subjects)
	if err != nil {
		return nil, err
	}
	if _, err := l.run(ctx, l.o.Program, "import", "-addr", c.native[0], file); err != nil {
		return nil, err
	}
	n := &node{Process: c.nodes[0], sdk: c.sdk, decks: map[bench.Scenario]*bench.Deck{}}
	n.market, err = bench.AskMarket(ctx, n.address(""))
	return n, err
}

package compare

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/child"
	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// startWait bounds how long a node may take to answer: it may have tens of millions of values to load.
const startWait = 10 * time.Minute

// nodeSpec tells nodes apart that are kept during a run.
type nodeSpec struct {
	name     string // of a node that contests do not share; "" = the shared one
	subjects int    // of its market
	set      string // section.key=value, with spaces between
}

// node is a running node with a market in it.
type node struct {
	*child.Process
	market *bench.Market
	sdk    *client.Client
	decks  map[bench.Scenario]*bench.Deck

	importing time.Duration // how long the import took; 0 = of another process
	starting  time.Duration // and how long the start, until it answered
}

// node returns the node of a kind, which is started when it is first asked for.
func (l *lab) node(ctx context.Context, spec nodeSpec) (*node, error) {
	if n, ok := l.nodes[spec]; ok {
		return n, nil
	}
	n, err := l.nodeOf(ctx, &l.closers, spec)
	if err != nil {
		return nil, err
	}
	l.nodes[spec] = n
	return n, nil
}

// newNode starts a node of a kind that ends with the bout.
func (b *bout) newNode(ctx context.Context, spec nodeSpec) (*node, error) {
	return b.nodeOf(ctx, &b.ends, spec)
}

// nodeOf starts a node of a kind. Its market is imported the first time: one that is started again finds its data there.
func (l *lab) nodeOf(ctx context.Context, ends *[]func() error, spec nodeSpec) (*node, error) {
	var importing time.Duration
	dir, ok := l.dirs[spec]
	if !ok {
		var err error
		if dir, importing, err = l.timedImport(ctx, spec.subjects); err != nil {
			return nil, err
		}
		l.dirs[spec] = dir
	}
	n, err := l.startNode(ctx, ends, dir, strings.Fields(spec.set)...)
	if err == nil {
		n.importing = importing
	}
	return n, err
}

// importMarket returns a new data directory with a made-up market.
func (l *lab) importMarket(ctx context.Context, subjects int) (dir string, err error) {
	dir, _, err = l.timedImport(ctx, subjects)
	return dir, err
}

// timedImport is importMarket, and tells how long the import took.
func (l *lab) timedImport(ctx context.Context, subjects int) (dir string, took time.Duration, err error) {
	file, err := l.marketFile(subjects)
	if err != nil {
		return "", 0, err
	}
	l.logf("  importing a made-up market of %d subjects", subjects)
	dir = l.newDir("node")
	began := time.Now()
	_, err = l.run(ctx, l.o.Program, "import", "-db", dir, file)
	took = time.Since(began)
	settleDisk()
	return dir, took, err
}

// nodeArgs start a node on free ports over a data directory.
func nodeArgs(dir string, set ...string) []string {
	args := []string{"node", "-db", dir, "-until-input-ends", "-set", "server.port=0", "-set", "server.native_port=0", "-set", "log.level=warn"}
	for _, s := range set {
		args = append(args, "-set", s)
	}
	return args
}

// startNode starts a node over a data directory and asks what it holds.
func (l *lab) startNode(ctx context.Context, ends *[]func() error, dir string, set ...string) (*node, error) {
	began := time.Now()
	p, err := l.start(ctx, ends, nodeArgs(dir, set...)...)
	if err != nil {
		return nil, err
	}
	n := &node{Process: p, decks: map[bench.Scenario]*bench.Deck{}, starting: time.Since(began)}
	if n.market, err = bench.AskMarket(ctx, n.address("")); err != nil {
		return nil, err
	}
	n.market.Topic = dataset.MarketTopic
	if n.sdk, err = client.Open(ctx, client.Options{Addresses: []string{p.Addrs["native"]}, Name: "kamaitachi bench"}); err != nil {
		return nil, err
	}
	*ends = append(*ends, n.sdk.Close)
	return n, nil
}

// address is where the node is spoken to; scheme "" = native.
func (n *node) address(scheme string) bench.Address {
	if scheme == "http" {
		return bench.Address{Scheme: "http", Host: n.Addrs["http"]}
	}
	return bench.Address{Scheme: "kama", Host: n.Addrs["native"]}
}

// load loads the node by a scheme, and takes its CPU time.
func (n *node) load(s shape, scheme string) bench.Load {
	load := s.load(n.market, n.deck(s.scenario))
	load.Addresses, load.ServerPID = []bench.Address{n.address(scheme)}, n.PID()
	return load
}

// deck deals the requests of a scenario to all who load the node, so that no contest repeats what another has asked.
func (n *node) deck(s bench.Scenario) *bench.Deck {
	if n.decks[s] == nil {
		n.decks[s] = &bench.Deck{}
	}
	return n.decks[s]
}

// newest returns the newest values of all subjects.
func (n *node) newest(ctx context.Context) (*protocol.Result, error) {
	all := &protocol.Result{IDs: n.market.IDs}
	for offset := 0; offset < len(n.market.Keys); offset += protocol.MaxLimit {
		var page protocol.Result
		q := protocol.Snapshot{View: protocol.View{IDs: n.market.IDs}, Topic: n.market.Topic,
			Ranking: protocol.Ranking{Offset: offset, Limit: protocol.MaxLimit}}
		if err := n.sdk.Snapshot(ctx, &q, &page); err != nil {
			return nil, fmt.Errorf("ask for all newest values: %w", err)
		}
		all = join(all, &page)
	}
	return all, nil
}

// join returns the rows of both results, which have the same columns.
func join(a, b *protocol.Result) *protocol.Result {
	r := &protocol.Result{IDs: a.IDs, Subjects: slices.Concat(a.Subjects, b.Subjects)}
	for column := range a.IDs {
		r.Values = append(append(r.Values, a.Column(column)...), b.Column(column)...)
	}
	return r
}

// stat returns a figure of STATS.
func (n *node) stat(ctx context.Context, name string) (float64, error) {
	stats, err := n.sdk.Stats(ctx)
	if err != nil {
		return 0, err
	}
	for _, s := range stats {
		if s.Name == name {
			return s.Number, nil
		}
	}
	return 0, absent("the node has no figure %q", name)
}

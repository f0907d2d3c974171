package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/clustertest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// rig is a cluster behind a network, with those who use it.
type rig struct {
	*clustertest.Cluster
	t       testing.TB
	network *network
	ledger  *ledger
	bank    *bank
	writers []*writer
	users   *client.Client            // asks whichever node it likes
	floors  map[string]*atomic.Uint64 // by name: what a node had to have applied before it was ready
	// hits and stale are the most that one run of a node counted: answers from its cache, and answers there that a write had
	// contradicted.
	hits, stale float64
}

// newRig starts a cluster whose nodes take snapshots often and keep little log.
func newRig(t testing.TB, rng *rand.Rand) *rig {
	t.Helper()
	c := clustertest.New(t, clustertest.Options{Args: []string{
		"-set", "cluster.snapshot_entries=1500", "-set", "cluster.trailing_entries=300"}})
	r := &rig{Cluster: c, t: t, network: newNetwork(t, c.Nodes), ledger: newLedger(), floors: map[string]*atomic.Uint64{}}
	c.StartEtcd()
	c.StartAll()
	c.AwaitReady()
	r.network.learn(t)
	for _, n := range c.Nodes {
		r.floors[n.Name] = new(atomic.Uint64)
	}
	r.users = c.Client()
	r.bank = &bank{sdk: c.Client(), born: time.Now()}
	for _, n := range c.Nodes {
		r.bank.nodes = append(r.bank.nodes, n.Native)
	}
	r.begin(rng)
	return r
}

// begin tells the model of the catalog and has each writer make its subjects.
func (r *rig) begin(rng *rand.Rand) {
	r.t.Helper()
	var catalog protocol.Catalog
	if err := r.users.Catalog(client.Linearizable(r.t.Context()), &catalog); err != nil {
		r.t.Fatal(err)
	}
	tables := &protocol.PutTables{}
	for _, table := range catalog.Tables {
		tables.Tables = append(tables.Tables, *table)
	}
	r.ledger.acknowledged(catalog.Version, &protocol.Write{Tables: tables})
	sdk := r.Client()
	for i := range writers {
		w := newWriter(i, sdk, r.ledger, rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64())))
		r.writers = append(r.writers, w)
		for _, one := range w.setup() {
			w.write(r.t, one)
		}
	}
	r.Level()
	r.ledger.judge(r.t)
	r.bank.first = r.bank.judge(r.t)
}

// start starts a node: from now on it may answer only what shows everything that was acknowledged until now.
func (r *rig) start(nodes ...*clustertest.Node) {
	r.t.Helper()
	for _, n := range nodes {
		r.floors[n.Name].Store(r.ledger.floor())
	}
	if len(nodes) == len(r.Nodes) {
		r.StartAll()
		return
	}
	for _, n := range nodes {
		n.Start()
	}
}

// load is everybody who uses the cluster in one round.
type load struct {
	r       *rig
	stop    context.CancelFunc
	wg      sync.WaitGroup
	trouble sync.Map    // names of the nodes that may refuse to answer
	blind   atomic.Bool // no node may be there to answer
	slow    atomic.Bool // an index that was acknowledged may be seen by no node that answers
	asked   atomic.Int64
	longest atomic.Int64 // of the users' reads, ns
}

// begin lets everybody use the cluster.
func (r *rig) load(rng *rand.Rand) *load {
	ctx, stop := context.WithCancel(context.Background())
	l := &load{r: r, stop: stop}
	for _, w := range r.writers {
		l.wg.Go(func() { w.run(ctx, r.t) })
	}
	for i := range clerks {
		own := rand.New(rand.NewPCG(rng.Uint64(), uint64(i)))
		l.wg.Go(func() { r.bank.clerk(ctx, r.t, i, own) })
	}
	for _, n := range r.Nodes {
		l.wg.Go(func() { l.hammer(ctx, n) })
	}
	for i := range users {
		own := rand.New(rand.NewPCG(rng.Uint64(), uint64(i)))
		l.wg.Go(func() { l.user(ctx, i, own) })
	}
	return l
}

// users is how many read from whichever node the SDK chooses. Each second one asks for what it knows to be there.
const users = 4

// user reads; none of its reads may fail while one node is there.
func (l *load) user(ctx context.Context, n int, rng *rand.Rand) {
	asked := questions()
	for ctx.Err() == nil {
		q := asked[rng.IntN(len(asked))]
		least, how := uint64(0), context.Background()
		if n%2 == 1 {
			least = l.r.ledger.floor()
			how = client.AtLeast(how, least)
		}
		began := time.Now()
		index, err := ask(how, l.r.t, l.r.users, l.r.ledger, fmt.Sprint("a node that user ", n, " was sent to"), q)
		took := time.Since(began)
		switch {
		case err == nil && index < least:
			l.r.t.Errorf("user %d asked for index %d at least and got %d", n, least, index)
		case err == nil:
			l.asked.Add(1)
			l.longest.Store(max(l.longest.Load(), int64(took)))
		case !l.blind.Load() && !(l.slow.Load() && n%2 == 1):
			l.r.t.Errorf("a read of user %d fails after %v: %v", n, took.Round(time.Millisecond), err)
		}
		time.Sleep(readPause)
	}
}

// hammer asks one node the same questions over and over, each several times in a row.
func (l *load) hammer(ctx context.Context, n *clustertest.Node) {
	asked, again := questions(), 4
	for i := 0; ctx.Err() == nil; i++ {
		q := asked[i/again%len(asked)]
		least := l.r.floors[n.Name].Load()
		how, cancel := context.WithTimeout(client.At(context.Background(), n.Native), longest)
		index, err := ask(how, l.r.t, l.r.users, l.r.ledger, n.Name, q)
		cancel()
		if err == nil && index < least {
			l.r.t.Errorf("%s answers at index %d; %d was acknowledged before it was started", n.Name, index, least)
		}
		if _, excused := l.trouble.Load(n.Name); err != nil && !excused {
			l.r.t.Errorf("%s does not answer: %v", n.Name, err)
		}
		time.Sleep(readPause)
	}
}

// excuse says that nodes may not answer for the rest of the round.
func (l *load) excuse(nodes ...*clustertest.Node) {
	for _, n := range nodes {
		l.trouble.Store(n.Name, true)
	}
}

// end lets everybody finish what he does.
func (l *load) end() {
	l.stop()
	l.wg.Wait()
}

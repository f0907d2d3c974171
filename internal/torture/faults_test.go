package torture

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/clustertest"
	"github.com/kamaitachi/kamaitachi/internal/registry"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// fault is one way in which a cluster breaks, and is mended.
type fault struct {
	name string
	do   func(r *round)
}

// round is one fault under load.
type round struct {
	*rig
	*load
	rng     *rand.Rand
	resumed time.Duration // how long writes stood still; 0 = nobody looked
}

// faults are all that there are. A run has each of them at least once where it has as many rounds.
var faults = []fault{
	{"the master is killed", func(r *round) { r.killMaster(r.moment()) }},
	{"the master is killed and comes back at once", func(r *round) { r.killMaster(0) }},
	{"a slave is killed", func(r *round) { r.killFor(r.moment(), r.slave()) }},
	{"a slave is killed again while it catches up", func(r *round) {
		slave := r.slave()
		r.killFor(r.moment(), slave)
		r.killFor(0, slave)
	}},
	{"a slave is away for so long that it needs a snapshot", (*round).outgrow},
	{"the master and a slave are killed", func(r *round) {
		r.slow.Store(true)
		r.killFor(r.moment(), r.Master(), r.slave())
	}},
	{"all nodes are killed", func(r *round) {
		r.blind.Store(true)
		r.killFor(0, r.Nodes...)
	}},
	{"the master hangs", func(r *round) { r.hang(r.Master()) }},
	{"a slave hangs", func(r *round) { r.hang(r.slave()) }},
	{"the master is cut off", func(r *round) { r.cutOff(r.Master(), rule{cut: true}) }},
	{"the master is cut off in silence", func(r *round) { r.cutOff(r.Master(), rule{hold: true}) }},
	{"a slave is cut off in silence", func(r *round) { r.cutOff(r.slave(), rule{hold: true}) }},
	{"the master does not reach a slave", func(r *round) {
		r.network.oneWay(r.Master(), r.slave(), rule{hold: true})
		r.heal(2 * longest)
	}},
	{"the ways between nodes are long", func(r *round) {
		r.network.everywhere(rule{delay: 50 * time.Millisecond})
		r.heal(longest)
	}},
	{"one thing after another", (*round).storm},
	{"etcd is away", func(r *round) { r.withoutEtcd(func() { time.Sleep(*etcdAway) }) }},
	{"etcd hangs", func(r *round) {
		r.PauseEtcd()
		time.Sleep(*etcdAway)
		r.ResumeEtcd()
		r.listedAgain()
	}},
	{"etcd is away and the master is killed", func(r *round) {
		r.withoutEtcd(func() { r.killMaster(r.moment()) })
	}},
}

// longest is how long nodes are cut off: longer than it takes to elect another master.
const longest = 4 * time.Second

// moment draws how long something lasts.
func (r *round) moment() time.Duration {
	return time.Duration(100+r.rng.IntN(1_500)) * time.Millisecond
}

// slave draws a slave.
func (r *round) slave() *clustertest.Node {
	slaves := r.Slaves()
	return slaves[r.rng.IntN(len(slaves))]
}

// killFor kills nodes at one moment and starts them again.
func (r *round) killFor(d time.Duration, nodes ...*clustertest.Node) {
	r.kill(nodes...)
	time.Sleep(d)
	r.start(nodes...)
}

func (r *round) kill(nodes ...*clustertest.Node) {
	r.excuse(nodes...)
	var wg sync.WaitGroup
	for _, n := range nodes {
		wg.Go(n.Kill)
	}
	wg.Wait()
}

// killMaster kills the master, measures for how long nothing can be written, and starts it again; at once where d is 0.
func (r *round) killMaster(d time.Duration) {
	master := r.Master()
	began := time.Now()
	r.kill(master)
	if d == 0 {
		r.start(master)
	}
	r.probe()
	r.resumed = time.Since(began)
	if d > 0 {
		time.Sleep(d)
		r.start(master)
	}
}

// probe writes until it is acknowledged.
func (r *round) probe() {
	ctx, cancel := context.WithTimeout(context.Background(), clustertest.Patience)
	defer cancel()
	_, err := r.users.Put(ctx, &protocol.Put{IDs: []string{"1001"}, Reports: []protocol.Report{
		{Subject: "33:800000", ReportDate: days[0], Values: []float64{r.rng.Float64()}}}})
	if err != nil {
		r.t.Errorf("nothing can be written: %v", err)
	}
}

// outgrow keeps a slave away until the log no longer reaches back to where it ended.
func (r *round) outgrow() {
	slave := r.slave()
	const taken = "the node has taken over a snapshot"
	had := slave.Said(taken)
	applied := slave.Applied()
	r.kill(slave)
	r.Within("a snapshot beyond what the slave has, and the log before it gone", func() bool {
		r.probe()
		snapshot, _ := r.Master().Stats()["snapshot_index"].(float64)
		return uint64(snapshot) > applied+trailing
	})
	r.start(slave)
	r.Within("the slave is ready", slave.Ready)
	if slave.Said(taken) == had {
		r.t.Errorf("%s took over no snapshot", slave.Name)
	}
}

// trailing is how many entries stay behind a snapshot.
const trailing = 300

// hang stops a node in its tracks for a while.
func (r *round) hang(n *clustertest.Node) {
	r.excuse(n)
	n.Pause()
	time.Sleep(longest)
	n.Resume()
}

// cutOff breaks the ways between a node and the others, but not those of its clients.
func (r *round) cutOff(n *clustertest.Node, rule rule) {
	r.network.around(n, rule)
	r.heal(longest)
}

// storm breaks something before what broke last is mended, several times.
func (r *round) storm() {
	r.blind.Store(true)
	r.excuse(r.Nodes...)
	mend := func() {}
	for range 6 {
		before := mend
		mend = r.breakOne()
		time.Sleep(r.moment() / 2)
		before()
	}
	mend()
	r.network.heal()
}

// breakOne breaks one node, or a way to it, and returns how that is mended.
func (r *round) breakOne() (mend func()) {
	n, other := r.Nodes[r.rng.IntN(len(r.Nodes))], r.Nodes[r.rng.IntN(len(r.Nodes))]
	switch r.rng.IntN(5) {
	case 0:
		r.network.around(n, rule{hold: true})
	case 1:
		r.network.oneWay(n, other, rule{cut: true})
	case 2:
		r.network.everywhere(rule{delay: 20 * time.Millisecond})
	case 3:
		n.Pause()
		return n.Resume
	default:
		n.Kill()
		return func() {
			if !n.Running() {
				r.start(n)
			}
		}
	}
	return func() {}
}

// heal mends the network after a while.
func (r *round) heal(after time.Duration) {
	time.Sleep(after)
	r.network.heal()
}

// withoutEtcd does something while etcd is away, and holds that all nodes are listed again afterwards.
func (r *round) withoutEtcd(do func()) {
	r.KillEtcd()
	do()
	r.StartEtcd()
	r.listedAgain()
}

// listedAgain waits until all nodes are in etcd, with addresses for clients.
func (r *round) listedAgain() {
	list, err := registry.Open(registry.Options{Endpoints: []string{r.Etcd()}})
	if err != nil {
		r.t.Fatal(err)
	}
	defer list.Close()
	r.Within("all nodes are listed again", func() bool {
		nodes, err := list.List(r.t.Context())
		for _, n := range nodes {
			if n.Native == "" {
				return false
			}
		}
		return err == nil && len(nodes) == len(r.Nodes)
	})
}

// seesIts tells what a node says of a register, as it knows it itself.
func (r *rig) seesIts(n *clustertest.Node, register int) (float64, error) {
	ctx, cancel := context.WithTimeout(client.At(context.Background(), n.Native), clustertest.Patience)
	defer cancel()
	return registerAt(ctx, r.users, register)
}

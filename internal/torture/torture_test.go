package torture

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/clustertest"
	"github.com/kamaitachi/kamaitachi/server/store"
)

var (
	rounds   = flag.Int("rounds", 20, "how often the cluster is broken")
	seed     = flag.Uint64("seed", 0, "what is broken when; 0 = another each time")
	only     = flag.String("only", "", "break only what has this in its name")
	etcdAway = flag.Duration("etcd-away", 4*time.Second, "for how long etcd is away; nodes are listed there for 2 s")
)

const (
	calm = 300 * time.Millisecond // under load before and after a fault
	// hashEvery is how often all nodes are stopped and the hashes of their rows compared.
	hashEvery = 7
	// resumeWithin is how long writes may stand still when a master is killed. An election that nobody wins is held again, which
	// may take as long once more.
	resumeWithin = 5 * time.Second
)

// TestAClusterKeepsItsPromisesWhateverBreaks is what the package is about.
func TestAClusterKeepsItsPromisesWhateverBreaks(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("again with: go test ./internal/torture -v -rounds %d -seed %d", *rounds, *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	r := newRig(t, rng)
	var stood []time.Duration
	for i, f := range order(rng, *rounds) {
		took := r.suffer(rng, i+1, f)
		if took > 0 {
			stood = append(stood, took)
		}
		if (i+1)%hashEvery == 0 || i+1 == *rounds {
			r.sameRows()
		}
		if t.Failed() {
			t.Fatalf("in round %d, %s", i+1, f.name)
		}
	}
	slices.Sort(stood)
	if len(stood) > 0 && stood[len(stood)/2] > resumeWithin {
		t.Errorf("writes mostly stood still for more than %v", resumeWithin)
	}
	if r.hits == 0 || r.stale == 0 {
		t.Errorf("no node answered from its cache (%v), or nothing in there was ever contradicted (%v): that was not tested", r.hits, r.stale)
	}
	again, late := 0, 0
	for _, w := range r.writers {
		again, late = again+w.again, late+w.late
	}
	t.Logf("%d writes acknowledged, all of them on every node; %d times one was sent again because it was not, %d times although it was",
		r.ledger.writes, again, late)
	t.Logf("%d answers and %d operations on registers (%d of unknown outcome) judged; up to %v answers of one run of a node were kept "+
		"ones, %v kept ones no longer held; writes stood still for %v when a master was killed",
		r.ledger.answers, r.bank.done, r.bank.lost, r.hits, r.stale, stood)
}

// order returns the faults of a run, in an order that is drawn; each comes before another comes twice.
func order(rng *rand.Rand, n int) []fault {
	wanted := slices.DeleteFunc(slices.Clone(faults), func(f fault) bool { return !strings.Contains(f.name, *only) })
	var all []fault
	for len(wanted) > 0 && len(all) < n {
		for _, i := range rng.Perm(len(wanted)) {
			all = append(all, wanted[i])
		}
	}
	return all[:min(n, len(all))]
}

// suffer is one round. It returns for how long nothing could be written, 0 where that was not looked at.
func (r *rig) suffer(rng *rand.Rand, n int, f fault) time.Duration {
	began := time.Now()
	one := &round{rig: r, load: r.load(rng), rng: rng}
	time.Sleep(calm)
	f.do(one)
	r.AwaitReady()
	time.Sleep(calm)
	one.end()
	index := r.Level()
	r.countKept()
	r.unharmed()
	r.sweep()
	answers := r.ledger.answers
	r.ledger.judge(r.t)
	r.registersAgree(r.bank.judge(r.t))
	r.t.Logf("round %d, %s: %v; index %d, %d reads of users, the longest %v; writes stood still for %v; %d answers so far", n, f.name,
		time.Since(began).Round(time.Millisecond), index, one.asked.Load(), time.Duration(one.longest.Load()).Round(time.Millisecond),
		one.resumed.Round(time.Millisecond), answers)
	if one.resumed > 2*resumeWithin {
		r.t.Errorf("writes stood still for %v, more than %v", one.resumed, 2*resumeWithin)
	}
	return one.resumed.Round(time.Millisecond)
}

// countKept notes how often nodes answered from their cache, and how often what was there no longer held.
func (r *rig) countKept() {
	for _, n := range r.Nodes {
		figures := n.Stats()
		hits, _ := figures["reply_cache_hits"].(float64)
		stale, _ := figures["reply_cache_stale"].(float64)
		r.hits, r.stale = max(r.hits, hits), max(r.stale, stale)
	}
}

// unharmed holds that no node has panicked, nor noticed a data race where it was built to: with GOFLAGS=-race CGO_ENABLED=1 in
// the environment of the test.
func (r *rig) unharmed() {
	for _, n := range r.Nodes {
		for _, bad := range []string{"panic", "DATA RACE"} {
			if n.Said(bad) > 0 {
				r.t.Errorf("the log of %s has %q: %s", n.Name, bad, n.Log)
			}
		}
	}
}

// sweep asks every node for everything.
func (r *rig) sweep() {
	for _, n := range r.Nodes {
		ctx, cancel := context.WithTimeout(client.At(context.Background(), n.Native), clustertest.Patience)
		for _, q := range questions() {
			if _, err := ask(ctx, r.t, r.users, r.ledger, n.Name, q); err != nil {
				r.t.Errorf("%s, level with the others, does not answer: %v", n.Name, err)
			}
		}
		cancel()
	}
}

// registersAgree holds what every node has of the registers against what the cluster says.
func (r *rig) registersAgree(want [registers]float64) {
	r.Level()
	for _, n := range r.Nodes {
		for i, value := range want {
			if got, err := r.seesIts(n, i); got != value || err != nil {
				r.t.Errorf("%s has %v in register %d, the cluster %v: %v", n.Name, got, i, value, err)
			}
		}
	}
}

// sameRows stops all nodes in good order, holds the hashes of all their rows against each other, and starts them again.
func (r *rig) sameRows() {
	for _, n := range r.Nodes {
		if status := n.Stop(); status != 0 {
			r.t.Errorf("%s ends with status %d", n.Name, status)
		}
	}
	hashes := map[string][]string{}
	for _, n := range r.Nodes {
		report, err := store.Verify(n.Dir)
		if err != nil {
			r.t.Errorf("%s: %v", n.Name, err)
		}
		hashes[report.RowHash] = append(hashes[report.RowHash], fmt.Sprintf("%s at %d with %d reports", n.Name, report.Applied, report.Reports))
	}
	if len(hashes) != 1 {
		r.t.Errorf("the rows of the nodes differ: %v", hashes)
	}
	r.start(r.Nodes...)
	r.AwaitReady()
}

package e2e_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/clustertest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// told is what `kamaitachi status -o json` prints, as far as tests look at it.
type told struct {
	ClusterID string `json:"cluster_id"`
	Master    string
	Quorum    bool
	Voters    int
	Etcd      struct{ Reachable bool }
	Nodes     []toldNode
}

type toldNode struct {
	ID, Name, Role, Vote, State, Native string
	Listed                              bool
	Lag                                 uint64
}

// status runs `kamaitachi status` and returns its exit status and what it tells.
func status(t *testing.T, c *clustertest.Cluster, args ...string) (int, told) {
	t.Helper()
	code, out, errs := run(t, append([]string{"status", "-o", "json", "-set", "etcd.endpoints=" + c.Etcd(), "-set", "etcd.timeout=1s"}, args...)...)
	var s told
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("status %d: %v\n%s%s", code, err, out, errs)
	}
	return code, s
}

// write puts a value and returns the error.
func write(ctx context.Context, sdk *client.Client, subject string, value float64) error {
	_, err := sdk.Put(ctx, &protocol.Put{IDs: []string{"1001"},
		Reports: []protocol.Report{{Subject: subject, ReportDate: 1_703_980_800, Values: []float64{value}}}})
	return err
}

func TestAStandaloneDirectoryBecomesAClusterThatOthersJoin(t *testing.T) {
	c := clustertest.New(t, clustertest.Options{Nodes: 2, Expect: 1})
	alone := start(t, c.Nodes[0].Dir)
	sdk, err := client.Open(t.Context(), client.Options{Addresses: []string{alone.addrs["native"]}})
	if err != nil {
		t.Fatal(err)
	}
	defer sdk.Close()
	if err := write(t.Context(), sdk, "before", 1); err != nil {
		t.Fatal(err)
	}
	alone.stop(t)
	id := line(t, must(t, "verify", "-db", c.Nodes[0].Dir), "cluster")

	c.StartEtcd()
	c.StartAll()
	c.AwaitReady()
	all := c.Client()
	index := put(t, all, "after", 2)
	for _, n := range c.Nodes {
		sees(t, all, n, index, "before", 1)
		sees(t, all, n, index, "after", 2)
		if got := n.Stats()["cluster"]; got != id {
			t.Errorf("%s is of cluster %v, the data were of %s", n.Name, got, id)
		}
	}
	for _, n := range c.Nodes {
		n.Stop()
		code, _, errs := run(t, "node", "-db", n.Dir, "-set", "server.port=0", "-set", "server.native_port=0")
		if code != 1 || !strings.Contains(errs, "cluster") || !strings.Contains(errs, n.Dir) {
			t.Errorf("a member's data opened by a node that stands alone: status %d, %s", code, errs)
		}
		if code, _, errs := run(t, "import", "-db", n.Dir, market(t, 3)); code != 1 || !strings.Contains(errs, "cluster") {
			t.Errorf("an import past the log: status %d, %s", code, errs)
		}
	}
}

func TestNodesWithDataNeedNoEtcdAndNewOnesSayWhatTheyWaitFor(t *testing.T) {
	c := clustertest.New(t, clustertest.Options{})
	c.StartEtcd()
	c.Nodes[0].Start()
	c.Nodes[1].Start()
	c.Within("writes wait for the third voter, and the node says so", func() bool {
		_, body := c.Nodes[0].Get("/readyz?verbose")
		return strings.Contains(body, "it waits until 3 voters are in")
	})
	if code, body := c.Nodes[0].Get("/readyz"); code != 503 {
		t.Errorf("/readyz of a cluster that forms: %d %s", code, body)
	}
	c.Nodes[2].Start()
	c.AwaitReady()
	sdk := c.Client()
	put(t, sdk, "s", 1)

	c.KillEtcd()
	put(t, sdk, "s", 2)
	for _, n := range c.Nodes {
		n.Kill()
	}
	c.StartAll()
	c.AwaitReady()
	index := put(t, sdk, "s", 3)
	for _, n := range c.Nodes {
		sees(t, sdk, n, index, "s", 3)
	}
	if code, s := status(t, c, "-addr", c.Nodes[1].Native); code != 0 || s.Voters != 3 || !s.Quorum {
		t.Errorf("status by an address while etcd is away: %d %+v", code, s)
	}
	asked := c.Add()
	asked.Args = []string{"-set", "cluster.id=" + c.Nodes[0].Stats()["cluster"].(string), "-set", "cluster.peers=" + c.Nodes[1].Replication}
	asked.Start()
	c.Within("a new node that is told cluster and peer joins without etcd", asked.Ready)
	late := c.Add()
	late.Launch()
	c.Within("a new node says what it waits for", func() bool {
		return late.Said("waits to learn which it is to be of") > 0 && late.Said(c.Etcd()) > 0
	})
	if !late.Running() {
		t.Fatal("it has given up")
	}
	c.StartEtcd()
	late.AwaitListening()
	c.Within("it is ready", late.Ready)
	sees(t, c.Client(), late, index, "s", 3)
	c.Within("etcd lists all", func() bool {
		code, s := status(t, c)
		return code == 0 && len(s.Nodes) == 5 && !slices.ContainsFunc(s.Nodes, func(n toldNode) bool {
			return !n.Listed || n.State != "ready"
		})
	})
}

func TestOneClusterIsFoundedAndALostDiskComesBackUnderANewID(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{Masters: 3}) // each of them is told to found it
	for _, n := range c.Nodes[1:] {
		if a, b := c.Nodes[0].Stats()["cluster"], n.Stats()["cluster"]; a != b {
			t.Fatalf("%s is of cluster %v, the first of %v", n.Name, b, a)
		}
	}
	sdk := c.Client()
	put(t, sdk, "s", 1)

	t.Run("a master that is told to end hands over, and no write fails", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		for i := range 4 {
			writers.Go(func() {
				for v := 0.0; ctx.Err() == nil; v++ {
					if err := write(context.WithoutCancel(ctx), sdk, "w"+string(rune('0'+i)), v); err != nil {
						t.Errorf("a write: %v", err)
						return
					}
				}
			})
		}
		master := c.Master()
		if code := master.Stop(); code != 0 {
			t.Errorf("it ends with status %d", code)
		}
		stopped := time.Now()
		next := c.Master()
		t.Logf("%s leads %v after %s has ended", next.Name, time.Since(stopped).Round(time.Millisecond), master.Name)
		cancel()
		writers.Wait()
		master.Start()
		c.Within("it is back", master.Ready)
	})
	t.Run("a node that lost its data", func(t *testing.T) {
		lost := c.Slaves()[0]
		id := lost.ID()
		lost.Kill()
		lost.Wipe()
		lost.Start()
		c.Within("it is told whose address it has", func() bool {
			return lost.Said("is the address of node "+id) > 0
		})
		if lost.Ready() {
			t.Error("it calls itself ready")
		}
		if code, s := status(t, c); code != 0 || len(s.Nodes) != 4 {
			t.Errorf("status: %d %+v", code, s)
		}
		must(t, "member", "remove", id, "-set", "etcd.endpoints="+c.Etcd())
		c.Within("it is ready", lost.Ready)
		if lost.ID() == id {
			t.Error("it has its old id")
		}
		c.Within("it is a voter", func() bool {
			code, s := status(t, c)
			return code == 0 && s.Voters == 3 && len(s.Nodes) == 3
		})
		list := must(t, "member", "list", "-set", "etcd.endpoints="+c.Etcd())
		if strings.Contains(list, id) || !strings.Contains(list, lost.ID()) {
			t.Errorf("the members:\n%s", list)
		}
		sees(t, sdk, lost, put(t, sdk, "s", 5), "s", 5)
	})
	t.Run("without a majority there is no master", func(t *testing.T) {
		slaves := c.Slaves()
		for _, n := range slaves {
			n.Kill()
		}
		c.Within("status fails", func() bool {
			code, s := status(t, c)
			return code == 1 && s.Master == "" && s.Etcd.Reachable
		})
		c.StartAll()
		c.Within("status is well", func() bool {
			code, _ := status(t, c)
			return code == 0
		})
	})
}

func TestASlaveGivesTheDocumentedAnswersAndAReadCopyGetsNoVote(t *testing.T) {
	c := clustertest.New(t, clustertest.Options{Expect: 1})
	c.Nodes[2].Args = []string{"-set", "server.voter=false", "-set", "cluster.zone=elsewhere"}
	c.StartEtcd()
	c.StartAll()
	c.AwaitReady()
	loadMarket(t, c.Slaves()[0].Native) // whose writes go on to the master
	c.Level()
	for _, n := range c.Slaves()[:1] {
		givesDocumentedAnswers(t, n.HTTP, "")
		if status, body := n.Get("/readyz?verbose"); status != 200 || body != "[+]data ok\n[+]replication ok\n[+]registration ok\nready\n" {
			t.Errorf("/readyz?verbose: %d %s", status, body)
		}
	}
	c.Within("the other slave votes, the read copy does not", func() bool {
		code, s := status(t, c)
		votes := map[string]string{}
		for _, n := range s.Nodes {
			votes[n.Name] = n.Vote
		}
		return code == 0 && s.Voters == 2 && votes["node-1"] == "voter" && votes["node-2"] == "learner"
	})
	t.Run("an etcd that was set up anew learns who is there", func(t *testing.T) {
		c.KillEtcd()
		c.WipeEtcd()
		c.StartEtcd()
		c.Within("all are listed", func() bool {
			code, s := status(t, c)
			return code == 0 && len(s.Nodes) == 3 && !slices.ContainsFunc(s.Nodes, func(n toldNode) bool { return !n.Listed })
		})
		founder := c.Add()
		founder.Args = []string{"-set", "server.mode=master", "-set", "server.bootstrap=true"}
		founder.Start()
		c.Within("a node that would found a cluster has joined this one", founder.Ready)
		if a, b := founder.Stats()["cluster"], c.Nodes[0].Stats()["cluster"]; a != b {
			t.Errorf("it is of cluster %v, the others of %v", a, b)
		}
	})
}

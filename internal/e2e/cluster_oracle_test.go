package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server"
	"github.com/kamaitachi/kamaitachi/server/replica"
)

// clustered is three nodes of one cluster in this process, asked through the SDK: a read goes to any of them. Now and then,
// before a write, the node that leads is closed and opened again.
type clustered struct {
	wired // its client and its queries
	dir   string
	nodes [3]*server.Node
	o     [3]server.Options
	wrote int
}

var (
	_ oracletest.Target = (*clustered)(nil)
	_ oracletest.Sparse = (*clustered)(nil)
)

// Sparse says that the log has entries besides the writes.
func (*clustered) Sparse() {}

func openClustered() (*clustered, error) {
	dir, err := os.MkdirTemp("", "kamaitachi-cluster-")
	if err != nil {
		return nil, err
	}
	c := &clustered{dir: dir}
	if err := c.open(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *clustered) options(i int) server.Options {
	o := server.Options{Dir: filepath.Join(c.dir, fmt.Sprint(i)), Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler),
		Cluster: &server.Cluster{RaftOptions: replica.RaftOptions{
			Listen: "127.0.0.1:0", Bootstrap: i == 0, Heartbeat: 200 * time.Millisecond, Election: 200 * time.Millisecond,
			Lease: 100 * time.Millisecond, CommitEvery: 5 * time.Millisecond, PollEvery: 10 * time.Millisecond,
			PromoteAfter: 20 * time.Millisecond,
		}}}
	o.Store.CacheBytes, o.Store.MemTableBytes = 4<<20, 1<<20
	o.Log.Now = func() time.Time { return time.Unix(c.clock.Load(), 0) }
	if i > 0 {
		o.Cluster.ClusterID = c.nodes[0].ClusterID()
	}
	return o
}

func (c *clustered) open() (err error) {
	var addresses []string
	for i := range c.nodes {
		c.o[i] = c.options(i)
		if c.nodes[i], err = server.Open(c.o[i]); err != nil {
			return err
		}
		c.o[i].Listen, c.o[i].Cluster.Listen = c.nodes[i].Addr().String(), c.nodes[i].Replication() // for the next time
		addresses = append(addresses, c.nodes[i].Addr().String())
	}
	if err := c.await("one node leads", func() bool { return c.nodes[0].Ready() }); err != nil {
		return err
	}
	for _, n := range c.nodes[1:] {
		if err := n.Join(context.Background(), c.nodes[0].Replication()); err != nil {
			return err
		}
	}
	if err := c.await("all vote and answer", c.whole); err != nil {
		return err
	}
	c.client, err = client.Open(context.Background(), client.Options{Addresses: addresses, BackoffMax: 50 * time.Millisecond,
		BreakerPause: 50 * time.Millisecond, RetryShare: -1, Retries: 10})
	return err
}

// whole tells whether all nodes vote and answer.
func (c *clustered) whole() bool {
	voters := 0
	for _, m := range c.nodes[0].Status().Members {
		if m.Voter {
			voters++
		}
	}
	for _, n := range c.nodes {
		if !n.Ready() {
			return false
		}
	}
	return voters == len(c.nodes)
}

func (c *clustered) await(what string, done func() bool) error {
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("not within a minute: %s", what)
		}
	}
	return nil
}

// masterEvery is after how many writes the node that leads is replaced.
const masterEvery = 8

// Apply sends a write through the SDK, which finds the master.
func (c *clustered) Apply(w *protocol.Write) (uint64, error) {
	if c.wrote++; c.wrote%masterEvery == 0 {
		if err := c.replaceMaster(); err != nil {
			panic(fmt.Sprintf("replace the master: %v", err))
		}
	}
	return c.wired.Apply(w)
}

// replaceMaster closes the node that leads, so that another one does, and opens it again.
func (c *clustered) replaceMaster() error {
	for i, n := range c.nodes {
		if n.Role() != replica.RoleMaster {
			continue
		}
		if err := n.Close(); err != nil {
			return err
		}
		var err error
		if c.nodes[i], err = server.Open(c.o[i]); err != nil {
			return err
		}
		return c.await("all answer again", c.whole)
	}
	return nil // an election is on
}

func (c *clustered) Close() error {
	var errs []error
	if c.client != nil {
		errs = append(errs, c.client.Close())
	}
	for _, n := range c.nodes {
		if n != nil {
			errs = append(errs, n.Close())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(c.dir))...)
}

// Every answer of every node, given while writes go on and masters change, is what the oracle says at the answer's index.
func TestAClusterAnswersAsTheOracleWhileMastersChange(t *testing.T) {
	var changes atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		c, err := openClustered()
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			changes.Add(int64(c.wrote / masterEvery))
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}()
		if failure := oracletest.RunRacing(t, 3, c); failure != "" {
			t.Fatal(failure)
		}
	})
	if changes.Load() == 0 {
		t.Error("the master never changed: this says little")
	}
}

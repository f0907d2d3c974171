package clustertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
)

// Patience bounds the waits of tests, which two busy cores may make long.
const Patience = 90 * time.Second

// Options of a cluster. The zero value works.
type Options struct {
	// Nodes is how many there are. Default 3.
	Nodes int
	// Expect is server.expect. Default: all nodes.
	Expect int
	// Masters is how many of the nodes have mode master; the others are slaves. Default 1.
	Masters int
	// Args are further arguments of every node.
	Args []string
	// LogLevel of the nodes. Default "info".
	LogLevel string
	// Dir holds data and logs. Default a temporary one.
	Dir string
}

// Cluster is an etcd and nodes.
type Cluster struct {
	Nodes []*Node
	Dir   string

	t        testing.TB
	o        Options
	program  string
	etcd     *process
	endpoint string // host:port, from its first start on
}

// New returns a cluster of which nothing runs.
func New(t testing.TB, o Options) *Cluster {
	t.Helper()
	if o.Nodes == 0 {
		o.Nodes = 3
	}
	if o.Expect == 0 {
		o.Expect = o.Nodes
	}
	if o.Masters == 0 {
		o.Masters = 1
	}
	if o.LogLevel == "" {
		o.LogLevel = "info"
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	c := &Cluster{Dir: o.Dir, t: t, o: o, program: Program(t)}
	for range o.Nodes {
		c.Add()
	}
	t.Cleanup(c.end)
	return c
}

// Start returns a cluster whose nodes are all ready.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	c := New(t, o)
	c.StartEtcd()
	c.StartAll()
	c.AwaitReady()
	return c
}

// Add adds a place for a node, a slave unless it is among the first Options.Masters, and does not start it.
func (c *Cluster) Add() *Node {
	name := fmt.Sprint("node-", len(c.Nodes))
	n := &Node{Name: name, Dir: filepath.Join(c.Dir, name), Log: filepath.Join(c.Dir, name+".log"), c: c}
	c.Nodes = append(c.Nodes, n)
	return n
}

func (c *Cluster) modeOf(n *Node) string {
	for i, other := range c.Nodes {
		if other == n && i < c.o.Masters {
			return "master"
		}
	}
	return "slave"
}

// end ends everything, and shows the logs of a test that failed.
func (c *Cluster) end() {
	for _, n := range c.Nodes {
		n.p.kill()
		if c.t.Failed() {
			c.t.Logf("the end of %s:\n%s", n.Log, tail(n.Log))
		}
	}
	c.etcd.kill()
}

// StartEtcd starts the etcd, at the address and with the data of the run before.
func (c *Cluster) StartEtcd() {
	c.t.Helper()
	listen := c.endpoint
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	log := filepath.Join(c.Dir, "etcd.log")
	p, err := launch(c.program, log, "etcd", "-dir", filepath.Join(c.Dir, "etcd"), "-listen", listen)
	if err != nil {
		c.t.Fatal(err)
	}
	c.etcd = p
	select {
	case addrs, ok := <-p.ready:
		if !ok {
			c.t.Fatalf("etcd ended before it answered:\n%s", tail(log))
		}
		c.endpoint = strings.TrimPrefix(addrs["etcd"], "http://")
	case <-time.After(startWait):
		c.t.Fatalf("etcd does not answer within %v:\n%s", startWait, tail(log))
	}
}

// KillEtcd ends the etcd by SIGKILL. Its data stay.
func (c *Cluster) KillEtcd() { c.etcd.kill() }

// PauseEtcd stops the etcd in its tracks; ResumeEtcd lets it go on.
func (c *Cluster) PauseEtcd() { c.etcd.signal(syscall.SIGSTOP) }

// ResumeEtcd lets a paused etcd go on.
func (c *Cluster) ResumeEtcd() { c.etcd.signal(syscall.SIGCONT) }

// WipeEtcd removes the data of an etcd that does not run.
func (c *Cluster) WipeEtcd() {
	c.t.Helper()
	removeAll(c.t, filepath.Join(c.Dir, "etcd"))
}

// Etcd returns host:port of the etcd; before its first start one at which nobody answers.
func (c *Cluster) Etcd() string {
	if c.endpoint == "" {
		return "127.0.0.1:1"
	}
	return c.endpoint
}

// StartAll starts every node that does not run, all at once, and waits until they listen.
func (c *Cluster) StartAll() {
	c.t.Helper()
	var begun []*Node
	for _, n := range c.Nodes {
		if n.Running() {
			continue
		}
		n.Launch()
		begun = append(begun, n)
	}
	for _, n := range begun {
		n.AwaitListening()
	}
}

// AwaitReady waits until every node that runs is ready.
func (c *Cluster) AwaitReady() {
	c.t.Helper()
	for _, n := range c.Nodes {
		if n.Running() {
			c.Within(n.Name+" is ready", n.Ready)
		}
	}
}

// Within polls until done says so.
func (c *Cluster) Within(what string, done func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(Patience)
	for !done() {
		if time.Now().After(deadline) {
			c.t.Fatalf("not within %v: %s", Patience, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Leader returns the node that leads, nil if none says so at this moment.
func (c *Cluster) Leader() *Node {
	for _, n := range c.Nodes {
		if n.Role() == "master" {
			return n
		}
	}
	return nil
}

// Master waits until a node leads and returns it.
func (c *Cluster) Master() *Node {
	c.t.Helper()
	var master *Node
	c.Within("a master", func() bool {
		master = c.Leader()
		return master != nil
	})
	return master
}

// Slaves returns the nodes that run and do not lead.
func (c *Cluster) Slaves() []*Node {
	c.t.Helper()
	master := c.Master()
	var slaves []*Node
	for _, n := range c.Nodes {
		if n != master && n.Running() {
			slaves = append(slaves, n)
		}
	}
	return slaves
}

// Level waits until all nodes that run have applied as much as the one that has applied most, and returns that index.
// Nobody may write meanwhile.
func (c *Cluster) Level() uint64 {
	c.t.Helper()
	var index uint64
	c.Within("all nodes have applied the same", func() bool {
		index = 0
		for _, n := range c.Nodes {
			if !n.Running() {
				continue
			}
			applied := n.Applied()
			if applied == 0 || index != 0 && applied != index {
				return false
			}
			index = applied
		}
		return index != 0
	})
	return index
}

// Client returns a client of the SDK before all nodes, until the end of the test.
func (c *Cluster) Client() *client.Client {
	c.t.Helper()
	o := client.Options{BreakerPause: time.Second}
	for _, n := range c.Nodes {
		if n.Native != "" {
			o.Addresses = append(o.Addresses, n.Native)
		}
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), Patience)
	defer cancel()
	sdk, err := client.Open(ctx, o)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { sdk.Close() })
	return sdk
}

func read(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(text)
}

func removeAll(t testing.TB, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/httpcompat"
	"github.com/kamaitachi/kamaitachi/server"
)

// drainWait bounds how long a node waits for its clients' requests when it is told to end.
const drainWait = 10 * time.Second

func runNode(ctx context.Context, args []string, s Streams) error {
	f := newFlags(s, "node", "-config conf/standalone.ini|master.ini|slave1.ini [-db DIR] [-set section.key=value ...]")
	p := newProgram(f, standaloneFile)
	db := f.String("db", "", dbUsage)
	if err := parse(f, args, 0); err != nil {
		return err
	}
	p.keepIn(*db)
	return p.run(ctx, s, []conf.Mode{conf.Standalone, conf.Master, conf.Slave}, serve)
}

// serve runs a node until ctx ends, then drains it.
func serve(ctx context.Context, c *conf.Config, s Streams) error {
	log, closeLog, err := openLog(&c.Log, s)
	if err != nil {
		return err
	}
	defer closeLog()
	for _, w := range c.Warnings {
		log.Warn(w)
	}
	o, err := nodeOptions(c, log)
	if err != nil {
		return err
	}
	if err := limitHeap(o, s.Env, log); err != nil {
		return memoryHint(err, c)
	}
	var m *membership
	if c.Server.Mode != conf.Standalone {
		if m, err = openMembership(c, s.Version, log); err != nil {
			return err
		}
		defer m.close()
		o.Cluster = m.options(ctx)
	}
	n, err := openFronts(o, c, m)
	switch {
	case ctx.Err() != nil && err != nil:
		return nil // it was told to end while it waited
	case err != nil:
		return memoryHint(err, c)
	}
	log.Info("the node answers", "at", n.addrs, "data", o.Dir, "applied", n.node.Applied())
	printReady(s.Out, n.addrs...)
	paced, stopPacing := context.WithCancel(ctx)
	defer stopPacing()
	go paceCollector(paced, s.Env)
	failed := n.wait(ctx)
	log.Info("the node drains")
	drain, cancel := context.WithTimeout(context.Background(), drainWait)
	defer cancel()
	if err := errors.Join(failed, n.shutdown(drain)); err != nil {
		return err
	}
	log.Info("the node has ended")
	return nil
}

// fronts is a node with its listeners.
type fronts struct {
	node   *server.Node
	member *membership        // nil = it stands alone
	relay  *relay             // nil = it stands alone
	json   *httpcompat.Server // nil when its port is off
	admin  *adminServer       // nil when its port is off
	served chan error         // what ended the JSON endpoints
	addrs  []string           // "native=host:port", "http=host:port"
}

// openFronts opens a node and everything that it listens on, and has it found if it is one of a cluster.
func openFronts(o server.Options, c *conf.Config, m *membership) (_ *fronts, err error) {
	node, err := server.Open(o)
	if err != nil {
		return nil, err
	}
	n := &fronts{node: node, member: m, served: make(chan error, 1)}
	defer func() {
		if err != nil {
			n.relay.close()
			err = errors.Join(err, node.Close())
		}
	}()
	if m != nil {
		n.relay = openRelay(node, o.Logger)
	}
	if err := n.listen(o, c); err != nil {
		return nil, err
	}
	if m == nil {
		return n, nil
	}
	return n, m.begin(n)
}

// address returns the address of a front; "" = it is off.
func (n *fronts) address(front string) string {
	for _, pair := range n.addrs {
		if address, ok := strings.CutPrefix(pair, front+"="); ok {
			return address
		}
	}
	return ""
}

// listen opens the fronts beside the native one.
func (n *fronts) listen(o server.Options, c *conf.Config) (err error) {
	if addr := n.node.Addr(); addr != nil {
		n.addrs = append(n.addrs, "native="+addr.String())
	}
	if n.member != nil {
		n.addrs = append(n.addrs, "replication="+n.node.Replication())
	}
	if c.Server.AdminPort.On() {
		if n.admin, err = listenAdmin(c.Server.AdminPort.Addr(c.Server.Bind)); err != nil {
			return err
		}
		n.addrs = append(n.addrs, "admin="+n.admin.addr)
	}
	if !c.Server.Port.On() {
		return nil
	}
	backend := &jsonNode{Node: n.node, relay: n.relay}
	if n.member != nil {
		backend.listed = n.member.check
	}
	n.json, err = httpcompat.Listen(c.Server.Port.Addr(c.Server.Bind), backend, jsonOptions(c, o.Logger))
	if err != nil {
		return err
	}
	n.addrs = append(n.addrs, "http="+n.json.Addr().String())
	go func() { n.served <- n.json.Serve() }()
	return nil
}

// wait returns when the node is told to end, or with what ended it.
func (n *fronts) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-n.served:
		return err
	case <-n.node.Done():
		return errListenerEnded
	}
}

var errListenerEnded = errors.New("the native listener has ended; the log says why")

// shutdown drains the fronts, then the node. Of a node of a cluster nobody is told any more before, and another leads: so
// writes go on while it drains.
func (n *fronts) shutdown(ctx context.Context) error {
	if n.member != nil {
		n.member.leave()
	}
	n.node.HandOver()
	err := n.admin.shutdown(ctx)
	if n.json != nil {
		err = errors.Join(err, n.json.Shutdown(ctx))
	}
	n.relay.close()
	if err = errors.Join(err, n.node.Shutdown(ctx)); err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	return nil
}

// nodeOptions translates the configuration.
func nodeOptions(c *conf.Config, log *slog.Logger) (server.Options, error) {
	tables, file, err := c.Catalog()
	if err != nil {
		return server.Options{}, fmt.Errorf("catalog: %w", err)
	}
	if file != "" {
		log.Debug("an empty store is filled from", "catalog", file)
	}
	o := server.Options{
		Dir: c.Server.DataDir, Catalog: tables, Role: string(c.Server.Mode), Insecure: c.Server.Insecure, Logger: log,
		Limits: nativeLimits(&c.Limits),
	}
	memoryOptions(&o, c)
	if c.Server.NativePort.On() {
		o.Listen = c.Server.NativePort.Addr(c.Server.Bind)
	}
	return o, nil
}

// orNever turns the configuration's 0 = never into the rooms' negative = never.
func orNever(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// orNone turns the configuration's 0 = none into the rooms' negative = none.
func orNone(bytes int64) int {
	if bytes == 0 {
		return -1
	}
	return int(bytes)
}

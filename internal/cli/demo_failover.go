package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// What the demo does while a master is lost.
const (
	failoverRate  = 500              // reads a second over each transport
	failoverCalm  = time.Second      // of reads before the master is killed and after everything is back
	failoverWait  = 30 * time.Second // for writes to be back
	failoverRetry = 20 * time.Millisecond
)

// failoverSubject is what the demo writes while the master is lost; it is in no topic.
const failoverSubject = "demo:failover"

// loseMaster kills the master under reads through the gateway, says when writes are back, and brings the node back.
func (d *demonstration) loseMaster(ctx context.Context) error {
	c, err := client.Open(ctx, client.Options{Addresses: []string{d.gateway.native().Host}, Name: "kamaitachi demo"})
	if err != nil {
		return err
	}
	defer c.Close()
	master, err := d.master(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.Out, "\nNow %s, which orders the writes, is lost (kill -9), under %d reads a second through the gateway.\n",
		d.name(master), 2*failoverRate)
	reads, finish, err := d.readOn(ctx)
	if err != nil {
		return err
	}
	err = d.failover(ctx, c, master)
	outcomes, readErr := finish()
	if err := errors.Join(err, readErr); err != nil {
		return err
	}
	for i, o := range outcomes {
		fmt.Fprintf(d.Out, "  meanwhile %d reads over %s: %d failed, P99 %.1f ms, the slowest %.0f ms\n", o.Requests, reads[i].name,
			o.Failed, o.Millis(99), o.Millis(100))
	}
	return failedRequests(outcomes)
}

// failover kills node master, writes until that works again, and starts the node anew.
func (d *demonstration) failover(ctx context.Context, c *client.Client, master int) error {
	if err := d.writeOne(ctx, c, 1); err != nil {
		return err
	}
	if err := wait(ctx, failoverCalm); err != nil {
		return err
	}
	if err := d.nodes[master].Kill(); err != nil {
		return err
	}
	killed := time.Now()
	tries, err := d.writeAgain(ctx, c, 2)
	if err != nil {
		return err
	}
	writesBack := time.Since(killed)
	next, err := d.master(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.Out, "  writes are back after %.1f s (try %d): %s orders them now\n", writesBack.Seconds(), tries, d.name(next))
	began := time.Now()
	if d.nodes[master], err = d.startMember(ctx, master); err != nil {
		return fmt.Errorf("start %s again: %w", d.name(master), err)
	}
	if err := awaitReady(ctx, d.nodes[master]); err != nil {
		return err
	}
	fmt.Fprintf(d.Out, "  %s runs again and has caught up %.1f s after its start\n", d.name(master), time.Since(began).Seconds())
	if err := d.checkWritten(ctx, 2); err != nil {
		return err
	}
	fmt.Fprintln(d.Out, "  each of the nodes has both the write before and the one after")
	return wait(ctx, failoverCalm)
}

// readOn loads the gateway over both transports until finish is called, which returns what that saw.
func (d *demonstration) readOn(ctx context.Context) (reads []way, finish func() ([]*bench.Outcome, error), err error) {
	market, err := bench.AskMarket(ctx, d.gateway.native())
	if err != nil {
		return nil, nil, err
	}
	reads = []way{
		{name: "the native protocol", load: bench.Load{Addresses: []bench.Address{d.gateway.native()}}},
		{name: "JSON", load: bench.Load{Addresses: []bench.Address{d.gateway.http()}}},
	}
	ctx, cancel := context.WithCancel(ctx)
	outcomes := make([]*bench.Outcome, len(reads))
	var g errgroup.Group
	for i, way := range reads {
		load := way.load
		load.Scenario, load.Market, load.Rate, load.Conns = bench.RankingOfMany, market, failoverRate, 4
		load.Seed, load.Duration = 2, 10*time.Minute // ended by cancel before
		g.Go(func() (err error) {
			outcomes[i], err = bench.Run(ctx, load)
			return err
		})
	}
	return reads, func() ([]*bench.Outcome, error) {
		cancel()
		err := g.Wait()
		return outcomes, err
	}, nil
}

// master returns which node orders the writes now, as the nodes that can be reached say.
func (d *demonstration) master(ctx context.Context) (int, error) {
	c, err := d.openNodes(ctx)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	for i, n := range d.nodes {
		stats, err := c.Stats(client.At(ctx, n.native().Host))
		if err != nil {
			continue // it may be the one that was lost
		}
		for _, s := range stats {
			if s.Name == "role" && s.Text == "master" {
				return i, nil
			}
		}
	}
	return 0, errors.New("no node says that it is the master")
}

func (d *demonstration) openNodes(ctx context.Context) (*client.Client, error) {
	var addrs []string
	for _, n := range d.nodes {
		addrs = append(addrs, n.native().Host)
	}
	return client.Open(ctx, client.Options{Addresses: addrs, Name: "kamaitachi demo"})
}

// writeOne writes a report with value.
func (d *demonstration) writeOne(ctx context.Context, c *client.Client, value float64) error {
	_, err := c.Put(ctx, &protocol.Put{Reports: []protocol.Report{{Subject: failoverSubject,
		ReportDate: int64(value) * protocol.SecondsPerDay, Values: []float64{value}}}})
	return err
}

// writeAgain writes until it succeeds and returns how many tries that took.
func (d *demonstration) writeAgain(ctx context.Context, c *client.Client, value float64) (tries int, err error) {
	ctx, cancel := context.WithTimeout(ctx, failoverWait)
	defer cancel()
	for {
		tries++
		if err = d.writeOne(ctx, c, value); err == nil {
			return tries, nil
		}
		if waited := wait(ctx, failoverRetry); waited != nil {
			return tries, fmt.Errorf("writes are not back within %s: %w", failoverWait, err)
		}
	}
}

// checkWritten asks every node for what was written: one report for each value up to last.
func (d *demonstration) checkWritten(ctx context.Context, last int) error {
	c, err := d.openNodes(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	for i, n := range d.nodes {
		var r protocol.Result
		q := &protocol.Get{Subject: failoverSubject}
		if err := c.Get(client.At(client.Linearizable(ctx), n.native().Host), q, &r); err != nil {
			return fmt.Errorf("%s: %w", d.name(i), err)
		}
		if len(r.Subjects) != last {
			return fmt.Errorf("%s has %d of the %d reports that were acknowledged", d.name(i), len(r.Subjects), last)
		}
	}
	return nil
}

// wait waits, unless ctx ends before.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// samePorts returns the flags that give a node the ports that it had.
func samePorts(p *childProcess) (args []string) {
	for name, key := range map[string]string{"native": "native_port", "http": "port", "replication": "replication_port"} {
		if _, port, err := net.SplitHostPort(p.Addrs[name]); err == nil {
			args = append(args, "-set", "server."+key+"="+port)
		}
	}
	return args
}

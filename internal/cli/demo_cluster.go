package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// demoNodes is how many nodes the demo's cluster has.
const demoNodes = 3

// demonstration is what the demo runs: a node alone, or a cluster of processes on free ports.
type demonstration struct {
	Streams
	dir      string // of all data and logs
	requests int

	etcd, gateway *childProcess   // nil with one node
	nodes         []*childProcess // the first master comes first
}

// name returns what node i was started as.
func (d *demonstration) name(i int) string {
	switch {
	case d.gateway == nil:
		return "node"
	case i == 0:
		return "master"
	}
	return fmt.Sprintf("slave%d", i)
}

// start starts everything and waits until it answers.
func (d *demonstration) start(ctx context.Context, nodes int) error {
	if nodes == 1 {
		fmt.Fprintln(d.Out, "Starting a node on free ports, with its data in", d.dir)
		node, err := startNode(ctx, d.Streams, filepath.Join(d.dir, "data"))
		if err != nil {
			return err
		}
		d.nodes = []*childProcess{node}
		return nil
	}
	fmt.Fprintln(d.Out, "Starting an etcd, a master, two slaves and a gateway on free ports, with data and logs in", d.dir)
	began := time.Now()
	var err error
	if d.etcd, err = startChild(ctx, d.Streams, "etcd", "-dir", filepath.Join(d.dir, "etcd"), "-listen", "127.0.0.1:0",
		"-log-file", d.log("etcd"), "-until-input-ends"); err != nil {
		return err
	}
	d.nodes = make([]*childProcess, nodes)
	g, starting := errgroup.WithContext(ctx)
	for i := range d.nodes {
		g.Go(func() (err error) {
			d.nodes[i], err = d.startMember(starting, i)
			return err
		})
	}
	g.Go(func() (err error) {
		d.gateway, err = d.startProgram(starting, "gateway", "gateway")
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	for _, p := range append([]*childProcess{d.gateway}, d.nodes...) {
		if err := awaitReady(ctx, p); err != nil {
			return err
		}
	}
	fmt.Fprintf(d.Out, "They are ready after %.1f s.\n", time.Since(began).Seconds())
	return nil
}

// Until a child is ready.
const (
	readyEvery = 20 * time.Millisecond
	readyWait  = time.Minute
)

// awaitReady waits until a child says that it is ready, which is later than that it listens.
func awaitReady(ctx context.Context, p *childProcess) error {
	ctx, cancel := context.WithTimeout(ctx, readyWait)
	defer cancel()
	url := p.http().String() + "/readyz?verbose"
	said := errors.New("not asked yet")
	for {
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(q)
		if err == nil {
			text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // for people only
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("%s: %s", answer.Status, text)
		}
		if ctx.Err() == nil {
			said = err
		}
		if wait(ctx, readyEvery) != nil {
			return fmt.Errorf("%s is not ready: %w: %w", url, ctx.Err(), said)
		}
	}
}

// level waits until every node has applied what any of them has shown to c, so that all answer alike.
func (d *demonstration) level(ctx context.Context, c *client.Client) error {
	for i, n := range d.nodes {
		at := client.At(client.AtLeast(ctx, c.Applied()), n.native().Host)
		if err := c.Subjects(at, &protocol.ListSubjects{Limit: 1}, &protocol.SubjectList{}); err != nil {
			return fmt.Errorf("%s: %w", d.name(i), err)
		}
	}
	return nil
}

// startMember starts node i of the cluster, on free ports or, where it ran before, on those it had.
func (d *demonstration) startMember(ctx context.Context, i int) (*childProcess, error) {
	name, mode := fmt.Sprintf("slave%d", i), "slave"
	if i == 0 {
		name, mode = "master", "master"
	}
	args := []string{"-db", filepath.Join(d.dir, name), "-set", "server.mode=" + mode,
		"-set", fmt.Sprintf("server.expect=%d", demoNodes)}
	if before := d.nodes[i]; before != nil {
		args = append(args, samePorts(before)...)
	} else {
		args = append(args, "-set", "server.replication_port=0", "-set", fmt.Sprintf("server.bootstrap=%t", i == 0))
	}
	return d.startProgram(ctx, "node", name, args...)
}

// startProgram starts a member of the cluster on free ports, unless args say others.
func (d *demonstration) startProgram(ctx context.Context, command, name string, args ...string) (*childProcess, error) {
	all := []string{command, "-until-input-ends", "-set", "server.port=0", "-set", "server.native_port=0",
		"-set", "server.service_name=demo-" + name, "-set", "etcd.endpoints=" + d.etcd.Addrs["etcd"],
		"-set", "log.file=" + d.log(name)}
	return startChild(ctx, d.Streams, append(all, args...)...)
}

func (d *demonstration) log(name string) string { return filepath.Join(d.dir, name+".log") }

// stop ends who asks before who is asked.
func (d *demonstration) stop() error {
	var err error
	for _, p := range append([]*childProcess{d.gateway}, d.nodes...) {
		if p != nil {
			err = errors.Join(err, p.stop())
		}
	}
	if d.etcd != nil {
		err = errors.Join(err, d.etcd.stop())
	}
	return err
}

// front is who is asked: the gateway where there is one.
func (d *demonstration) front() *childProcess {
	if d.gateway != nil {
		return d.gateway
	}
	return d.nodes[0]
}

// way is one way to what is measured, and what was measured on it.
type way struct {
	name     string
	load     bench.Load
	outcomes []*bench.Outcome // of each scenario
}

// ways returns native and JSON, straight and through the gateway.
func (d *demonstration) ways() []way {
	var native, json []bench.Address
	for _, n := range d.nodes {
		native, json = append(native, n.native()), append(json, n.http())
	}
	ways := []way{
		{name: "straight, native", load: bench.Load{Addresses: native}},
		{name: "straight, JSON", load: bench.Load{Addresses: json, Conns: demoHTTPConns, Pipeline: 1}},
	}
	if d.gateway != nil {
		ways = append(ways,
			way{name: "gateway, native", load: bench.Load{Addresses: []bench.Address{d.gateway.native()}}},
			way{name: "gateway, JSON", load: bench.Load{Addresses: []bench.Address{d.gateway.http()}, Conns: demoHTTPConns, Pipeline: 1}})
	}
	return ways
}

// printWays prints requests a second and P99 of each scenario each way, as one table.
func printWays(w io.Writer, ways []way) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, way := range ways {
		fmt.Fprintf(t, "\t%s\t", way.name)
	}
	fmt.Fprint(t, "\t\nscenario\t")
	for range ways {
		fmt.Fprint(t, "requests/s\tP99 ms\t")
	}
	fmt.Fprintln(t)
	for sc := range ways[0].outcomes {
		fmt.Fprintf(t, "%s\t", ways[0].outcomes[sc].Scenario)
		for _, way := range ways {
			o := way.outcomes[sc]
			fmt.Fprintf(t, "%.0f\t%.1f\t", o.QPS(), o.Millis(99))
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/internal/dataset/bundled"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// demoRequests is how many requests each scenario of the demo sends, each way.
const demoRequests = 50_000

func runDemo(ctx context.Context, args []string, s Streams) error {
	f := newFlags(s, "demo", "[-keep] [-nodes 1]")
	keep := f.Bool("keep", false, "leave everything running and print what to try")
	nodes := f.Int("nodes", demoNodes, "`nodes`: 3 with an etcd and a gateway, one of which is lost in the end; or 1 alone")
	requests := f.Int("requests", demoRequests, "requests of each scenario, each way")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	if *requests < 1 {
		return usageError("-requests %d: want at least 1", *requests)
	}
	if *nodes != 1 && *nodes != demoNodes {
		return usageError("-nodes %d: want 1 or %d", *nodes, demoNodes)
	}
	dir, err := os.MkdirTemp("", "kamaitachi-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d := &demonstration{Streams: s, dir: dir, requests: *requests}
	err = d.start(ctx, *nodes)
	if err == nil {
		err = d.show(ctx)
	}
	if err == nil && *keep {
		d.printWhatToTry()
		<-ctx.Done()
	}
	return errors.Join(err, d.stop())
}

// show loads the reports, ranks them, measures the scenarios, and loses the master of a cluster.
func (d *demonstration) show(ctx context.Context) error {
	if err := d.loadReports(ctx); err != nil {
		return err
	}
	if err := d.showRanking(ctx); err != nil {
		return err
	}
	outcomes, err := d.measure(ctx)
	if err != nil {
		return err
	}
	if err := failedRequests(outcomes); err != nil {
		return err
	}
	if d.gateway == nil {
		return nil
	}
	return d.loseMaster(ctx)
}

// loadReports writes the reports that ship with the program through the master.
func (d *demonstration) loadReports(ctx context.Context) error {
	to, err := openRemote(ctx, d.nodes[0].native().Host)
	if err != nil {
		return err
	}
	defer to.close()
	table, err := tableOf(ctx, to, "1", false)
	if err != nil {
		return err
	}
	src, err := bundled.Reports(table)
	if err != nil {
		return err
	}
	sum, err := dataset.Import(ctx, src, to, dataset.ImportOptions{Table: table, InFlight: importInFlight})
	if err != nil {
		return err
	}
	fmt.Fprintf(d.Out, "Loaded reports of US companies, 2015 to 2017 (pystock-data, CC BY-SA 4.0):\n  ")
	printSummary(d.Out, "us-reports", "imported", &sum)
	return d.settle(ctx)
}

// settle waits until all nodes have all that was written.
func (d *demonstration) settle(ctx context.Context) error {
	c, err := d.openNodes(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, n := range d.nodes {
		if _, err := c.Stats(client.At(ctx, n.native().Host)); err != nil { // which tells c what it has applied
			return err
		}
	}
	return d.level(ctx, c)
}

// showRanking prints what the product is for: the whole market, ranked.
func (d *demonstration) showRanking(ctx context.Context) error {
	c, err := client.Open(ctx, client.Options{Addresses: []string{d.front().native().Host}, Name: "kamaitachi demo"})
	if err != nil {
		return err
	}
	defer c.Close()
	q := protocol.Snapshot{
		View: protocol.View{IDs: []string{"operating_revenue", "operating_income", "parent_holder_net_profit"},
			ReportTypes: []string{"annual"}, With: protocol.WithSubjects | protocol.WithReports},
		Ranking: protocol.Ranking{Field: "operating_revenue", Limit: 5},
		Topic:   "us_listed",
	}
	var r protocol.Result
	if err := c.Snapshot(ctx, &q, &r); err != nil {
		return err
	}
	fmt.Fprintln(d.Out, "\nThe whole market by revenue of the newest annual report, first five:")
	fmt.Fprintln(d.Out)
	return resultGrid(&r).print(d.Out, "table")
}

// demoHTTPConns is how many connections the demo opens to the JSON endpoints.
const demoHTTPConns = 50

// measure measures each scenario each way and prints the table.
func (d *demonstration) measure(ctx context.Context) ([]*bench.Outcome, error) {
	market, err := bench.AskMarket(ctx, d.nodes[0].native())
	if err != nil {
		return nil, err
	}
	var all []*bench.Outcome
	ways := d.ways()
	for i := range ways {
		way := &ways[i]
		for sc := bench.PeriodOfSome; sc <= bench.SnapshotAtDate; sc++ {
			load := way.load
			load.Market, load.Requests, load.Seed, load.Scenario = market, d.requests, 1, sc
			o, err := runLoad(ctx, d.Streams, load, nil, false)
			if err != nil {
				return nil, fmt.Errorf("scenario %s, %s: %w", sc, way.name, err)
			}
			if o.Failed > 0 {
				fmt.Fprintf(d.Err, "scenario %s, %s: %d of %d requests failed\n", sc, way.name, o.Failed, o.Requests)
			}
			way.outcomes, all = append(way.outcomes, o), append(all, o)
		}
	}
	fmt.Fprintf(d.Out, "\nThe four scenarios, %d requests each, none repeated. Native: %d connections with %d requests in flight on\n"+
		"each; JSON: %d connections with one. All programs and the load generator share this machine's cores.\n\n",
		d.requests, bench.DefaultConns, bench.DefaultPipeline, demoHTTPConns)
	return all, printWays(d.Out, ways)
}

// printWhatToTry says what can be asked of what keeps running.
func (d *demonstration) printWhatToTry() {
	front := d.front()
	addr := front.native().String()
	fmt.Fprintf(d.Out, "\nEverything keeps running, with data and logs in %s. Try, in another terminal:\n\n", d.dir)
	for _, line := range []string{
		"query snapshot -topic us_listed -ids operating_revenue,parent_holder_net_profit -field operating_revenue -report-type annual",
		"query snapshot -topic us_listed -ids operating_revenue -field operating_revenue -at 2015-12-31 -known-at 2016-02-15",
		"query recent -subjects us:AAPL -ids operating_revenue,operating_income -o json",
		"query period -subjects us:AAPL,us:MSFT -ids operating_revenue -from 2015-01-01 -to 2016-12-31 -o csv",
		"query stats",
		"bench -scenario 3 -duration 5s",
	} {
		command, rest, _ := strings.Cut(line, " ")
		if command == "query" {
			kind, flags, _ := strings.Cut(rest, " ")
			command, rest = command+" "+kind, flags
		}
		fmt.Fprintf(d.Out, "  %s\n", strings.TrimSpace(fmt.Sprintf("%s %s -addr %s %s", d.Program, command, addr, rest)))
	}
	fmt.Fprintf(d.Out, "\nor over JSON:\n\n  curl -X POST %s/kamaitachi/api/data/v1/snapshot -d \\\n"+
		"    '{\"ids\":\"operating_revenue,1002\",\"topic\":\"us_listed\",\"field\":\"operating_revenue\",\"limit\":3}'\n"+
		"  curl %s/stats\n", front.http(), front.http())
	for i, n := range d.nodes {
		fmt.Fprintf(d.Out, "\n%-7s %s  %s  process %d", d.name(i), n.native(), n.http(), n.PID())
	}
	fmt.Fprintln(d.Out, "\n\nCtrl-C ends it and removes its data.")
}

package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// The reference's load tools, bin/benchmark and bin/benchmark_scenarios, with the flags and the output that its manual
// shows (manual.md), over the same code as `kamaitachi bench`.

// manualNodes are the nodes that -nodes counts.
var manualNodes = []string{"http://localhost:8080", "http://localhost:8081", "http://localhost:8082"}

// ErrFailed is returned by Manual when a request failed: answered with an error or without data.
var ErrFailed = errors.New("requests failed")

// manualFlags are the flags of both tools; scenario is that of one of them.
type manualFlags struct {
	scenario, requests, concurrent, nodes, repeat int
	nodesAddr, pathPrefix                         string
}

// Manual runs one of the reference's load tools: with chooses, the one that has -scenario. The table of figures goes to
// out, usage and faults of the flags to errs.
func Manual(ctx context.Context, name string, chooses bool, args []string, out, errs io.Writer) error {
	m := manualFlags{scenario: int(OneSubject)}
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(errs)
	if chooses {
		f.IntVar(&m.scenario, "scenario", int(RankingOfMany), "1 period, 2 recent, 3 ranking, 4 at a date")
	}
	f.IntVar(&m.requests, "requests", 10_000, "requests in all")
	f.IntVar(&m.concurrent, "concurrent", 150, "connections, a request in flight on each")
	f.IntVar(&m.nodes, "nodes", 1, "load the first `N` of localhost:8080, 8081, 8082")
	f.StringVar(&m.nodesAddr, "nodesAddr", "", "load these `addresses` instead, comma separated: http:// or kama://")
	f.StringVar(&m.nodesAddr, "target", "", "another name of -nodesAddr")
	f.StringVar(&m.pathPrefix, "pathPrefix", "", "comes before every path")
	f.IntVar(&m.repeat, "repeat", 0, "send `N` distinct requests over and over; 0 = every request is new")
	if err := f.Parse(args); err != nil {
		return err
	}
	return m.run(ctx, out, errs)
}

func (m *manualFlags) run(ctx context.Context, out, errs io.Writer) error {
	addresses, err := m.addresses()
	if err != nil {
		return err
	}
	market, err := AskMarket(ctx, addresses[0])
	if err != nil {
		return err
	}
	s := Scenario(m.scenario)
	load := Load{Scenario: s, Market: market, Addresses: addresses, Conns: m.concurrent, Pipeline: 1,
		Requests: m.requests, Repeat: m.repeat, Seed: 1}
	finish := load.ShowProgress(errs)
	o, err := Run(ctx, load)
	finish()
	if err != nil {
		return err
	}
	title := "One subject" // of the tool that has no scenarios
	if s != OneSubject {
		title = "Scenario " + s.String()
	}
	fmt.Fprintf(out, "%s, %d connections to %s\n", title, m.concurrent, joined(addresses))
	if err := WriteManual(out, o, s.ReferenceTarget()); err != nil {
		return err
	}
	if o.Failed > 0 {
		return fmt.Errorf("%d of %d %w", o.Failed, o.Requests, ErrFailed)
	}
	return nil
}

// joined returns addresses for people.
func joined(addresses []Address) string {
	texts := make([]string, len(addresses))
	for i, a := range addresses {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

// addresses returns what to load.
func (m *manualFlags) addresses() ([]Address, error) {
	texts := strings.Split(m.nodesAddr, ",")
	if m.nodesAddr == "" {
		if m.nodes < 1 || m.nodes > len(manualNodes) {
			return nil, fmt.Errorf("-nodes %d: want 1 to %d", m.nodes, len(manualNodes))
		}
		texts = manualNodes[:m.nodes]
	}
	var out []Address
	for _, text := range texts {
		a, err := ParseAddress(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		a.Path += trimSlash(m.pathPrefix)
		out = append(out, a)
	}
	return out, nil
}

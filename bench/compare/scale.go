package compare

import (
	"context"

	"github.com/kamaitachi/kamaitachi/bench"
)

// scale: what grows with the market, which is only shown.
var scale = []*contest{{
	id: "Scale", runs: fullOnly,
	what: "markets of 24 quarters and 6 indicators, imported offline and started once each; then scenario 3 and pages of the whole topic in turn, " +
		"no request ever repeated, 8 x 16",
	sides: []side{
		sized{name: small, subjects: func(o *Options) int { return o.Subjects }},
		sized{name: medium, subjects: func(o *Options) int { return mediumFactor * o.Subjects }},
		sized{name: large, subjects: func(o *Options) int { return o.Large }},
	},
	lines: scaleLines(),
}}

// The markets, by their sizes where Options has no others.
const (
	small  = "5,000 subjects"
	medium = "50,000 subjects"
	large  = "500,000 subjects"

	mediumFactor = 10 // of Options.Subjects
)

// grown is what is measured of a market besides scenario 3.
type grown struct {
	imported float64 // reports a second
	ready    float64 // seconds from the start of the process
	topic    *bench.Outcome
}

// The figures.
var (
	importRate = figure{"reports imported a second", func(s *sample) float64 { return s.grown.imported }}
	startTime  = figure{"start to ready", func(s *sample) float64 { return s.grown.ready }}
	topicCPU   = figure{"server CPU per page of the topic", func(s *sample) float64 { return s.grown.topic.CPUMicros() }}
)

func scaleLines() (lines []line) {
	for _, f := range []struct {
		figure
		unit string
	}{{importRate, "/s"}, {startTime, "s"}, {perValue, "B"}, {serverCPU, "us"}, {topicCPU, "us"}} {
		for _, market := range []string{small, medium, large} {
			lines = append(lines, line{of: f.figure, a: market, unit: f.unit})
		}
	}
	return append(lines,
		line{of: serverCPU, a: large, b: small, atMost: true},
		line{of: topicCPU, a: large, b: small, atMost: true})
}

// sized is a node with a market of a size.
type sized struct {
	name     string
	subjects func(o *Options) int
}

func (s sized) label() string { return s.name }

func (s sized) open(ctx context.Context, b *bout) (meter, error) {
	n, err := b.lab.node(ctx, nodeSpec{subjects: s.subjects(b.o)})
	if err != nil {
		return nil, err
	}
	ranked, err := b.loaded(ctx, n, rankings)
	if err != nil {
		return nil, err
	}
	paged, err := b.loaded(ctx, n, topics)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (*sample, error) {
		sample, err := ranked(ctx)
		if err != nil {
			return nil, err
		}
		other, err := paged(ctx)
		if err != nil {
			return nil, err
		}
		if sample.value, err = n.bytesPerValue(ctx); err != nil {
			return nil, err
		}
		sample.grown, err = n.grown(ctx, other.Outcome)
		return sample, err
	}, nil
}

// loaded measures a node under a load, its CPU too.
func (b *bout) loaded(ctx context.Context, n *node, s shape) (meter, error) {
	m, _, err := b.meter(ctx, n.load(s, ""))
	return m, err
}

// grown takes the figures of a node's market.
func (n *node) grown(ctx context.Context, topic *bench.Outcome) (*grown, error) {
	reports, err := n.stat(ctx, "reports")
	if err != nil {
		return nil, err
	}
	return &grown{imported: reports / n.importing.Seconds(), ready: n.starting.Seconds(), topic: topic}, nil
}

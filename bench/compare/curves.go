package compare

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kamaitachi/kamaitachi/bench"
)

// Curve is one picture of the web page.
type Curve struct {
	Title  string    `json:"title"`
	X      string    `json:"x"`
	Y      string    `json:"y"`
	LogX   bool      `json:"log_x"`
	LogY   bool      `json:"log_y"`
	Series []*Series `json:"series"`
	Notes  []string  `json:"notes,omitempty"` // what was not measured, and why
}

// Series is one line of a Curve.
type Series struct {
	Label  string  `json:"label"`
	Points []Point `json:"points"`
}

// Point is a point of a Series.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

var (
	depths      = []int{1, 2, 4, 8, 16, 32, 64}            // requests in flight on each of 8 connections
	widths      = []int{1, 4, 8, 25, 50, 100, 150, 300}    // connections with one request each
	loadedParts = []float64{0.1, 0.25, 0.5, 0.7, 0.8, 0.9} // of what a side can do
)

// curves measures P1's load over growing concurrency, and over growing rates in an open loop.
func (l *lab) curves(ctx context.Context) ([]*Curve, error) {
	deep := &Curve{Title: "Throughput against requests in flight: scenario 3, no request ever repeated, 8 connections",
		X: "requests in flight on each connection", Y: "requests a second", LogX: true}
	wide := &Curve{Title: "Throughput against connections: the same, one request in flight on each", X: "connections",
		Y: "requests a second", LogX: true}
	for _, depth := range depths {
		if err := l.addPoints(ctx, deep, float64(depth), shape{scenario: bench.RankingOfMany, pipeline: depth}); err != nil {
			return nil, err
		}
	}
	for _, width := range widths {
		load := shape{scenario: bench.RankingOfMany, conns: width, pipeline: 1}
		if err := l.addPoints(ctx, wide, float64(width), load); err != nil {
			return nil, err
		}
	}
	open, err := l.openLoops(ctx)
	return []*Curve{deep, wide, open}, err
}

// compared are the sides of a curve.
func compared(s shape) []side { return []side{ours{shape: s}, echo{s}, redisGet{s}} }

// addPoints measures each side once.
func (l *lab) addPoints(ctx context.Context, c *Curve, x float64, s shape) error {
	b := &bout{lab: l}
	for _, side := range compared(s) {
		l.logf("curve: %s, %v %s", side.label(), x, c.X)
		m, err := side.open(ctx, b)
		if err == nil {
			var taken *sample
			if taken, err = m(ctx); err == nil {
				c.series(side.label()).add(x, taken.QPS())
			}
		}
		if err = c.note(side.label(), err); err != nil {
			return errors.Join(err, l.endBout())
		}
	}
	return l.endBout()
}

// series returns the series of a side, making it first.
func (c *Curve) series(label string) *Series {
	for _, s := range c.Series {
		if s.Label == label {
			return s
		}
	}
	c.Series = append(c.Series, &Series{Label: label})
	return c.Series[len(c.Series)-1]
}

func (s *Series) add(x, y float64) { s.Points = append(s.Points, Point{x, y}) }

// note keeps why a side is absent, once; other errors come back.
func (c *Curve) note(label string, err error) error {
	if !errors.Is(err, errAbsent) {
		return err
	}
	text := fmt.Sprintf("%s: %v", label, err)
	for _, have := range c.Notes {
		if have == text {
			return nil
		}
	}
	c.Notes = append(c.Notes, text)
	return nil
}

// openLoops measures latency at parts of what each side can do in a closed loop of 150 connections.
func (l *lab) openLoops(ctx context.Context) (*Curve, error) {
	c := &Curve{Title: "p99 latency against rate: scenario 3, no request ever repeated, open loop over 150 connections, " +
		"counted from the intended send time", X: "requests a second", Y: "p99 in ms", LogY: true}
	b := &bout{lab: l}
	for _, side := range compared(manyRankings) {
		l.logf("curve: %s in an open loop", side.label())
		b.opened = bench.Load{}
		m, err := side.open(ctx, b)
		if err == nil {
			err = l.openLoop(ctx, c.series(side.label()), b.opened, m)
		}
		if err = c.note(side.label(), err); err != nil {
			return nil, errors.Join(err, l.endBout())
		}
	}
	return c, l.endBout()
}

// openLoop measures one side at growing rates.
func (l *lab) openLoop(ctx context.Context, s *Series, load bench.Load, closed meter) error {
	most, err := closed(ctx)
	if err != nil {
		return err
	}
	for _, part := range loadedParts {
		load.Rate = part * most.QPS()
		load.Requests = max(load.Conns, int(load.Rate*max(l.o.Time, time.Second/10).Seconds()))
		o, err := bench.Run(ctx, load)
		if err != nil {
			return err
		}
		s.add(load.Rate, o.Millis(99))
	}
	return nil
}

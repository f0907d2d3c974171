package protocol

import (
	"fmt"
	"testing"
	"time"
)

func minOf(name string, f func()) {
	best := time.Hour
	for range 3000 {
		s := time.Now()
		for range 200 {
			f()
		}
		best = min(best, time.Since(s))
	}
	fmt.Printf("%-28s %7.1f ns\n", name, float64(best.Nanoseconds())/200)
}

func TestZZMin(t *testing.T) {
	p := scenarioSnapshot().AppendTo(nil)
	q := &Snapshot{}
	minOf("parse50", func() { q.Decode(p) })
	var dst []byte
	minOf("append50", func() { dst = scenarioQ.AppendTo(dst[:0]) })
	r := scenarioResult(20, 4)
	minOf("append20x4", func() { dst = r.AppendTo(dst[:0]) })
	d := r.distinct()
	minOf("keys", func() { dst = d.appendKeys(dst[:0]) })
	pr := r.AppendTo(nil)
	rr := &Result{}
	minOf("decode20x4", func() { rr.Decode(pr) })
	m := scenarioResult(20, 4)
	for i := 0; i < len(m.Values); i += 7 {
		m.Values[i] = Missing
	}
	minOf("append20x4missing", func() { dst = m.AppendTo(dst[:0]) })
	s := scenarioSeries()
	minOf("appendSeries", func() { dst = s.AppendTo(dst[:0]) })
	ps := s.AppendTo(nil)
	minOf("decodeSeries", func() { rr.Decode(ps) })
}

var scenarioQ = scenarioSnapshot()

package server

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// The market of the scenarios.
const (
	scenarioSubjects = 5000
	scenarioQuarters = 24
	scenarioRequests = 8192
)

var scenarioIDs = []string{"operating_income", "net_profit", "assets", "equity", "cash", "debt"}

// quarterEnd is the last day of a quarter, counted from the first of 2018.
func quarterEnd(q int) int64 {
	return time.Date(2018+q/4, time.Month(q%4*3+4), 0, 0, 0, 0, 0, time.UTC).Unix()
}

// scenarioReports are the reports of a subject: one in 33 is restated, one in ten subjects does not say when it declares, and
// one value in 25 is missing.
func scenarioReports(rnd *rand.Rand, p *protocol.Put, key string) {
	declares := rnd.IntN(10) > 0
	for q := range scenarioQuarters {
		r := protocol.Report{Subject: key, ReportDate: quarterEnd(q), Period: fmt.Sprint(596001 + q%4)}
		if declares {
			r.DeclareDate = protocol.At(r.ReportDate + int64(20+rnd.IntN(40))*protocol.SecondsPerDay)
		}
		for times := 1 + rnd.IntN(33)/32; times > 0; times-- {
			r.Values = nil
			for i := range scenarioIDs {
				v := math.Round(rnd.Float64() * 1e9)
				if i > 1 && rnd.IntN(25) == 0 {
					v = protocol.Missing
				}
				r.Values = append(r.Values, v)
			}
			p.Reports = append(p.Reports, r)
			r.DeclareDate = protocol.At(r.ReportDate + 300*protocol.SecondsPerDay)
		}
	}
}

// onScenarios is onLoop with a market, and no replies kept.
func onScenarios(t testing.TB) *socketless {
	o := memory()
	o.ReplyBytes, o.Catalog[0].Indicators = -1, nil
	for _, id := range scenarioIDs {
		o.Catalog[0].Indicators = append(o.Catalog[0].Indicators, protocol.Indicator{ID: id})
	}
	n, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	rnd := rand.New(rand.NewPCG(1, 2))
	for from := 0; from < scenarioSubjects; from += 100 {
		var put protocol.Put
		for i := range 100 {
			scenarioReports(rnd, &put, fmt.Sprintf("33:%08d", from+i))
		}
		if _, err := n.Put(t.Context(), &put); err != nil {
			t.Fatal(err)
		}
	}
	return &socketless{Detached: n.listener.Detach(t.Context()), n: n}
}

// BenchmarkScenarios is what a loop does for scenarios 1, 2 and 4 between reading and writing, 16 requests in one wake-up,
// over a market of 5,000 subjects: each request asks for other subjects, indicators and dates.
func BenchmarkScenarios(b *testing.B) {
	c := onScenarios(b)
	rnd := rand.New(rand.NewPCG(3, 4))
	some := func(n int) (list []string) {
		for _, i := range rnd.Perm(scenarioSubjects)[:n] {
			list = append(list, fmt.Sprintf("33:%08d", i))
		}
		return list
	}
	view := func() (v protocol.View) {
		for _, i := range rnd.Perm(len(scenarioIDs))[:4] {
			v.IDs = append(v.IDs, scenarioIDs[i])
		}
		return v
	}
	at := func(from, to int) protocol.Instant {
		return protocol.At(quarterEnd(from) + rnd.Int64N(quarterEnd(to)-quarterEnd(from)+1))
	}
	for _, s := range []struct {
		name string
		make func() []byte
	}{
		{"period of 5", func() []byte {
			q := &protocol.Period{View: view(), Subjects: some(5), Range: protocol.Range{From: at(0, scenarioQuarters-9)}}
			q.Range.To = protocol.At(q.Range.From.Seconds + 2*365*protocol.SecondsPerDay)
			return (&peer{}).frame(protocol.OpPeriod, q)
		}},
		{"recent of 1", func() []byte {
			return (&peer{}).frame(protocol.OpRecent, &protocol.Recent{View: view(), Subjects: some(1), Limit: 4 + rnd.IntN(8)})
		}},
		{"10 at a date", func() []byte {
			v := view()
			return (&peer{}).frame(protocol.OpSnapshot, &protocol.Snapshot{View: v, Subjects: some(10),
				Ranking:   protocol.Ranking{Field: v.IDs[0], Limit: 20},
				Timestamp: at(scenarioQuarters/2, scenarioQuarters-1)})
		}},
	} {
		const turn = 16
		var turns [scenarioRequests / turn][]byte
		for i := range scenarioRequests {
			turns[i/turn] = append(turns[i/turn], s.make()...)
		}
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			bytes := 0
			for i := 0; b.Loop(); i++ {
				if i%turn == 0 {
					c.handle(b, turns[i/turn%len(turns)])
					bytes += len(c.out)
				}
			}
			b.ReportMetric(float64(bytes)/float64(b.N), "bytes/op")
		})
	}
}

package server

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// BenchmarkNewRankings is what a loop does for rankings of 50 random subjects, 16 in each wake-up, of which no two are alike and
// which come from more memory than a processor's cache holds: from a frame's bytes to a reply's.
func BenchmarkNewRankings(b *testing.B) {
	for _, subjects := range []int{5_000, 100_000} {
		b.Run(fmt.Sprint(subjects), func(b *testing.B) {
			n, _ := startNode(b, memory())
			fillMarket(b, n, subjects, 4)
			c := &socketless{Detached: n.listener.Detach(b.Context()), n: n}
			batches := rankingFrames(subjects, 2048, perWakeUp)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				c.handle(b, batches[i%len(batches)])
				i++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(i*perWakeUp), "ns/request")
		})
	}
}

// BenchmarkLonelyRankings is what a loop does for a ranking that comes alone, after system calls and other processes have
// driven everything out of the processor's own caches. Only the time of the rankings is shown.
func BenchmarkLonelyRankings(b *testing.B) {
	for _, subjects := range []int{5_000, 100_000} {
		b.Run(fmt.Sprint(subjects), func(b *testing.B) {
			n, _ := startNode(b, memory())
			fillMarket(b, n, subjects, 4)
			c := &socketless{Detached: n.listener.Detach(b.Context()), n: n}
			frames := rankingFrames(subjects, 2048, 1)
			others := make([]uint64, ownCaches/8)
			var took time.Duration
			i := 0
			for b.Loop() {
				for at := 0; at < len(others); at += lineWords {
					others[at]++
				}
				began := time.Now()
				c.handle(b, frames[i%len(frames)])
				took += time.Since(began)
				i++
			}
			b.ReportMetric(float64(took.Nanoseconds())/float64(i), "ns/request")
		})
	}
}

const (
	ownCaches = 3 << 20 // bytes, more than the caches hold that a processor shares with no other
	lineWords = 8       // of a cache line

	perWakeUp      = 16
	marketColumns  = 6
	marketCatalog  = 32
	marketQuarters = 91 * protocol.SecondsPerDay
)

func marketKey(i int) string { return fmt.Sprintf("%02d:%06d", 33+i/600_000*4, i) }

func marketID(i int) string { return fmt.Sprintf("indicator_of_%d", i+1) }

// fillMarket adds subjects with reports of six indicators, of a catalog of more.
func fillMarket(t testing.TB, n *Node, subjects, quarters int) {
	table := protocol.Table{Number: 2, Name: "market"}
	for i := range marketCatalog {
		table.Indicators = append(table.Indicators, protocol.Indicator{ID: marketID(i), Code: fmt.Sprint(7000 + i)})
	}
	if _, err := n.PutTables(t.Context(), &protocol.PutTables{Tables: []protocol.Table{table}}); err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	const batch = 1000
	for from := 0; from < subjects; from += batch {
		p := protocol.Put{Table: "market"}
		for i := range marketColumns {
			p.IDs = append(p.IDs, marketID(i))
		}
		for i := from; i < min(from+batch, subjects); i++ {
			for q := range quarters {
				r := protocol.Report{Subject: marketKey(i), ReportDate: int64(q) * marketQuarters, Values: make([]float64, marketColumns)}
				for j := range r.Values {
					if r.Values[j] = rnd.Float64() * 1e9; rnd.IntN(50) == 0 {
						r.Values[j] = protocol.Missing
					}
				}
				p.Reports = append(p.Reports, r)
			}
		}
		if _, err := n.Put(t.Context(), &p); err != nil {
			t.Fatal(err)
		}
	}
}

// rankingFrames are wake-ups of some requests each.
func rankingFrames(subjects, wakeUps, each int) [][]byte {
	rnd := rand.New(rand.NewPCG(3, 4))
	p := &peer{next: 1 << 20}
	out := make([][]byte, wakeUps)
	q := protocol.Snapshot{View: protocol.View{Table: "market", IDs: make([]string, 4)}, Subjects: make([]string, 50)}
	q.Limit = 20
	for i := range out {
		for range each {
			for j, at := range rnd.Perm(marketColumns)[:len(q.IDs)] {
				q.IDs[j] = marketID(at)
			}
			named := map[int]bool{}
			for j := range q.Subjects {
				at := rnd.IntN(subjects)
				for named[at] {
					at = rnd.IntN(subjects)
				}
				named[at] = true
				q.Subjects[j] = marketKey(at)
			}
			q.Field, q.Order = q.IDs[0], protocol.Order(rnd.IntN(2))
			out[i] = append(out[i], p.frame(protocol.OpSnapshot, &q)...)
		}
	}
	return out
}

package store

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// BenchmarkCommit is what every node does with a log entry: so many writes of a report each, of random subjects, with their
// stamps, and what is remembered and forgotten of their origins. ns/write is reported.
func BenchmarkCommit(b *testing.B) {
	for _, writes := range []int{1, 32, 256} {
		b.Run(fmt.Sprintf("%d-writes", writes), func(b *testing.B) {
			s := mustOpen(b, b.TempDir(), Options{Logger: quiet()})
			rnd := rand.New(rand.NewPCG(1, 2))
			origin := protocol.Origin{Client: protocol.ClientID{1, 2, 3}, Sequence: protocol.RepeatWindow}
			r := protocol.Report{Type: "0408", Period: "596001", Year: 2023, Values: make([]float64, 10)}
			b.ReportAllocs()
			for b.Loop() {
				w := s.NewBatch()
				for range writes {
					r.Subject = marketKey(rnd.IntN(5000))
					r.DeclareDate = protocol.At(rnd.Int64N(400) * protocol.SecondsPerDay)
					for v := range r.Values {
						r.Values[v] = rnd.Float64()
					}
					w.PutRow(1, &r)
					origin.Sequence++
					w.PutRepeat(origin, s.Applied()+1)
					w.DeleteRepeat(protocol.Origin{Client: origin.Client, Sequence: origin.Sequence - protocol.RepeatWindow})
					w.PutStamp(1, r.Subject, protocol.Stamp{Create: 1, Update: 2})
				}
				must(b, w.Commit(s.Applied()+1, false))
				must(b, w.Close())
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*writes), "ns/write")
			must(b, s.Close())
		})
	}
}

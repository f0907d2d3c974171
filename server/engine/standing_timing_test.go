package engine_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// BenchmarkTopic ranks a whole topic: a page at several offsets of a standing order, the first ranking after a write, and
// the one that builds the order.
func BenchmarkTopic(b *testing.B) {
	for _, subjects := range []int{5000, 500_000} {
		e := openMarket(b, subjects, 1)
		var r protocol.Result
		ask := func(b *testing.B, q *protocol.Snapshot) {
			if err := e.Snapshot(q, &r); err != nil {
				b.Fatal(err)
			}
		}
		q := protocol.Snapshot{Topic: marketTopic}
		q.IDs, q.Limit = []string{"indicator_1", "indicator_2", "indicator_3", "indicator_4"}, 20
		rnd := rand.New(rand.NewPCG(5, 6))
		for _, id := range q.IDs {
			for q.Field = id; !e.Standing(&q, &protocol.Change{}); {
				ask(b, &q)
			}
		}
		for name, offset := range map[string]func() int{
			"first page": func() int { return 0 }, "middle": func() int { return subjects / 2 },
			"any page": func() int { return rnd.IntN(subjects) },
		} {
			b.Run(fmt.Sprintf("%d/%s", subjects, name), func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					q.Offset, q.Field, q.Order = offset(), q.IDs[i%4], protocol.Order(i/4%2)
					ask(b, &q)
				}
			})
		}
		w := &protocol.Write{Put: &protocol.Put{}}
		write := func() {
			key := marketKey(rnd.IntN(subjects))
			w.Put.Reports = append(w.Put.Reports[:0], randomReport(rnd, key, 100*91*protocol.SecondsPerDay))
			apply(b, e, w)
		}
		b.Run(fmt.Sprintf("%d/first after a write", subjects), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				write()
				b.StartTimer()
				q.Offset, q.Field = rnd.IntN(subjects), q.IDs[i%4]
				ask(b, &q)
			}
		})
		b.Run(fmt.Sprintf("%d/a write that four orders follow", subjects), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for _, q.Field = range q.IDs {
					ask(b, &q)
				}
				write()
			}
		})
	}
}

// BenchmarkTopicAtDate ranks a whole topic of 5,000 subjects with 40 reports each as of a time that was not asked for
// before, and as of what was known at one, which no other query shares.
func BenchmarkTopicAtDate(b *testing.B) {
	const subjects, quarters = 5000, 40
	const quarter = 91 * protocol.SecondsPerDay
	e := openMarket(b, subjects, quarters)
	var r protocol.Result
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, name := range []string{"timestamp", "known at"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				q := protocol.Snapshot{Topic: marketTopic}
				q.IDs, q.Limit = []string{"indicator_1", "indicator_2", "indicator_3", "indicator_4"}, 20
				q.Field, q.Offset, q.Order = q.IDs[i%4], rnd.IntN(subjects), protocol.Order(i/4%2)
				at := protocol.At(rnd.Int64N(quarters * quarter))
				if q.Timestamp = at; name == "known at" {
					q.Timestamp, q.KnownAt = protocol.Instant{}, at
				}
				if err := e.Snapshot(&q, &r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

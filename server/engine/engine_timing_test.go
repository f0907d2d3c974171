package engine_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// BenchmarkQuery answers each kind of query over 5,000 subjects with 24 reports each, from a request's strings to a
// filled Result.
func BenchmarkQuery(b *testing.B) {
	const subjects = 5000
	e := openMarket(b, subjects, 24)
	ranked := rankings(256, subjects)
	var r protocol.Result
	run := func(name string, ask func(i int) error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := ask(i); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("ranking of 50", func(i int) error { return e.Snapshot(&ranked[i%len(ranked)], &r) })
	var prepared []func() error
	for i := range ranked {
		prepared = append(prepared, executions(b, e, &ranked[i], &r))
	}
	run("ranking of 50, prepared", func(i int) error { return prepared[i%len(prepared)]() })
	run("ranking of 50 at a date", func(i int) error {
		q := ranked[i%len(ranked)]
		q.Timestamp = protocol.At(12 * 91 * protocol.SecondsPerDay)
		return e.Snapshot(&q, &r)
	})
	topic := protocol.Snapshot{Topic: marketTopic}
	topic.IDs, topic.Limit = ranked[0].IDs, 20
	run("ranking of a topic", func(int) error { return e.Snapshot(&topic, &r) })
	deep := topic
	deep.Offset = 2500
	run("ranking of a topic, deep", func(int) error { return e.Snapshot(&deep, &r) })
	recent := protocol.Recent{Subjects: ranked[0].Subjects[:1]}
	recent.IDs = ranked[0].IDs
	run("recent of one", func(int) error { return e.Recent(&recent, &r) })
	period := protocol.Period{Subjects: ranked[0].Subjects[:5], Range: protocol.Range{From: protocol.At(6 * 91 * protocol.SecondsPerDay)}}
	period.IDs = ranked[0].IDs
	run("period of five", func(int) error { return e.Period(&period, &r) })
}

// BenchmarkApply applies log entries of so many writes, each of a restatement of a report of one of 5,000 subjects and with its
// origin, without fsync. ns/write is reported.
func BenchmarkApply(b *testing.B) {
	for _, writes := range []int{1, 48} {
		b.Run(fmt.Sprintf("%d-writes", writes), func(b *testing.B) {
			const subjects, reports = 5000, 24
			e := openMarket(b, subjects, reports)
			rnd := rand.New(rand.NewPCG(1, 2))
			entry := make([]*protocol.Write, writes)
			for i := range entry {
				r := protocol.Report{ReportDate: (reports - 1) * 91 * protocol.SecondsPerDay, Values: make([]float64, 6)}
				entry[i] = &protocol.Write{Put: &protocol.Put{Reports: []protocol.Report{r}}}
			}
			sequence := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				for _, w := range entry {
					r := &w.Put.Reports[0]
					r.Subject, r.Values[1] = marketKey(rnd.IntN(subjects)), rnd.Float64()
					r.DeclareDate = protocol.At(r.ReportDate + (1+rnd.Int64N(60))*protocol.SecondsPerDay)
					sequence++
					w.Put.Origin = protocol.Origin{Client: protocol.ClientID{1}, Sequence: sequence}
					w.Time = int64(sequence >> 13) // as many a second
				}
				if _, err := e.Apply(e.Applied()+1, entry); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*writes), "ns/write")
		})
	}
}

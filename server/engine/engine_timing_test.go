package engine_test

import (
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

// BenchmarkApply writes one report of one subject of 5,000 as a log entry of its own, without fsync.
func BenchmarkApply(b *testing.B) {
	e := openMarket(b, 5000, 24)
	w := &protocol.Write{Put: &protocol.Put{Reports: []protocol.Report{{Subject: marketKey(77), ReportDate: 1, Values: make([]float64, 6)}}}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.Put.Reports[0].Subject = marketKey(i % 5000)
		apply(b, e, w)
	}
}

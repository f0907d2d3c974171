package engine_test

import (
	"testing"

	"github.com/kamaitachi/kamaitachi/internal/raceflag"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// TestQueriesAllocateNothing holds that a query whose Result is reused takes no memory, whatever it asks.
func TestQueriesAllocateNothing(t *testing.T) {
	e := openMarket(t, 600, 8)
	ranked := rankings(8, 600)
	var r protocol.Result
	dated := ranked[0]
	dated.Timestamp, dated.KnownAt = protocol.At(4*91*protocol.SecondsPerDay), protocol.At(protocol.MaxTime)
	dated.ReportTypes = []string{protocol.DefaultReportType}
	topic := protocol.Snapshot{Topic: marketTopic}
	topic.IDs, topic.With = ranked[0].IDs, protocol.WithReports
	recent := protocol.Recent{Subjects: ranked[0].Subjects[:1]}
	recent.IDs = ranked[0].IDs
	period := protocol.Period{Subjects: ranked[0].Subjects[:5]}
	period.IDs = ranked[0].IDs
	get := protocol.Get{Subject: marketKey(5)}
	preparedRecent := prepare(t, e, &recent)
	for _, c := range []struct {
		name string
		ask  func() error
	}{
		{"ranking of a list", func() error { return e.Snapshot(&ranked[1], &r) }},
		{"ranking at a date, known at, of a type", func() error { return e.Snapshot(&dated, &r) }},
		{"ranking of a topic", func() error { return e.Snapshot(&topic, &r) }},
		{"recent", func() error { return e.Recent(&recent, &r) }},
		{"period", func() error { return e.Period(&period, &r) }},
		{"get", func() error { return e.Get(&get, &r) }},
		{"prepared ranking of a list, changed", executions(t, e, &ranked[2], &r)},
		{"prepared ranking at a date, changed", executions(t, e, &dated, &r)},
		{"prepared ranking of a topic, changed", executions(t, e, &topic, &r)},
		{"prepared recent", func() error { return preparedRecent.Execute(&protocol.Change{Limit: protocol.Some(3)}, &r) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			allocs := testing.AllocsPerRun(200, func() {
				if err := c.ask(); err != nil {
					t.Fatal(err)
				}
			})
			if allocs != 0 && !raceflag.On {
				t.Errorf("%v allocations per query, want none", allocs)
			}
			if r.Rows() == 0 {
				t.Error("no rows")
			}
		})
	}
}

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// market is a made-up one; nobody serves it.
func market() *Market {
	m := &Market{IDs: []string{"a", "b", "c", "d", "e"}, From: 1, To: 1e9}
	for i := range 1_000 {
		m.Keys = append(m.Keys, fmt.Sprintf("33:%08d", i))
	}
	return m
}

// peers starts an echo and a constant body and returns where they are.
func peers(t *testing.T) []Address {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	addrs := make(chan string, 1)
	listening := func(addr string) { addrs <- addr }
	go func() { ended <- ServeEcho(ctx, "127.0.0.1:0", 200, listening) }()
	echo := <-addrs
	go func() { ended <- ServeNullHTTP(ctx, "127.0.0.1:0", 200, listening) }()
	null := <-addrs
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Errorf("a peer ended with %v", err)
			}
		}
	})
	return []Address{{Scheme: "echo", Host: echo}, {Scheme: "http", Host: null}}
}

func TestEveryRequestOfALoadIsAnsweredOnce(t *testing.T) {
	for _, a := range peers(t) {
		for name, l := range map[string]Load{
			"closed":          {Requests: 1_003, Conns: 3, Pipeline: 7},
			"open":            {Requests: 200, Conns: 2, Rate: 20_000},
			"repeated":        {Requests: 500, Repeat: 10},
			"for a while":     {Duration: 50 * time.Millisecond, Conns: 2},
			"one at a time":   {Requests: 50, Conns: 1, Pipeline: 1},
			"fewer than fits": {Requests: 3, Conns: 4, Pipeline: 16},
		} {
			t.Run(a.Scheme+" "+name, func(t *testing.T) {
				l.Scenario, l.Market, l.Addresses = RankingOfMany, market(), []Address{a}
				o, err := Run(context.Background(), l)
				if err != nil {
					t.Fatal(err)
				}
				if l.Requests > 0 && o.Requests != l.Requests || o.Requests == 0 || o.Failed != 0 {
					t.Errorf("%d requests, %d failed, want %d and none", o.Requests, o.Failed, l.Requests)
				}
				if o.Latency.TotalCount() != int64(o.Requests) || o.QPS() <= 0 || o.Millis(100) <= 0 {
					t.Errorf("%d latencies of %d requests, %v a second, at most %v ms", o.Latency.TotalCount(), o.Requests, o.QPS(), o.Millis(100))
				}
			})
		}
	}
}

func TestRequestsAreNewUnlessRepeated(t *testing.T) {
	l := Load{Scenario: RankingOfMany, Market: market(), Seed: 7}
	bodies := func(repeat, n int) map[string]bool {
		l.Repeat = repeat
		s := newSource(&l, &kamaDialect{}, 0)
		seen := map[string]bool{}
		for range n {
			frame, _ := s.append(nil)
			seen[string(frame[idOffset+5:])] = true
		}
		return seen
	}
	if n := len(bodies(0, 300)); n < 299 {
		t.Errorf("%d distinct requests of 300, want all", n)
	}
	if n := len(bodies(5, 300)); n != 5 {
		t.Errorf("%d distinct requests, want 5", n)
	}
}

func TestAddressesSayTheirTransport(t *testing.T) {
	for text, want := range map[string]Address{
		"kama://localhost:7080":       {Scheme: "kama", Host: "localhost:7080"},
		"127.0.0.1:7080":              {Scheme: "kama", Host: "127.0.0.1:7080"},
		"http://localhost:9000/data/": {Scheme: "http", Host: "localhost:9000", Path: "/data"},
	} {
		if got, err := ParseAddress(text); err != nil || got != want {
			t.Errorf("%s is %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "localhost", "https://localhost:1", "http://localhost"} {
		if a, err := ParseAddress(text); err == nil {
			t.Errorf("%q is taken for %+v", text, a)
		}
	}
}

func TestAnOutcomeIsPrintedAsDocumented(t *testing.T) {
	o := &Outcome{Scenario: RankingOfMany, Transport: "http", Requests: 4, Failed: 1, Elapsed: time.Second, Latency: newRecord().latency}
	for range 4 {
		o.Latency.RecordValue(1500)
	}
	var text, file bytes.Buffer
	if err := WriteManual(&text, o, 2); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"QPS: 3.00\n", "Target QPS: 2 - PASSED (1.5x)\n", "Success rate: 75.00%\n", "Latency P99: 1.500 ms\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no line %q in\n%s", want, &text)
		}
	}
	if err := WriteJSON(&file, []*Outcome{o}); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(file.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"scenario": 3.0, "transport": "http", "requests": 4.0, "qps": 3.0, "success_rate": 75.0, "p50_ms": 1.5,
		"p99_ms": 1.5, "p999_ms": 1.5, "max_ms": 1.5, "server_cpu_us": 0.0}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
}

func TestALoadThatCannotBeRunIsRefused(t *testing.T) {
	good := Load{Scenario: RankingOfMany, Market: market(), Addresses: []Address{{Scheme: "kama", Host: "127.0.0.1:1"}}}
	for name, spoil := range map[string]func(*Load){
		"scenario": func(l *Load) { l.Scenario = 9 }, "market": func(l *Load) { l.Market = &Market{} },
		"addresses": func(l *Load) { l.Addresses = nil }, "connections": func(l *Load) { l.Conns = -1 },
		"pipeline": func(l *Load) { l.Pipeline = 1 << 20 }, "rate": func(l *Load) { l.Rate = -1 },
	} {
		l := good
		spoil(&l)
		if err := l.Validate(); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
	if _, err := Run(context.Background(), good); err == nil {
		t.Error("a load of nobody succeeded")
	}
	if err := (Load{Scenario: 3, Market: &Market{}}).Validate(); !errors.Is(err, ErrEmptyMarket) {
		t.Errorf("an empty market gives %v", err)
	}
}

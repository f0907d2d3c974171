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

	"github.com/kamaitachi/kamaitachi/protocol"
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

// bodies returns the n requests of each run of a load on three connections, without their ids.
func bodies(l Load, runs, n int) (all []string) {
	for range runs {
		for range 3 {
			s := newSource(&l, &kamaDialect{})
			if l.Ready {
				s.prepare(n / 2)
			}
			for range n {
				frame := s.batch(1)
				all = append(all, string(frame[idOffset+5:]))
			}
		}
	}
	return all
}

func TestRequestsAreNewUnlessRepeated(t *testing.T) {
	m := market()
	m.Topic = "all"
	for s := OneSubject; s <= TopicAtDate; s++ {
		for _, ready := range []bool{false, true} {
			l := Load{Scenario: s, Market: m, Seed: 7, Deck: &Deck{}, Ready: ready}
			seen := map[string]bool{}
			all := bodies(l, 4, 5_000)
			for _, body := range all {
				seen[body] = true
			}
			if len(seen) != len(all) {
				t.Errorf("scenario %s: %d distinct requests of %d, want all", s, len(seen), len(all))
			}
			l.Repeat = 10
			clear(seen)
			for _, body := range bodies(l, 4, 300) {
				seen[body] = true
			}
			if len(seen) != 10 {
				t.Errorf("scenario %s: %d distinct requests, want 10", s, len(seen))
			}
		}
	}
}

func TestADeckDealsEachNumberOnceBeforeItBeginsAgain(t *testing.T) {
	for _, n := range []uint64{1, 2, 7, 1_000, 6 * 4_980} {
		var d Deck
		dealt := map[uint64]int{}
		for range 2 * n {
			dealt[d.deal(n)]++
		}
		for number, times := range dealt {
			if number >= n || times != 2 {
				t.Fatalf("of %d: %d was dealt %d times, want each number twice", n, number, times)
			}
		}
		if len(dealt) != int(n) {
			t.Errorf("%d numbers dealt of %d", len(dealt), n)
		}
	}
}

func TestRequestsMadeBeforehandAreThoseMadeOnTheWay(t *testing.T) {
	l := Load{Scenario: RankingOfMany, Market: market(), Deck: &Deck{}}
	want := bodies(l, 1, 40)
	l.Ready, l.Deck = true, &Deck{}
	if diff := cmp.Diff(want, bodies(l, 1, 40)); diff != "" {
		t.Error(diff)
	}
}

func TestRequestIDsGoUpWhereverRequestsAreMade(t *testing.T) {
	s := newSource(&Load{Scenario: RankingOfMany, Market: market(), Deck: &Deck{}}, &kamaDialect{})
	s.prepare(3)
	want := uint64(firstID)
	for range 3 {
		for frames := s.batch(2); len(frames) > 0; want++ {
			size, err := protocol.FrameSize(frames, protocol.DefaultMaxRequest)
			if err != nil {
				t.Fatal(err)
			}
			h, _, err := protocol.DecodeRequest(frames[protocol.FramePrefix:][:size])
			if err != nil || h.ID != want {
				t.Fatalf("a request with id %d, %v; want %d", h.ID, err, want)
			}
			frames = frames[protocol.FramePrefix+size:]
		}
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
		"topic":    func(l *Load) { l.Scenario = TopicRanking },
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

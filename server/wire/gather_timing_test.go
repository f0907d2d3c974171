package wire

import (
	"log/slog"
	"testing"
)

// A turn of 64 connections, without the system calls.
func BenchmarkTurn(b *testing.B) {
	s := &echoing{}
	s.Listener = New(s, Options{Logger: slog.New(slog.DiscardHandler)})
	sockets := make([]*socket, 16_384)
	for i := range sockets {
		sockets[i] = &socket{}
		s.register(sockets[i]).greeted.Store(true)
	}
	ping := pingFrame(1)
	next, requests := 0, uint64(0)
	for b.Loop() {
		for range maxTurns {
			on := sockets[next%len(sockets)]
			next++
			on.input = ping
			events{s.Listener}.OnTraffic(on)
		}
		requests += maxTurns
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(requests), "ns/request")
	if t := s.Totals(); t.Sum() != requests {
		b.Fatalf("%d of %d requests were counted", t.Sum(), requests)
	}
}

package server

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// deep returns arrays nested n deep.
func deep(n int) []byte { return append(bytes.Repeat([]byte{0x91}, n), 0xc0) }

// request returns a whole frame with any payload.
func request(op protocol.Op, payload []byte) []byte {
	h := protocol.RequestHeader{ID: 7, Op: op}
	return protocol.FinishFrame(append(protocol.BeginRequest(nil, &h), payload...), 0)
}

func TestAFrameThatBreaksTheProtocolEndsItsConnection(t *testing.T) {
	n, _ := startNode(t, memory())
	bystander := connect(t, n)
	snapshot := top(2).AppendTo(nil)
	for _, tt := range []struct {
		name  string
		bytes []byte
		id    uint64
		says  string
	}{
		{"zero length", []byte{0, 0, 0, 0}, 0, "length is zero"},
		{"over the cap", []byte{0, 0x10, 0, 1}, 0, "more than the limit of 1048576"},
		{"far over the cap", []byte{0xff, 0xff, 0xff, 0xff}, 0, "more than the limit"},
		{"not an array", raw([]byte{0xc0}), 0, "request"},
		{"no array behind the length", raw([]byte("GET / HTTP/1.1\r\n")), 0, "request"},
		{"cut header", raw([]byte{0x95, 7, 2, 0, 0xcd, 1}), 7, "deadline"},
		{"no payload", raw([]byte{0x95, 7, 2, 0, 0xcc, 0}), 7, "payload"},
		{"id 0", raw([]byte{0x95, 0, 2, 0, 0, 0xc0}), 0, "id 0"},
		{"id below zero", raw([]byte{0x95, 0xff, 2, 0, 0, 0xc0}), 0, "id"},
		{"leftover bytes", request(protocol.OpPing, []byte{0xc0, 0xc0}), 7, "left over"},
		{"leftover bytes after a query", request(protocol.OpSnapshot, append(snapshot[:len(snapshot):len(snapshot)], 0)), 7, "left over"},
		{"cut query", request(protocol.OpSnapshot, snapshot[:len(snapshot)-1]), 7, "Snapshot"},
		{"wrong type", request(protocol.OpGet, []byte{0x91, 0x05}), 7, "Get"},
		{"deep nesting", request(protocol.OpSnapshot, deep(100)), 7, "Snapshot"},
		{"very deep nesting", request(protocol.OpPut, deep(1<<19)), 7, "Put"},
		{"a list that lies about its length", request(protocol.OpSnapshot, []byte{0x91, 0xdd, 0xff, 0xff, 0xff, 0xff}), 7, "Snapshot"},
		{"a write that lies about its length", request(protocol.OpDelete, []byte{0x92, 0xc0, 0xdd, 0xff, 0xff, 0xff, 0xff}), 7, "Delete"},
		{"fields from another version", request(protocol.OpGet, append([]byte{0x9f}, bytes.Repeat([]byte{0xc0}, 15)...)), 7, "Get"},
		{"a second HELLO", request(protocol.OpHello, hello().AppendTo(nil)), 7, "second HELLO"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := connect(t, n)
			p.send(p.frame(protocol.OpPing, protocol.Empty{})) // what came before is still answered
			p.send(tt.bytes)
			if r := p.read(); r.h.ID != p.next || r.err != nil {
				t.Fatalf("PING before it: id %d, %v", r.h.ID, r.err)
			}
			r := p.read()
			r.wantCode(t, protocol.CodeProtocol)
			if r.h.ID != tt.id {
				t.Errorf("the error has id %d, want %d", r.h.ID, tt.id)
			}
			if r.err != nil && !strings.Contains(r.err.Message, tt.says) {
				t.Errorf("the error says %q, want %q in it", r.err.Message, tt.says)
			}
			p.closed()
		})
	}
	bystander.alive()
}

func TestTheErrorIsReadThoughMoreInputFollows(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	p.send(append([]byte{0, 0, 0, 0}, make([]byte, 1<<20)...))
	p.read().wantCode(t, protocol.CodeProtocol)
	p.closed()
}

func TestAConnectionThatWasToldWhyClosesThoughThePeerStays(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	p.send([]byte{0, 0, 0, 0})
	p.read().wantCode(t, protocol.CodeProtocol)
	eventually(t, "the connection is gone", func() bool { return value(t, n, "connections") == 0 })
}

func TestAConnectionBeginsWithHello(t *testing.T) {
	n, _ := startNode(t, memory())
	with := func(change func(*protocol.Hello)) []byte {
		h := hello()
		change(h)
		return request(protocol.OpHello, h.AppendTo(nil))
	}
	for _, tt := range []struct {
		name  string
		bytes []byte
		id    uint64
		code  protocol.Code
		says  string
	}{
		{"a request before it", request(protocol.OpSnapshot, top(1).AppendTo(nil)), 7, protocol.CodeProtocol, "SNAPSHOT before HELLO"},
		{"an unknown operation before it", request(protocol.Op(99), []byte{0xc0}), 7, protocol.CodeUnsupported, "99"},
		{"a frame too large for it", []byte{0, 0, 0x40, 0x01}, 0, protocol.CodeProtocol, "limit of 16384"},
		{"a version of the future", with(func(h *protocol.Hello) { h.MinVersion, h.MaxVersion = 2, 9 }), 7, protocol.CodeUnsupported, "versions 2 to 9"},
		{"a version of the past", with(func(h *protocol.Hello) { h.MinVersion, h.MaxVersion = 0, 0 }), 7, protocol.CodeUnsupported, "it speaks 1"},
		{"another cluster", with(func(h *protocol.Hello) { h.ClusterID = "0123" }), 7, protocol.CodeWrongCluster, `not of "0123"`},
		{"a broken one", request(protocol.OpHello, []byte{0xc1}), 7, protocol.CodeProtocol, "Hello"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := dial(t, n)
			p.send(tt.bytes)
			r := p.read()
			r.wantCode(t, tt.code)
			if tt.code == protocol.CodeWrongCluster && r.err.Detail != n.ClusterID() {
				t.Errorf("the detail is %q, want the node's cluster", r.err.Detail)
			}
			if r.err != nil && !strings.Contains(r.err.Message, tt.says) || r.h.ID != tt.id {
				t.Errorf("reply %d says %q, want reply %d with %q in it", r.h.ID, r.err, tt.id, tt.says)
			}
			p.closed()
		})
	}
}

func TestARepeatedWriteIsAnsweredAsItWasTheFirstTime(t *testing.T) {
	n, _ := startNode(t, memory())
	p := dial(t, n)
	h := hello()
	h.Features = []string{"levitation", protocol.FeatureRepeats}
	var w protocol.Welcome
	p.ask(protocol.OpHello, h).decode(t, &w)
	if !slices.Equal(w.Features, []string{protocol.FeatureRepeats}) {
		t.Errorf("features %q", w.Features)
	}
	put := &protocol.Put{Reports: []protocol.Report{{Subject: "33:300033", Values: []float64{1}}},
		Origin: protocol.Origin{Client: protocol.ClientID{1}, Sequence: 1}}
	first := p.ask(protocol.OpPut, put)
	p.ask(protocol.OpPut, &protocol.Put{})
	again := p.ask(protocol.OpPut, put)
	if first.h.Code != protocol.CodeOK || again.h.Code != protocol.CodeOK || first.h.Applied != again.h.Applied {
		t.Errorf("answered %+v, then %+v", first.h, again.h)
	}
}

func TestWelcomeNamesTheNodeAndItsLimits(t *testing.T) {
	o := memory()
	o.Role, o.Limits.MaxInFlight = "slave", 77
	n, _ := startNode(t, o)
	p := dial(t, n)
	h := hello()
	h.MinVersion, h.MaxVersion, h.ClusterID, h.Features = 0, 9, n.ClusterID(), []string{"levitation"}
	var w protocol.Welcome
	p.ask(protocol.OpHello, h).decode(t, &w)
	if w.Version != protocol.Version || w.Node != n.NodeID() || w.ClusterID != n.ClusterID() || w.Role != "slave" ||
		w.CatalogVersion != 1 || len(w.Features) != 0 || w.MaxRequest != protocol.DefaultMaxRequest ||
		w.MaxReply != protocol.DefaultMaxReply || w.MaxInFlight != 77 {
		t.Errorf("got %+v", w)
	}
	p.alive()
}

// times are limits short enough to wait for.
func times() Options {
	o := memory()
	o.Limits.HelloTimeout, o.Limits.HalfFrameTimeout, o.Limits.IdleTimeout = -1, -1, -1
	return o
}

func TestASilentStrangerIsClosed(t *testing.T) {
	o := times()
	o.Limits.HelloTimeout = 30 * time.Millisecond
	n, _ := startNode(t, o)
	for name, bytes := range map[string][]byte{"nothing": nil, "half a HELLO": request(protocol.OpHello, hello().AppendTo(nil))[:9]} {
		t.Run(name, func(t *testing.T) {
			p := dial(t, n)
			p.send(bytes)
			r := p.read()
			r.wantCode(t, protocol.CodeProtocol)
			if r.h.ID != 0 || !strings.Contains(r.err.Message, "HELLO") {
				t.Errorf("reply %d says %q", r.h.ID, r.err)
			}
			p.closed()
		})
	}
}

func TestHalfAFrameIsNotWaitedForForever(t *testing.T) {
	o := times()
	o.Limits.HalfFrameTimeout = 50 * time.Millisecond
	n, _ := startNode(t, o)
	whole := request(protocol.OpPing, []byte{0xc0})
	for name, bytes := range map[string][]byte{"part of the length": whole[:2], "all but the last byte": whole[:len(whole)-1],
		"a frame and a half": append(whole[:len(whole):len(whole)], whole[:5]...)} {
		t.Run(name, func(t *testing.T) {
			p := connect(t, n)
			p.send(bytes)
			if len(bytes) > len(whole) {
				p.read()
			}
			r := p.read()
			r.wantCode(t, protocol.CodeProtocol)
			if r.h.ID != 0 || !strings.Contains(r.err.Message, "the rest of a frame") {
				t.Errorf("reply %d says %q", r.h.ID, r.err)
			}
			p.closed()
		})
	}
}

func TestAByteAtATimeDoesNotProlongAFrame(t *testing.T) {
	o := times()
	o.Limits.HalfFrameTimeout = 100 * time.Millisecond
	n, _ := startNode(t, o)
	p := connect(t, n)
	bystander := connect(t, n)
	long := request(protocol.OpSnapshot, make([]byte, 1<<19))
	over := make(chan reply)
	go func() {
		r, _ := p.tryRead()
		over <- r
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case r := <-over:
			r.wantCode(t, protocol.CodeProtocol)
			return
		case <-tick.C:
			if _, err := p.conn.Write(long[i : i+1]); err != nil && !isClosed(err) {
				t.Fatal(err)
			}
			bystander.alive()
		}
	}
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	o := times()
	o.Limits.IdleTimeout = 100 * time.Millisecond
	n, h := startNode(t, o)
	entered, release := h.holdSearches(t)
	waits, idle := connect(t, n), connect(t, n)
	waits.send(waits.frame(protocol.OpSearch, &protocol.Search{Limit: 1}))
	<-entered
	idle.closed()
	release() // far beyond the idle timeout, but something was owed to it
	if r := waits.read(); r.err != nil {
		t.Errorf("the connection that waited got %v", r.err)
	}
	waits.closed()
}

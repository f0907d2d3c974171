package client_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"sync"
	"syscall"
	"testing"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// lie returns a frame whose length says more than follows.
func lie(length uint32, body ...byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, length), body...)
}

// Whatever a node sends that is no answer, the call ends with an error that names it, and the connection with it.
func TestWhatIsNoReplyBreaksTheConnection(t *testing.T) {
	whole := func(q request) []byte { return replyFrame(q.ID, protocol.CodeOK, 1, protocol.Empty{}) }
	cases := []struct {
		name   string
		send   func(q request) []byte
		closes bool // the node closes behind it
		want   error
	}{
		{"nothing", func(request) []byte { return nil }, true, io.EOF},
		{"half a length", func(q request) []byte { return whole(q)[:2] }, true, io.ErrUnexpectedEOF},
		{"half a reply", func(q request) []byte { return whole(q)[:7] }, true, io.ErrUnexpectedEOF},
		{"half of a great reply", func(q request) []byte { return append(lie(1<<20), make([]byte, 1<<17)...) }, true, io.ErrUnexpectedEOF},
		{"no length", func(request) []byte { return lie(0) }, false, protocol.ErrProtocol},
		{"no message", func(request) []byte { return lie(3, 0xc1, 0xc1, 0xc1) }, false, protocol.ErrProtocol},
		{"a great one that is no message", func(request) []byte { return append(lie(1<<17), make([]byte, 1<<17)...) }, false, protocol.ErrProtocol},
		{"HTTP", func(request) []byte { return []byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") }, false, protocol.ErrProtocol},
		{"the greatest length", func(request) []byte { return append(lie(1<<32-1), make([]byte, 64)...) }, false, protocol.ErrProtocol},
		{"a reply to nobody", func(q request) []byte { return replyFrame(q.ID+1, protocol.CodeOK, 1, protocol.Empty{}) }, false, protocol.ErrProtocol},
		{"a reply to another use of the slot", func(q request) []byte {
			return replyFrame(q.ID+1<<40, protocol.CodeOK, 1, protocol.Empty{})
		}, false, protocol.ErrProtocol},
		{"the connection's end", func(request) []byte {
			return replyFrame(0, protocol.CodeUnavailable, 0, &protocol.Error{Message: "going down"})
		}, false, protocol.ErrUnavailable},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			n := node(t, func(p *peer, q request) {
				p.send(test.send(q))
				p.flush()
				if test.closes {
					_ = p.nc.Close()
				}
			})
			o := n.options()
			o.Retries = -1
			c := open(t, o)
			e := wantError(t, c.Ping(background()), client.StageRead, test.want)
			wantError(t, e, client.StageRead, client.ErrConnLost)
			if e.Addr != n.addr() || e.Op != protocol.OpPing || e.Unsent {
				t.Errorf("error is %+v, want PING at %s, perhaps sent", e, n.addr())
			}
		})
	}
}

// The header is right, the payload is not: nothing that the connection says can be believed any more.
func TestAnAnswerThatCannotBeDecodedBreaksTheConnection(t *testing.T) {
	wrong := map[string]protocol.Message{
		"another message":  &protocol.StatList{{Name: "subjects", Number: 1}},
		"too many columns": answer(3, 2),
		"too few columns":  answer(3, 0),
	}
	for name, m := range wrong {
		t.Run(name, func(t *testing.T) {
			n := node(t, canned(m))
			o := n.options()
			o.ConnsPerNode, o.Retries = 1, -1
			lost := make(chan error, 16)
			o.OnConn = func(_ string, err error) {
				if err != nil {
					lost <- err
				}
			}
			c := open(t, o)
			r := one("left over")
			wantError(t, c.Recent(background(), recent("a"), r), client.StageRead, protocol.ErrProtocol)
			if r.Rows() != 0 {
				t.Errorf("after the error the result has %d rows", r.Rows())
			}
			if err := receive(t, "the end of the connection", lost); err == nil {
				t.Error("the connection lives on")
			}
		})
	}
}

// A reply beyond MaxReply ends its own call. The others of the connection do not notice.
func TestAReplyThatIsTooLargeHarmsItsOwnCallOnly(t *testing.T) {
	var held request
	n := node(t, func(p *peer, q request) {
		switch subjectOf(q) {
		case "patient":
			held = q.later() // answered behind the great one
		case "great":
			p.reply(q, 1, answer(10_000, 1))
			p.reply(held, 1, one("patient"))
		}
	})
	o := n.options()
	o.ConnsPerNode, o.MaxReply = 1, client.MinMaxReply
	c := open(t, o)
	var wg sync.WaitGroup
	sent := make(chan struct{})
	n2 := n.handle
	n.handle = func(p *peer, q request) {
		n2(p, q)
		if subjectOf(q) == "patient" {
			close(sent)
		}
	}
	wg.Go(func() {
		var r protocol.Result
		if err := c.Recent(background(), recent("patient"), &r); err != nil || r.Subjects[0].Key != "patient" {
			t.Errorf("the other call: %v %v", err, r.Subjects)
		}
	})
	receive(t, "the other request", sent)
	wantError(t, c.Recent(background(), recent("great"), &protocol.Result{}), client.StageRead, protocol.ErrTooLarge)
	wg.Wait()
	if got := n.greeted.Load(); got != 1 {
		t.Errorf("%d connections were made, want the first to live on", got)
	}
}

func TestAGreatReplyArrivesWhole(t *testing.T) {
	want := answer(30_000, 4) // about a megabyte and a half
	n := node(t, canned(want))
	c := open(t, n.options())
	var r protocol.Result
	for range 3 {
		q := &protocol.Snapshot{View: protocol.View{IDs: []string{"a", "b", "c", "d"}}, Topic: "all", Ranking: protocol.Ranking{Limit: 10_000}}
		if err := c.Snapshot(background(), q, &r); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(r.AppendTo(nil), want.AppendTo(nil)) {
			t.Fatal("the answer differs from what the node sent")
		}
	}
}

// Two requests in one, the first of which fits: nothing of the second leaves.
func TestAPutThatTheNodeWouldRefuseForItsSizeFailsHere(t *testing.T) {
	n := startNode(nil)
	n.stop()
	n.welcome.MaxRequest = 1_000
	n.start("127.0.0.1:0")
	t.Cleanup(n.stop)
	c := open(t, n.options())
	put := &protocol.Put{Reports: []protocol.Report{{Subject: "33:300033", Values: make([]float64, 50)}}}
	if _, err := c.Put(background(), put); err != nil {
		t.Fatal(err)
	}
	for _, values := range []int{108, 1_000} { // just over the limit with its header, and far over
		put.Reports[0].Values = make([]float64, values)
		_, err := c.Put(background(), put)
		e := wantError(t, err, client.StageCheck, protocol.ErrTooLarge)
		if !e.Unsent || !bytes.Contains([]byte(e.Error()), []byte("1000 (MaxRequest")) {
			t.Errorf("%d values: error %q (unsent %v) does not name the limit", values, e, e.Unsent)
		}
	}
	put.Reports[0].Values = put.Reports[0].Values[:50]
	if _, err := c.Put(background(), put); err != nil {
		t.Fatal(err)
	}
}

func TestWhatTheNodeRefusesIsItsOwnError(t *testing.T) {
	n := node(t, func(p *peer, q request) {
		p.send(replyFrame(q.ID, protocol.CodeForbidden, 0, &protocol.Error{Message: "you may read", Detail: "reader"}))
	})
	c := open(t, n.options())
	_, err := c.Delete(background(), &protocol.Delete{})
	e := wantError(t, err, client.StageNode, protocol.ErrForbidden)
	if want := "DELETE at " + n.addr() + ": node: you may read"; e.Error() != want {
		t.Errorf("error is %q, want %q", e, want)
	}
	if detail := e.Unwrap().(*protocol.Error).Detail; detail != "reader" {
		t.Errorf("detail is %q", detail)
	}
}

func TestANodeThatIsAwayIsNamed(t *testing.T) {
	n := startNode(nil)
	n.stop()
	_, err := client.Open(background(), n.options())
	e := wantError(t, err, client.StageDial, syscall.ECONNREFUSED)
	if e.Addr != n.addr() {
		t.Errorf("error names %q, want %s", e.Addr, n.addr())
	}
}

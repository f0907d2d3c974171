package client_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

func TestForwardPassesRequestAndReplyOnAsTheyCame(t *testing.T) {
	sent := recent("33:300033").AppendTo(nil)
	answer := one("33:300033").AppendTo(nil)
	var came request
	n := node(t, func(p *peer, q request) {
		came = q.later()
		p.send(protocol.FinishFrame(append(protocol.BeginReply(nil, &protocol.ReplyHeader{ID: q.ID, Applied: 7}), answer...), 0))
	})
	c := open(t, n.options())
	q := client.Raw{Op: protocol.OpRecent, Flags: protocol.FlagAtLeast | protocol.FlagTrace, MinIndex: 5,
		Trace: []byte("trace"), Deadline: time.Now().Add(time.Minute), Payload: sent}
	var r client.RawReply
	for range 2 { // the second into the memory of the first
		if err := c.Forward(background(), &q, &r); err != nil {
			t.Fatal(err)
		}
		if r.Code != protocol.CodeOK || r.Applied != 7 || !bytes.Equal(r.Payload, answer) || r.Addr != n.addr() {
			t.Errorf("reply is %+v", r)
		}
	}
	if came.Op != q.Op || came.Flags != q.Flags || came.MinIndex != 5 || string(came.Trace) != "trace" ||
		came.Deadline == 0 || came.Deadline > 60_000 || !bytes.Equal(came.payload, sent) {
		t.Errorf("the node was asked %+v", came)
	}
}

func TestWhatTheNodeRefusesIsAReplyOfForward(t *testing.T) {
	n := node(t, func(p *peer, q request) { p.refuse(q, protocol.CodeNotFound, "no such table") })
	c := open(t, n.options())
	var r client.RawReply
	if err := c.Forward(background(), &client.Raw{Op: protocol.OpGet, Payload: (&protocol.Get{Subject: "x"}).AppendTo(nil)}, &r); err != nil {
		t.Fatal(err)
	}
	var e protocol.Error
	if err := e.Decode(r.Payload); err != nil || r.Code != protocol.CodeNotFound || e.Message != "no such table" {
		t.Errorf("reply is %+v, error %v %v", r, e, err)
	}
}

// A malformed payload would cost every caller the connection.
func TestForwardSendsNothingMalformed(t *testing.T) {
	handle, came := silent()
	c := open(t, node(t, handle).options())
	for _, test := range []struct {
		q    client.Raw
		want error
	}{
		{client.Raw{Op: protocol.OpRecent, Payload: []byte{0xc1}}, protocol.ErrProtocol},
		{client.Raw{Op: protocol.OpRecent}, protocol.ErrProtocol},
		{client.Raw{Op: protocol.OpPut, Payload: []byte{0x91}}, protocol.ErrProtocol},
		{client.Raw{Op: protocol.OpPing, Payload: []byte{0x91, 0x01}}, protocol.ErrProtocol},
		{client.Raw{Op: protocol.OpHello, Payload: []byte{0xc0}}, protocol.ErrUnsupported},
		{client.Raw{Op: protocol.OpExecute, Payload: []byte{0xc0}}, protocol.ErrUnsupported},
		{client.Raw{Op: 23, Payload: []byte{0xc0}}, protocol.ErrUnsupported},
		{client.Raw{Op: protocol.OpPing, Trace: make([]byte, protocol.MaxTrace+1), Payload: []byte{0xc0}}, protocol.ErrTooLarge},
	} {
		r := client.RawReply{Payload: []byte("old")}
		err := c.Forward(background(), &test.q, &r)
		wantError(t, err, client.StageCheck, test.want)
		if len(r.Payload) != 0 {
			t.Errorf("%v: a reply of %q beside the error", test.q.Op, r.Payload)
		}
	}
	if len(came) != 0 {
		t.Error("the node was asked nevertheless")
	}
}

func TestForwardEndsAtTheDeadlineOfTheRequest(t *testing.T) {
	handle, _ := silent()
	o := node(t, handle).options()
	o.RequestTimeout = time.Hour
	o.IdlePing = 4 * shortly // so that the connection's tick is quick
	c := open(t, o)
	q := client.Raw{Op: protocol.OpPing, Payload: []byte{0xc0}, Deadline: time.Now().Add(shortly)}
	err := c.Forward(background(), &q, &client.RawReply{})
	if e := wantError(t, err, client.StageRead, context.DeadlineExceeded); !e.Timeout() {
		t.Errorf("error is %v, want a timeout", e)
	}
}

func TestAWarmForwardAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	q, answer := scenario3()
	c := open(t, node(t, canned(answer)).options())
	raw := client.Raw{Op: protocol.OpSnapshot, Payload: q.AppendTo(nil)}
	var r client.RawReply
	forward := func() {
		if err := c.Forward(background(), &raw, &r); err != nil {
			t.Fatal(err)
		}
	}
	forward()
	if got := testing.AllocsPerRun(2_000, forward); got >= 1 {
		t.Errorf("a warm Forward allocates %v times", got)
	}
}

func BenchmarkForward(b *testing.B) {
	q, answer := scenario3()
	c := open(b, node(b, canned(answer)).options())
	raw := client.Raw{Op: protocol.OpSnapshot, Payload: q.AppendTo(nil)}
	var replies [150]client.RawReply
	free := make(chan *client.RawReply, len(replies))
	for i := range replies {
		free <- &replies[i]
	}
	run(b, len(replies), func(*protocol.Result) error {
		reply := <-free
		defer func() { free <- reply }()
		return c.Forward(background(), &raw, reply)
	})
}

package wire

import (
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kamaitachi/kamaitachi/protocol"
)

func TestMain(m *testing.M) {
	// gnet starts a pool of its own when it is loaded, and never ends it.
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

// echoing answers every PING at once, and every SEARCH with what is passed on later, with its own request as payload.
type echoing struct {
	*Listener
	searches chan search
}

type search struct {
	c       *Conn
	room    *Room
	id      uint64
	payload []byte
}

func (*echoing) Start()                     {}
func (*echoing) Stop()                      {}
func (*echoing) ClusterID() (string, error) { return "c1", nil }
func (*echoing) Welcome(w *protocol.Welcome) uint64 {
	w.ClusterID, w.Role = "c1", "standalone"
	return 7
}
func (*echoing) Applied() uint64            { return 7 }
func (*echoing) NewLoop() any               { return nil }
func (*echoing) Opened(*Conn) any           { return nil }
func (*echoing) Closed(*Conn)               {}
func (*echoing) Speaks(op protocol.Op) bool { return op == protocol.OpPing || op == protocol.OpSearch }
func (*echoing) Turned(*Loop)               {}
func (s *echoing) Answer(c *Conn, out []byte, h *protocol.RequestHeader, payload, body []byte) ([]byte, bool) {
	if h.Op == protocol.OpPing {
		out, _ = s.AppendReply(out, c.Loop().Counters(), h.ID, 7, protocol.Empty{})
		return out, false
	}
	room, err := s.Admit(c, len(body))
	if err != nil {
		return s.AppendError(out, c.Loop().Counters(), h.ID, err), false
	}
	s.searches <- search{c, &room, h.ID, append([]byte(nil), payload...)}
	return out, false
}

// pass answers a search with a payload.
func (s *echoing) pass(q search, payload []byte) {
	if s.Pass(q.c, q.room, &protocol.ReplyHeader{ID: q.id, Applied: 9}, payload) {
		q.c.Wake()
	}
}

func listen(t *testing.T, limits Limits) *echoing {
	t.Helper()
	s := &echoing{searches: make(chan search, 1<<16)}
	s.Listener = New(s, Options{Listen: "127.0.0.1:0", Limits: limits, Logger: slog.New(slog.DiscardHandler)})
	if err := s.Listener.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Abort(t.Context()); err == nil {
			<-s.Done()
		}
		s.Listener.stopService()
	})
	return s
}

// asker is a greeted connection to a listener.
type asker struct {
	t  *testing.T
	nc net.Conn
	id uint64
}

func connect(t *testing.T, s *echoing) *asker {
	t.Helper()
	nc, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	a := &asker{t: t, nc: nc}
	a.send(protocol.OpHello, &protocol.Hello{MinVersion: protocol.Version, MaxVersion: protocol.Version})
	if h, _ := a.read(); h.Code != protocol.CodeOK || h.Applied != 7 {
		t.Fatalf("greeted with %+v", h)
	}
	return a
}

func (a *asker) send(op protocol.Op, m protocol.Message) uint64 {
	a.t.Helper()
	a.id++
	frame := protocol.FinishFrame(m.AppendTo(protocol.BeginRequest(nil, &protocol.RequestHeader{ID: a.id, Op: op})), 0)
	if _, err := a.nc.Write(frame); err != nil {
		a.t.Fatal(err)
	}
	return a.id
}

func (a *asker) read() (protocol.ReplyHeader, []byte) {
	a.t.Helper()
	_ = a.nc.SetReadDeadline(time.Now().Add(20 * time.Second))
	var prefix [protocol.FramePrefix]byte
	if _, err := io.ReadFull(a.nc, prefix[:]); err != nil {
		a.t.Fatal(err)
	}
	size, err := protocol.FrameSize(prefix[:], protocol.DefaultMaxReply)
	if err != nil {
		a.t.Fatal(err)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(a.nc, body); err != nil {
		a.t.Fatal(err)
	}
	h, payload, err := protocol.DecodeReply(body)
	if err != nil {
		a.t.Fatal(err)
	}
	return h, payload
}

func TestPassedRepliesComeAsTheyAreUnderTheirIDs(t *testing.T) {
	s := listen(t, Limits{})
	a := connect(t, s)
	for _, size := range []int{1, 100, maxCopied + 1, 1 << 20} {
		first, second := a.send(protocol.OpSearch, protocol.Empty{}), a.send(protocol.OpSearch, protocol.Empty{})
		q1, q2 := <-s.searches, <-s.searches
		payload := make([]byte, size)
		for i := range payload {
			payload[i] = byte(i)
		}
		s.pass(q2, payload)
		s.pass(q1, payload[:1])
		for range 2 {
			h, got := a.read()
			want := payload
			if h.ID == first {
				want = payload[:1]
			}
			if h.ID != first && h.ID != second || h.Applied != 9 || string(got) != string(want) {
				t.Fatalf("%d bytes: reply %+v of %d bytes", size, h, len(got))
			}
		}
	}
}

func TestRepliesThatNobodyReadsAreLimitedInTotal(t *testing.T) {
	limits := Limits{MaxReply: 64 << 10, MaxQueuedBytes: 1 << 20, MaxQueuedTotal: 1 << 20}
	s := listen(t, limits)
	a := connect(t, s)
	a.send(protocol.OpSearch, protocol.Empty{})
	q := <-s.searches
	s.queued.Add(1 << 20) // as if others had left so much
	s.pass(q, make([]byte, 100))
	if h, _ := a.read(); h.Code != protocol.CodeOverloaded {
		t.Errorf("a passed reply is %v", h.Code)
	}
	a.send(protocol.OpSearch, protocol.Empty{})
	q = <-s.searches
	s.Deliver(q.c, q.room, q.id, make([]byte, 100), false)
	if h, _ := a.read(); h.Code != protocol.CodeOverloaded {
		t.Errorf("a delivered reply is %v", h.Code)
	}
	s.queued.Add(-1 << 20)
	a.send(protocol.OpPing, protocol.Empty{})
	if h, _ := a.read(); h.Code != protocol.CodeOK {
		t.Errorf("afterwards PING is %v", h.Code)
	}
}

func TestARequestGivesItsRoomBackBeforeItsReplyCanBeRead(t *testing.T) {
	s := listen(t, Limits{MaxInFlight: 1, MaxInFlightTotal: 1})
	a := connect(t, s)
	deliveries := map[string]func(search) (wake bool){
		"passed on": func(q search) bool {
			return s.Pass(q.c, q.room, &protocol.ReplyHeader{ID: q.id}, []byte{1})
		},
		"passed on, too large to copy": func(q search) bool {
			return s.Pass(q.c, q.room, &protocol.ReplyHeader{ID: q.id}, make([]byte, maxCopied+1))
		},
		"left by a worker": func(q search) bool {
			reply, _ := s.AppendReply(nil, s.Shared(), q.id, 9, protocol.Empty{})
			_, wake := q.c.leave(q.room, reply, false)
			return wake
		},
	}
	for name, deliver := range deliveries {
		a.send(protocol.OpSearch, protocol.Empty{})
		q := <-s.searches
		if !deliver(q) {
			t.Fatalf("%s: nobody is told to wake the loop", name)
		}
		if n, queued := s.inFlight.Load(), s.queued.Load(); n != 0 || queued == 0 {
			t.Fatalf("%s: %d in flight and %d bytes queued before the loop was woken; want 0 and some", name, n, queued)
		}
		q.c.Wake()
		if h, _ := a.read(); h.Code != protocol.CodeOK {
			t.Fatalf("%s: %v", name, h.Code)
		}
	}
}

func TestAConnectionThatTakesNoPassedRepliesIsClosed(t *testing.T) {
	s := listen(t, Limits{MaxReply: 64 << 10, MaxQueuedBytes: 256 << 10})
	a := connect(t, s)
	a.send(protocol.OpSearch, protocol.Empty{})
	q := <-s.searches
	payload := make([]byte, 60<<10)
	for range 2000 { // more than the sockets hold
		s.Pass(q.c, q.room, &protocol.ReplyHeader{ID: q.id}, payload)
		q.c.Wake()
		if q.c.Gone() {
			break
		}
	}
	deadline := time.Now().Add(20 * time.Second)
	for !q.c.Gone() || s.slow.Load() != 1 {
		if time.Now().After(deadline) {
			t.Fatalf("it is not closed: %d slow connections", s.slow.Load())
		}
		time.Sleep(time.Millisecond)
	}
	connect(t, s)
}

func TestALimitThatIsBelowZeroIsNoTimeout(t *testing.T) {
	l := Limits{IdleTimeout: -1}.withDefaults()
	if l.IdleTimeout != -1 || l.HelloTimeout != defaultHelloTimeout {
		t.Errorf("got %+v", l)
	}
}

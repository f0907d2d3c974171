package server

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// socketless is a connection without a socket, for what a loop does between reading and writing.
type socketless struct {
	wire.Detached
	n   *Node
	out []byte // of the latest handle
}

func onLoop(t testing.TB) *socketless {
	n, _ := startNode(t, memory())
	return &socketless{Detached: n.listener.Detach(t.Context()), n: n}
}

// questions are short requests of every kind that loops answer.
func questions() map[string][]byte {
	view := protocol.View{IDs: []string{"operating_income", "net_profit"}}
	p := &peer{}
	return map[string][]byte{
		"ping":            p.frame(protocol.OpPing, protocol.Empty{}),
		"snapshot list":   p.frame(protocol.OpSnapshot, top(50)),
		"snapshot topic":  p.frame(protocol.OpSnapshot, &protocol.Snapshot{View: view, Topic: "all"}),
		"snapshot known":  p.frame(protocol.OpSnapshot, &protocol.Snapshot{View: protocol.View{IDs: view.IDs, KnownAt: protocol.At(day(2023))}, Subjects: top(20).Subjects}),
		"period":          p.frame(protocol.OpPeriod, &protocol.Period{View: view, Subjects: []string{subject(1), subject(2)}}),
		"recent":          p.frame(protocol.OpRecent, &protocol.Recent{View: view, Subjects: []string{subject(1)}}),
		"select snapshot": p.frame(protocol.OpSelectSnapshot, &protocol.SelectSnapshot{View: view, Selection: protocol.Selection{Kind: "concept", Topic: "all"}}),
		"get":             p.frame(protocol.OpGet, &protocol.Get{Subject: subject(1)}),
		"subjects":        p.frame(protocol.OpSubjects, &protocol.ListSubjects{Limit: 5}),
	}
}

// handle answers one frame as a loop does.
func (c *socketless) handle(t testing.TB, frame []byte) {
	out, used, hangup := c.Feed(frame)
	if used != len(frame) || hangup || len(out) == 0 {
		t.Fatalf("%d of %d bytes used, hangup %v, %d bytes of reply: not answered on the loop", used, len(frame), hangup, len(out))
	}
	c.out = out
}

func TestAReadOnALoopAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	c := onLoop(t)
	for name, frame := range questions() {
		c.handle(t, frame)
		if h, payload, err := protocol.DecodeReply(c.out[protocol.FramePrefix:]); err != nil || h.Code != protocol.CodeOK {
			t.Errorf("%s: %v, %v: %q", name, h.Code, err, payload)
		}
		if n := testing.AllocsPerRun(200, func() { c.handle(t, frame) }); n != 0 {
			t.Errorf("%s: %v allocations per request, want none", name, n)
		}
	}
}

func TestACopyOfARequestAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	c := onLoop(t)
	frame := questions()["snapshot list"]
	f := c.n.front
	j := &job{c: c.Conn, hd: &handlers[protocol.OpSnapshot]}
	sc := &scratch{reader: c.n.engine}
	delivered := 0
	run := func() {
		j.c, j.hd, j.began = c.Conn, &handlers[protocol.OpSnapshot], f.Now()
		j.body = append(j.body[:0], frame[protocol.FramePrefix:]...)
		j.h, j.load, _ = protocol.DecodeRequest(j.body)
		var err error
		if j.room, err = f.Admit(c.Conn, len(j.body)); err != nil {
			t.Fatal(err)
		}
		f.run(c.Context(), sc, j)
		delivered = len(c.Left())
		j = f.jobs.Get().(*job)
	}
	run()
	if n := testing.AllocsPerRun(200, run); n > 1 { // the pool may have been emptied by the garbage collector
		t.Errorf("%v allocations per request, want none", n)
	}
	if delivered == 0 {
		t.Error("nothing was answered")
	}
}

func BenchmarkHandle(b *testing.B) {
	for name, frame := range questions() {
		b.Run(name, func(b *testing.B) {
			c := onLoop(b)
			b.ReportAllocs()
			for b.Loop() {
				c.handle(b, frame)
			}
		})
	}
}

// BenchmarkPipeline is the way over the socket: one connection, so many requests at a time.
func BenchmarkPipeline(b *testing.B) {
	for _, op := range []string{"ping", "snapshot list"} {
		for _, depth := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%s/%d", op, depth), func(b *testing.B) {
				n, _ := startNode(b, memory())
				benchPipeline(b, n, questions()[op], depth)
			})
		}
	}
}

func benchPipeline(b *testing.B, n *Node, frame []byte, depth int) {
	p := connect(b, n)
	var batch []byte
	for range depth {
		batch = append(batch, frame...)
	}
	p.send(frame)
	var prefix [protocol.FramePrefix]byte
	if _, err := io.ReadFull(p.conn, prefix[:]); err != nil {
		b.Fatal(err)
	}
	size, err := protocol.FrameSize(prefix[:], protocol.DefaultMaxReply)
	if err != nil {
		b.Fatal(err)
	}
	in := make([]byte, depth*(size+protocol.FramePrefix))
	if _, err := io.ReadFull(p.conn, in[:size]); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		p.send(batch)
		if _, err := io.ReadFull(p.conn, in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(depth)*float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// BenchmarkSearch is the way through a worker and back.
func BenchmarkSearch(b *testing.B) {
	n, _ := startNode(b, memory())
	benchPipeline(b, n, (&peer{}).frame(protocol.OpSearch, &protocol.Search{Subjects: []string{subject(1)}}), 16)
}

// BenchmarkNewRequests is what a request costs that nobody has asked before, with replies kept for who asks again and without.
func BenchmarkNewRequests(b *testing.B) {
	const number = "00000000"
	for _, bytes := range []int{-1, 0} {
		b.Run(map[int]string{-1: "none are kept", 0: "replies are kept"}[bytes], func(b *testing.B) {
			o := memory()
			o.ReplyBytes = bytes
			n, err := Open(o)
			if err != nil {
				b.Fatal(err)
			}
			defer n.Close()
			fill(b, n)
			c := &socketless{Detached: n.listener.Detach(b.Context()), n: n}
			q := top(49)
			q.Subjects = append(q.Subjects, "no:"+number)
			frame := (&peer{}).frame(protocol.OpSnapshot, q)
			at := strings.Index(string(frame), number)
			for i := 0; b.Loop(); i++ {
				for digit, rest := len(number)-1, i; digit >= 0; digit, rest = digit-1, rest/10 {
					frame[at+digit] = '0' + byte(rest%10)
				}
				c.handle(b, frame)
			}
		})
	}
}

package client

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// pipeConn returns a running connection whose peer is a pipe without buffers.
func pipeConn(t *testing.T, room int) (c *conn, theirs net.Conn, wg *sync.WaitGroup) {
	ours, theirs := net.Pipe()
	c = newConn("pipe", ours, &protocol.Welcome{}, &Options{MaxInFlight: room, MaxReply: MinMaxReply})
	wg = &sync.WaitGroup{}
	c.run(wg, nil)
	t.Cleanup(func() {
		c.fail(ErrClosed)
		_ = theirs.Close()
		wg.Wait()
	})
	return c, theirs, wg
}

func submitPing(c *conn) *call {
	k := newCall(protocol.OpPing)
	k.buf = empty.AppendTo(k.buf)
	c.submit(k)
	return k
}

// Of five requests the first has been read whole, the second in part, the third is behind it in the same write, the
// fourth has not left the buffer and the fifth has no room.
func TestABrokenConnectionTellsWhatNeverLeft(t *testing.T) {
	c, theirs, wg := pipeConn(t, 4)
	first := submitPing(c)
	frame := make([]byte, c.appended)
	if _, err := io.ReadFull(theirs, frame); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock() // so that the writer takes both in one write
	for range 2 {
		k := newCall(protocol.OpPing)
		k.buf = empty.AppendTo(k.buf)
		c.admit(k)
	}
	second, third := c.table.entries[1].call, c.table.entries[2].call
	c.unlock()
	part := make([]byte, len(frame)-1)
	if _, err := io.ReadFull(theirs, part); err != nil { // the writer is inside its write from now on
		t.Fatal(err)
	}
	fourth, fifth := submitPing(c), submitPing(c)
	if stage, _ := stageOf(c, fifth); stage != StagePool {
		t.Fatalf("the fifth waits at %v, want pool", stage)
	}
	_ = theirs.Close()
	wg.Wait()
	for i, want := range []struct {
		k       *call
		stage   Stage
		left    bool // wholly
		perhaps bool // the reader may have noticed first, which cannot know how much left
	}{
		{first, StageRead, true, false},
		{second, StageWrite, false, true},
		{third, StageWrite, false, true},
		{fourth, StageWrite, false, false},
		{fifth, StagePool, false, false},
	} {
		<-want.k.done
		if !errors.Is(want.k.err, ErrConnLost) || want.k.stage != want.stage {
			t.Errorf("request %d: %v at %v, want a lost connection at %v", i+1, want.k.err, want.k.stage, want.stage)
		}
		if want.k.unsent == want.left && !want.perhaps {
			t.Errorf("request %d: unsent is %v", i+1, want.k.unsent)
		}
		want.k.release()
	}
}

// stageOf returns where a call is, without touching it.
func stageOf(c *conn, k *call) (Stage, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.state == callWaiting {
		return StagePool, true
	}
	return StageRead, k.end > c.handed
}

func TestCallsWaitForRoomInTheirOrder(t *testing.T) {
	c, theirs, _ := pipeConn(t, 1)
	var order []*call
	for range 4 {
		order = append(order, submitPing(c))
	}
	c.abandon(order[2], context.Canceled) // leaves the queue from its middle
	buf := make([]byte, 256)
	for _, i := range []int{0, 1, 3} {
		n, err := theirs.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		h, _, err := protocol.DecodeRequest(buf[protocol.FramePrefix:n])
		if err != nil {
			t.Fatal(err)
		}
		reply := empty.AppendTo(protocol.BeginReply(nil, &protocol.ReplyHeader{ID: h.ID, Applied: uint64(i)}))
		if _, err := theirs.Write(protocol.FinishFrame(reply, 0)); err != nil {
			t.Fatal(err)
		}
		<-order[i].done
		if order[i].err != nil || order[i].header.Applied != uint64(i) {
			t.Errorf("call %d: %v, answer %d", i, order[i].err, order[i].header.Applied)
		}
	}
}

// The table against a map: ids are unique among what is in use, and late ones are never taken for newer calls.
func TestTheTableOfCallsInFlight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 5
		table := newTable(limit)
		inUse, dead := map[uint64]*call{}, map[uint64]bool{0: true}
		ids := func() []uint64 {
			var all []uint64
			for id := range inUse {
				all = append(all, id)
			}
			return all
		}
		live := func() (n int) {
			for _, k := range inUse {
				if k != nil {
					n++
				}
			}
			return n
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				if len(inUse) == limit {
					t.Skip("full")
				}
				k := &call{}
				id := table.put(k)
				if _, twice := inUse[id]; twice || dead[id] {
					t.Fatalf("id %d was given twice", id)
				}
				inUse[id] = k
			},
			"take": func(t *rapid.T) {
				if len(inUse) == 0 {
					t.Skip("empty")
				}
				id := rapid.SampledFrom(ids()).Draw(t, "id")
				if k, known := table.take(id); !known || k != inUse[id] {
					t.Fatalf("take(%d) = %p %v, want %p", id, k, known, inUse[id])
				}
				delete(inUse, id)
				dead[id] = true
			},
			"give up": func(t *rapid.T) {
				for id, k := range inUse {
					if k != nil {
						table.giveUp(k)
						inUse[id] = nil
						return
					}
				}
				t.Skip("nobody waits")
			},
			"": func(t *rapid.T) {
				for id := range dead {
					if _, known := table.take(id); known {
						t.Fatalf("the dead id %d was taken", id)
					}
				}
				if table.used() != len(inUse) || table.live != live() {
					t.Fatalf("used %d live %d, want %d and %d", table.used(), table.live, len(inUse), live())
				}
			},
		})
	})
}

func TestPausesDoubleBetweenTheirBounds(t *testing.T) {
	b := backoff{50 * time.Millisecond, 2 * time.Second}
	for n, most := range map[int]time.Duration{0: 50, 1: 100, 5: 1600, 6: 2000, 60: 2000, 1000: 2000} {
		most *= time.Millisecond
		for range 100 {
			if got := b.pause(n); got < most/2-1 || got > most {
				t.Fatalf("pause %d is %v, want %v to %v", n, got, most/2, most)
			}
		}
	}
}

package replica_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/replica"
	"github.com/kamaitachi/kamaitachi/server/state"
)

func TestAWriteOnTheMasterIsOnAllNodes(t *testing.T) {
	c := three(t, nil)
	for i := range 20 {
		c.write(put(fmt.Sprint("s", i), float64(i)))
	}
	c.same()
	for _, n := range c.nodes {
		if got := n.value("s7"); got != 7 {
			t.Errorf("a node says %v", got)
		}
	}
}

func TestAWriteIsVisibleHereOnceAcknowledged(t *testing.T) {
	c := lone(t, options())
	c.write(createTable())
	for i := range 50 {
		index := c.write(put("s", float64(i)))
		if got := c.nodes[0].value("s"); got != float64(i) || c.nodes[0].state.Applied() < index {
			t.Fatalf("value %v after write %d", got, i)
		}
	}
}

func TestOnlyTheMasterOrdersWrites(t *testing.T) {
	c := three(t, nil)
	master := c.master()
	if err := master.SetNative("127.0.0.1:7080"); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.slaves() {
		within(t, "the slave names the master's native address", func() bool {
			_, err := n.Append(t.Context(), put("s", 1))
			if !errors.Is(err, protocol.ErrNotMaster) {
				t.Fatalf("a slave answers %v", err)
			}
			return protocol.AsError(err).Detail == "127.0.0.1:7080"
		})
	}
}

func TestAcknowledgedWritesOutliveTheMaster(t *testing.T) {
	c := three(t, nil)
	var mu sync.Mutex
	acknowledged := map[string]float64{}
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			origin := protocol.Origin{Client: protocol.ClientID{'w', byte(w)}}
			for i := 0; ctx.Err() == nil; i++ {
				subject := fmt.Sprint("w", w, "/", i)
				origin.Sequence++
				write := &protocol.Write{Put: &protocol.Put{Origin: origin,
					Reports: []protocol.Report{{Subject: subject, Values: []float64{float64(i)}}}}}
				if keepTrying(ctx, c.nodes, write) {
					mu.Lock()
					acknowledged[subject] = float64(i)
					mu.Unlock()
				}
			}
		})
	}
	acked := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(acknowledged)
	}
	within(t, "some writes", func() bool { return acked() > 50 })
	master := c.master()
	master.CutOff()
	before := acked()
	within(t, "writes by another master", func() bool { return acked() > before+50 })
	stop()
	writers.Wait()
	master.kill()
	for i, n := range c.nodes {
		if n == master {
			c.nodes[i] = n.again()
		}
	}
	c.same()
	for subject, want := range acknowledged {
		for i, n := range c.nodes {
			if got := n.value(subject); got != want {
				t.Fatalf("node %d says %v of %s, which was acknowledged as %v", i, got, subject, want)
			}
		}
	}
}

// keepTrying writes on whichever node takes it, as the SDK does.
func keepTrying(ctx context.Context, nodes []*node, w *protocol.Write) bool {
	for ctx.Err() == nil {
		for _, n := range nodes {
			if _, err := n.Append(ctx, w); err == nil {
				return true
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	return false
}

func TestAllNodesKilledAtOnceKeepWhatWasAcknowledged(t *testing.T) {
	c := three(t, nil)
	for i := range 30 {
		c.write(put(fmt.Sprint("s", i), float64(i)))
	}
	for _, n := range c.nodes {
		n.CutOff()
	}
	for _, n := range c.nodes {
		n.kill()
	}
	for i, n := range c.nodes {
		c.nodes[i] = n.again()
	}
	c.write(put("after", 1))
	c.same()
	for i := range 30 {
		if got := c.nodes[1].value(fmt.Sprint("s", i)); got != float64(i) {
			t.Errorf("s%d is %v", i, got)
		}
	}
}

func TestARepeatOnTheNextMasterIsCarriedOutOnce(t *testing.T) {
	c := three(t, nil)
	w := put("s", 1)
	first := c.write(w)
	c.write(put("s", 2))
	old := c.master()
	old.stop() // hands leadership over
	if c.master() == old {
		t.Fatal("a stopped node leads")
	}
	if again := c.write(w); again != first {
		t.Errorf("the repeat was answered with %d, the write with %d", again, first)
	}
	if got := c.master().value("s"); got != 2 {
		t.Errorf("the value is %v: the repeat was carried out", got)
	}
}

func TestAStandaloneDirectoryOpensAsAClusterOfOne(t *testing.T) {
	dir := t.TempDir()
	st, err := state.Open(dir, small(), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	single, err := replica.NewSingle(st, replica.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []*protocol.Write{createTable(), put("old", 1), put("old", 2), put("older", 3)} {
		if _, err := single.Append(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(single.Close(), st.Close()); err != nil {
		t.Fatal(err)
	}
	o := options()
	if _, err := openNode(t, dir, o); !errors.Is(err, replica.ErrHasData) {
		t.Errorf("without Bootstrap: %v, want %v", err, replica.ErrHasData)
	}
	o.Bootstrap = true
	c := &cluster{t, []*node{mustNode(t, dir, o)}}
	if index := c.write(put("new", 4)); index <= 4 {
		t.Errorf("the new write has index %d, the old ones had up to 4", index)
	}
	c.grow(o) // who joins has a log that does not reach back: it gets the data as a snapshot
	c.same()
	for i, n := range c.nodes {
		if n.value("old") != 2 || n.value("older") != 3 || n.value("new") != 4 {
			t.Errorf("node %d says %v, %v, %v", i, n.value("old"), n.value("older"), n.value("new"))
		}
	}
}

func TestALinearizableReadSeesWhatWasAcknowledgedElsewhere(t *testing.T) {
	c := three(t, nil)
	slaves := c.slaves()
	for i := range 30 {
		c.write(put("s", float64(i)))
		n := slaves[i%2]
		if err := n.Barrier(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := n.value("s"); got != float64(i) {
			t.Fatalf("after write %d a slave says %v", i, got)
		}
	}
}

func TestAMasterWithoutAMajorityAnswersNoLinearizableReadAndNoWrite(t *testing.T) {
	c := three(t, nil)
	master := c.master()
	for _, n := range c.slaves() {
		n.stop()
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := master.Barrier(ctx); err == nil {
		t.Error("a barrier was answered")
	} else if code := protocol.AsError(err).Code; code != protocol.CodeUnavailable && code != protocol.CodeNotMaster {
		t.Errorf("the barrier fails with %v: %v", code, err)
	}
	_, err := master.Append(ctx, put("s", 1))
	if code := protocol.AsError(err).Code; err == nil || code != protocol.CodeUnknownOutcome && code != protocol.CodeNotMaster {
		t.Errorf("the write fails with %v", err)
	}
}

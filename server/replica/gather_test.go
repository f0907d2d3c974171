package replica_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/replica"
	"github.com/kamaitachi/kamaitachi/server/state"
)

// gate is a state that applies an entry only when it is let.
type gate struct {
	*state.State
	held chan struct{} // gets a token for each entry that waits
	free chan struct{} // closed when all may go
}

func (g *gate) ApplyAll(entries []protocol.Entry) ([][]error, error) {
	for i := range entries {
		if len(entries[i].Writes) > 0 {
			select {
			case g.held <- struct{}{}:
			default:
			}
			<-g.free
		}
	}
	return g.State.ApplyAll(entries)
}

// gathering starts a cluster of one node whose first write is on its way and stays there until free is closed.
func gathering(t *testing.T, change func(*replica.RaftOptions)) (n *node, free chan struct{}, write func(*protocol.Write) <-chan uint64) {
	t.Helper()
	o := options()
	o.Bootstrap = true
	if change != nil {
		change(&o)
	}
	g := &gate{held: make(chan struct{}, 1), free: make(chan struct{})}
	n, err := openOver(t, t.TempDir(), o, func(s *state.State) replica.Machine { g.State = s; return g })
	if err != nil {
		t.Fatal(err)
	}
	(&cluster{t, []*node{n}}).master()
	write = func(w *protocol.Write) <-chan uint64 {
		index := make(chan uint64, 1)
		go func() {
			i, err := n.Append(t.Context(), w)
			if err != nil {
				t.Error(err)
			}
			index <- i
		}()
		return index
	}
	first := write(createTable())
	<-g.held
	t.Cleanup(func() { <-first })
	return n, g.free, write
}

func TestSmallWritesThatComeWhileAnEntryIsOnItsWayAreOneEntry(t *testing.T) {
	n, free, write := gathering(t, nil)
	var waiting []<-chan uint64
	for i := range 10 {
		waiting = append(waiting, write(put(fmt.Sprint("s", i), 1)))
	}
	within(t, "all wait together", func() bool { return n.Stats().Queued == len(waiting) })
	close(free)
	want := <-waiting[0]
	for _, w := range waiting[1:] {
		if got := <-w; got != want {
			t.Errorf("a write is in entry %d, the first is in %d", got, want)
		}
	}
}

func TestWhatIsLargeFollowsAnEntryThatIsOnItsWay(t *testing.T) {
	for name, change := range map[string]func(*replica.RaftOptions){
		"in bytes":  func(o *replica.RaftOptions) { o.Log.EntryBytes = 4 << 10 },
		"in writes": func(o *replica.RaftOptions) { o.Log.EntryWrites = 3 },
	} {
		t.Run(name, func(t *testing.T) {
			n, free, write := gathering(t, change)
			var waiting []<-chan uint64
			for i := range 3 {
				waiting = append(waiting, write(put(fmt.Sprint(strings.Repeat("s", 200), i), 1)))
			}
			within(t, "the writes have left the queue", func() bool { return n.Stats().Queued == 0 })
			close(free)
			for _, w := range waiting {
				<-w
			}
		})
	}
}

package torture

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/clustertest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

const (
	registers   = 10
	clerks      = 8 // clients of the registers
	clerkPause  = 8 * time.Millisecond
	clerkWait   = 3 * time.Second  // for one operation
	judgingWait = 60 * time.Second // for porcupine and one round
)

// operation is one operation on a register. Values are written once each, so a value that is read names its write.
type operation struct {
	clerk, register int
	write           bool
	value           float64 // written or read; 0 = the register's first
	began, ended    int64   // ns
	unknown         bool    // a write that may take effect at any time after it began, or never
}

// bank is the history of the registers.
type bank struct {
	sdk   *client.Client
	nodes []string // addresses
	born  time.Time
	value atomic.Int64 // the newest that was written

	mu    sync.Mutex
	round []operation        // since it was judged last
	open  []operation        // writes of unknown outcome, of all rounds, which nobody has read yet
	first [registers]float64 // what the registers held when it was judged last
	done  int                // operations that were ever judged
	lost  int                // writes whose outcome was unknown
}

func registerKey(i int) string { return fmt.Sprintf("33:9%05d", i) }

func (b *bank) now() int64 { return int64(time.Since(b.born)) }

func (b *bank) note(o operation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.round = append(b.round, o)
}

// clerk writes and reads registers until ctx ends.
func (b *bank) clerk(ctx context.Context, t testing.TB, n int, rng *rand.Rand) {
	for ctx.Err() == nil {
		register := rng.IntN(registers)
		switch rng.IntN(4) {
		case 0:
			b.read(t, n, register, "")
		case 1:
			b.read(t, n, register, b.nodes[rng.IntN(len(b.nodes))])
		default:
			b.write(t, n, register)
		}
		time.Sleep(clerkPause)
	}
}

// write writes a value that was never written before.
func (b *bank) write(t testing.TB, clerk, register int) {
	o := operation{clerk: clerk, register: register, write: true, value: float64(b.value.Add(1)), began: b.now()}
	ctx, cancel := context.WithTimeout(context.Background(), clerkWait)
	defer cancel()
	_, err := b.sdk.Put(ctx, &protocol.Put{IDs: []string{"1001"}, Reports: []protocol.Report{
		{Subject: registerKey(register), ReportDate: days[0], Values: []float64{o.value}}}})
	o.ended = b.now()
	switch {
	case err == nil:
		b.note(o)
	case outcomeUnknown(err):
		o.unknown = true
		b.note(o)
	case !expected(err):
		t.Errorf("a write of a register: %v", err)
	}
}

// read reads a register, at a node where one is named; what it does not learn it does not note.
func (b *bank) read(t testing.TB, clerk, register int, at string) {
	ctx, cancel := context.WithTimeout(context.Background(), clerkWait)
	defer cancel()
	if at != "" {
		ctx = client.At(ctx, at)
	}
	o := operation{clerk: clerk, register: register, began: b.now()}
	var err error
	if o.value, err = registerAt(client.Linearizable(ctx), b.sdk, register); err == nil {
		o.ended = b.now()
		b.note(o)
	} else if !expected(err) {
		t.Errorf("a read of a register: %v", err)
	}
}

// registerAt asks for the value of a register as ctx says.
func registerAt(ctx context.Context, sdk *client.Client, register int) (float64, error) {
	var r protocol.Result
	q := &protocol.Snapshot{View: protocol.View{IDs: []string{"1001"}}, Subjects: []string{registerKey(register)}}
	if err := sdk.Snapshot(ctx, q, &r); err != nil || r.Rows() == 0 {
		return 0, err
	}
	return r.Value(0, 0), nil
}

// judge has porcupine look at the round. Nobody may write or read. Afterwards every register is read once more: what that
// shows is what the next round begins with.
func (b *bank) judge(t testing.TB) (last [registers]float64) {
	t.Helper()
	for i := range last {
		last[i] = b.settled(t, i)
	}
	for i := range registers {
		history := b.history(i)
		b.done += len(history)
		switch porcupine.CheckOperationsTimeout(registerModel(b.first[i]), history, judgingWait) {
		case porcupine.Illegal:
			t.Errorf("the history of register %d is not linearizable; it began with %v:\n%s", i, b.first[i], printed(history))
		case porcupine.Unknown:
			t.Errorf("porcupine did not judge %d operations on register %d within %v", len(history), i, judgingWait)
		}
	}
	b.first, b.round = last, nil
	return last
}

// settled reads a register until it is read: a machine that is too busy may make the cluster elect at any time.
func (b *bank) settled(t testing.TB, register int) float64 {
	t.Helper()
	for deadline := time.Now().Add(clustertest.Patience); time.Now().Before(deadline); {
		before := len(b.round)
		if b.read(t, clerks, register, ""); len(b.round) > before {
			return b.round[before].value
		}
	}
	t.Fatalf("register %d cannot be read although all nodes are level", register)
	return 0
}

// history returns what porcupine is to judge of a register. A write of unknown outcome counts when its value was read: it
// took effect before the first of these reads ended. One whose value nobody has read yet may have taken effect or not
// without anybody being able to tell, so it waits for a later round.
func (b *bank) history(register int) []porcupine.Operation {
	var of []operation
	seen := map[float64]int64{} // when the first read of a value ended
	for _, o := range b.round {
		switch {
		case o.register != register:
			continue
		case o.unknown:
			b.lost++
			b.open = append(b.open, o)
			continue
		case !o.write:
			if ended, again := seen[o.value]; !again || o.ended < ended {
				seen[o.value] = o.ended
			}
		}
		of = append(of, o)
	}
	b.open = slices.DeleteFunc(b.open, func(o operation) bool {
		ended, read := seen[o.value]
		if read = read && o.register == register; read {
			o.ended = ended
			of = append(of, o)
		}
		return read
	})
	history := make([]porcupine.Operation, len(of))
	for i, o := range of {
		history[i] = porcupine.Operation{ClientId: o.clerk, Input: o, Call: o.began, Return: o.ended}
	}
	return history
}

// registerModel is a register that holds a value at first.
func registerModel(first float64) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return first },
		Step: func(state, input, _ any) (bool, any) {
			o := input.(operation)
			if o.write {
				return true, o.value
			}
			return o.value == state.(float64), state
		},
	}
}

// printed prints a history by the times at which its operations began.
func printed(history []porcupine.Operation) string {
	slices.SortFunc(history, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	var text strings.Builder
	for _, h := range history {
		o := h.Input.(operation)
		verb := "reads "
		if o.write {
			verb = "writes"
		}
		fmt.Fprintf(&text, "%12v %12v clerk %d %s %v", time.Duration(h.Call), time.Duration(h.Return), o.clerk, verb, o.value)
		if o.unknown {
			text.WriteString(" and does not learn it")
		}
		text.WriteString("\n")
	}
	return text.String()
}

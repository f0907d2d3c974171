package engine_test

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// target is an engine over a store in memory that can be reopened.
type target struct {
	*engine.Engine
	fs      vfs.FS
	store   *store.Store
	options engine.Options
	ordered bool // every ranking of a topic makes an order, and a past if need be
	stood   *engine.Stats
}

func open() oracletest.Target {
	t := &target{fs: vfs.NewMem()}
	if err := t.open(); err != nil {
		panic(fmt.Sprintf("open an empty engine: %v", err))
	}
	return t
}

func (t *target) open() (err error) {
	if t.store, err = store.Open("data", store.Options{FS: t.fs}); err != nil {
		return err
	}
	if t.Engine, err = engine.Open(t.store, t.options); err == nil && t.ordered {
		t.OrderAll()
	}
	return err
}

// Apply is one log entry of one write; what Check says must be what Apply says.
func (t *target) Apply(w *protocol.Write) (uint64, error) {
	index := t.Applied() + 1
	checked := t.Check(w)
	outcomes, err := t.Engine.Apply(index, []*protocol.Write{w})
	if err != nil {
		return index, err
	}
	if (checked == nil) != (outcomes[0] == nil) {
		return index, fmt.Errorf("Check says %v, Apply says %v", checked, outcomes[0])
	}
	return index, outcomes[0]
}

func (t *target) Close() error {
	if t.stood != nil {
		s := t.Stats()
		t.stood.Orders += s.Orders
		t.stood.Pasts += s.Pasts
	}
	return t.store.Close()
}

func (t *target) Reopen() error {
	if err := t.store.Close(); err != nil {
		return err
	}
	return t.open()
}

func TestEngineAnswersAsTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { oracletest.Check(t, open) })
}

func TestReadersSeeOneMomentWhileWritesAreApplied(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { oracletest.CheckRacing(t, 2, open) })
}

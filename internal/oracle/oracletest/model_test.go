package oracletest

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// modelTarget is a model that gives out indexes, so that the oracle can be held against itself.
type modelTarget struct {
	*oracle.Model
}

func newModelTarget() Target { return modelTarget{oracle.New()} }

func (m modelTarget) Apply(w *protocol.Write) (uint64, error) {
	index := m.Applied() + 1
	return index, m.Model.Apply(index, w)
}

// reopenable is a target that comes back as another model: one that replays the writes, but for those that it forgets.
type reopenable struct {
	Target
	log    []*protocol.Write
	forget int // of every so many writes one is lost; 0 = none
}

func (r *reopenable) Apply(w *protocol.Write) (uint64, error) {
	r.log = append(r.log, lend(w).write)
	return r.Target.Apply(w)
}

func (r *reopenable) Reopen() error {
	fresh := newModelTarget()
	for i, w := range r.log {
		if r.forget > 0 && i%r.forget == r.forget-1 {
			w = &protocol.Write{Put: &protocol.Put{}}
		}
		_, _ = fresh.Apply(w) // refused then, refused now
	}
	r.Target = fresh
	return nil
}

func TestTheOracleAgreesWithItselfReopened(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		Check(t, func() Target { return &reopenable{Target: newModelTarget()} })
	})
}

func TestAWriteLostByReopeningIsNoticed(t *testing.T) {
	run := rapid.Custom(func(t *rapid.T) string { return Run(t, &reopenable{Target: newModelTarget(), forget: 6}) })
	const most = 20
	for seed := range most {
		if run.Example(seed) != "" {
			return
		}
	}
	t.Errorf("%d random histories did not notice that every sixth write is lost", most)
}

func TestTheOracleAgreesWithItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { Check(t, newModelTarget) })
}

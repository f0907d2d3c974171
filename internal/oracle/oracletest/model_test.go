package oracletest

import (
	"sync"
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

// lockedTarget is a model behind a lock, for readers beside a writer.
type lockedTarget struct {
	mu sync.Mutex
	m  modelTarget
}

func (l *lockedTarget) do(f func(m modelTarget)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(l.m)
}

func TestTheOracleAgreesWithItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { Check(t, newModelTarget) })
}

package replica

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kamaitachi/kamaitachi/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// applied is one entry as the machine saw it.
type applied struct {
	index    uint64
	subjects []string // of the writes, in order
	times    []int64
}

// machine is a state machine that remembers its entries. Its zero value applies everything.
type machine struct {
	gate    chan struct{} // when set, each Apply takes one token
	entered chan struct{} // when set, each Apply puts one token on entry
	refuse  func(subject string) error
	fatal   error
	panics  any
	short   bool // one outcome too few

	mu      sync.Mutex
	index   uint64
	entries []applied
}

func (m *machine) Applied() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.index
}

func (m *machine) Apply(index uint64, writes []*protocol.Write) ([]error, error) {
	if m.entered != nil {
		m.entered <- struct{}{}
	}
	if m.gate != nil {
		<-m.gate
	}
	if m.panics != nil {
		panic(m.panics)
	}
	if m.fatal != nil {
		return make([]error, len(writes)), m.fatal
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if index != m.index+1 {
		return nil, fmt.Errorf("entry %d after %d", index, m.index)
	}
	m.index = index
	e := applied{index: index}
	outcomes := make([]error, len(writes))
	for i, w := range writes {
		subject := w.Delete.Subjects[0]
		if m.refuse != nil {
			outcomes[i] = m.refuse(subject)
		}
		e.subjects = append(e.subjects, subject)
		e.times = append(e.times, w.Time)
	}
	m.entries = append(m.entries, e)
	if m.short {
		outcomes = outcomes[1:]
	}
	return outcomes, nil
}

// write returns a write that names subject.
func write(subject string) *protocol.Write {
	return &protocol.Write{Delete: &protocol.Delete{Subjects: []string{subject}}}
}

// open returns a log over m that is closed with the test.
func open(t *testing.T, m *machine, o Options) *Single {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return time.Unix(1_000, 0) }
	}
	s, err := NewSingle(m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// outcome is what an Append returned.
type outcome struct {
	index uint64
	err   error
}

// append starts an Append and returns where its outcome will be.
func start(t *testing.T, s *Single, w *protocol.Write) <-chan outcome {
	t.Helper()
	before := s.Stats().Queued
	c := make(chan outcome, 1)
	go func() {
		index, err := s.Append(t.Context(), w)
		c <- outcome{index, err}
	}()
	for s.Stats().Queued == before && len(c) == 0 { // until it is in the queue, or was refused
		time.Sleep(time.Millisecond)
	}
	return c
}

// hold starts an Append that the machine keeps busy with until its gate gets a token.
func hold(t *testing.T, s *Single, m *machine) <-chan outcome {
	t.Helper()
	c := make(chan outcome, 1)
	go func() {
		index, err := s.Append(t.Context(), write("held"))
		c <- outcome{index, err}
	}()
	<-m.entered
	return c
}

// gated returns a machine that waits in each Apply.
func gated() *machine {
	return &machine{gate: make(chan struct{}, 100), entered: make(chan struct{}, 100)}
}

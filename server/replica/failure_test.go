package replica

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestAFailedStoreStopsTheLog(t *testing.T) {
	broken := errors.New("no space left on device")
	for _, tt := range []struct {
		name  string
		wreck func(*machine)
		is    error
		says  string
	}{
		{"error", func(m *machine) { m.fatal = broken }, broken, "no space left on device"},
		{"panic", func(m *machine) { m.panics = "index out of range" }, nil, "panic while entry 1 was applied: index out of range"},
		{"outcomes", func(m *machine) { m.short = true }, nil, "0 outcomes for the 1 writes of entry 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := gated()
			tt.wreck(m)
			s := open(t, m, Options{Logger: quiet()})
			committing := hold(t, s, m)
			queued := start(t, s, write("queued"))
			close(m.gate)
			check := func(what string, err error, want *protocol.Error) {
				t.Helper()
				if !errors.Is(err, want) || tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("%s: %v, want %v and %v", what, err, want, tt.is)
					return
				}
				if code := protocol.AsError(err).Code; code != want.Code {
					t.Errorf("%s travels as %v", what, code)
				}
				for _, text := range []string{want.Message, tt.says} {
					if !strings.Contains(err.Error(), text) {
						t.Errorf("%s says %q, want %q in it", what, err, text)
					}
				}
			}
			check("the write that was being committed", (<-committing).err, ErrUnknown)
			check("the write behind it", (<-queued).err, ErrFailed)
			_, err := s.Append(t.Context(), write("later"))
			check("a later write", err, ErrFailed)
		})
	}
}

func TestCloseFinishesWhatWaits(t *testing.T) {
	m := gated()
	s := open(t, m, Options{})
	held, queued := hold(t, s, m), start(t, s, write("queued"))
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	for { // until Close has begun
		s.mu.Lock()
		begun := s.mu.closed
		s.mu.Unlock()
		if begun {
			break
		}
	}
	if _, err := s.Append(t.Context(), write("late")); !errors.Is(err, ErrClosed) {
		t.Errorf("a write after Close: %v, want %v", err, ErrClosed)
	}
	close(m.gate)
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if got := <-held; got != (outcome{1, nil}) {
		t.Errorf("the write that was being committed: %v", got)
	}
	if got := <-queued; got != (outcome{2, nil}) {
		t.Errorf("the write behind it: %v", got)
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for name, o := range map[string]Options{
		"QueueWrites": {QueueWrites: -1}, "QueueBytes": {QueueBytes: -1},
		"EntryWrites": {EntryWrites: -1}, "EntryBytes": {EntryBytes: -1},
	} {
		if _, err := NewSingle(&machine{}, o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s -1: error %v, want it named", name, err)
		}
	}
}

func TestSizeCountsEveryPart(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for name, w := range map[string]*protocol.Write{
		"report subject":  {Put: &protocol.Put{Reports: []protocol.Report{{Subject: long}}}},
		"report values":   {Put: &protocol.Put{Reports: []protocol.Report{{Values: make([]float64, 125)}}}},
		"put ids":         {Put: &protocol.Put{IDs: []string{long}}},
		"delete":          {Delete: &protocol.Delete{Subjects: []string{long}}},
		"subject name":    {Subjects: &protocol.PutSubjects{Subjects: []protocol.SubjectUpdate{{Subject: protocol.Subject{Name: long}}}}},
		"subject topic":   {Subjects: &protocol.PutSubjects{Subjects: []protocol.SubjectUpdate{{Subject: protocol.Subject{Topics: []string{long}}}}}},
		"subject tag":     {Subjects: &protocol.PutSubjects{Subjects: []protocol.SubjectUpdate{{Subject: protocol.Subject{Tags: []protocol.Tag{{Text: long}}}}}}},
		"table indicator": {Tables: &protocol.PutTables{Tables: []protocol.Table{{Indicators: []protocol.Indicator{{Title: long}}}}}},
	} {
		if n := size(w); n < 1000 || n > 1000+1000 {
			t.Errorf("%s: %d bytes for a write of a little more than 1,000", name, n)
		}
	}
}

package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestAMarkIsKeptAndReplaced(t *testing.T) {
	fs := vfs.NewMem()
	s := mustOpen(t, "db", memOptions(fs))
	if mark, err := s.Mark(); err != nil || mark != "" {
		t.Errorf("a new store has the mark %q (%v)", mark, err)
	}
	for _, bad := range []string{"", "12", strings.Repeat("x", 32)} {
		if err := s.SetMark(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("mark %q: error is %v, want ErrInvalid", bad, err)
		}
	}
	first, second := strings.Repeat("0a", 16), strings.Repeat("f1", 16)
	must(t, s.SetMark(first))
	must(t, s.SetMark(second))
	must(t, s.Close())
	s = mustOpen(t, "db", memOptions(fs))
	if mark, err := s.Mark(); err != nil || mark != second {
		t.Errorf("the mark is %q (%v), want %q", mark, err, second)
	}
	must(t, s.Close())
	o := memOptions(fs)
	o.ReadOnly = true
	s = mustOpen(t, "db", o)
	if err := s.SetMark(first); !errors.Is(err, ErrReadOnly) {
		t.Errorf("read-only: error is %v, want ErrReadOnly", err)
	}
	must(t, s.Close())
	report, err := verify("db", memOptions(fs))
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("verify: %v, %v", err, report)
	}
}

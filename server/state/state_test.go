package state_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/state"
	"github.com/kamaitachi/kamaitachi/server/store"
)

func open(t *testing.T, dir string) *state.State {
	t.Helper()
	s, err := state.Open(dir, store.Options{}, engine.Options{})
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

// fill writes table 1 and n subjects, s0 with the value given.
func fill(t *testing.T, s *state.State, n int, value float64) {
	t.Helper()
	tables := &protocol.PutTables{Tables: []protocol.Table{{Number: 1, Name: "finance", Indicators: []protocol.Indicator{{ID: "income", Code: "1"}}}}}
	writes := []*protocol.Write{{Tables: tables}}
	for i := range n {
		writes = append(writes, &protocol.Write{Put: &protocol.Put{Reports: []protocol.Report{{Subject: fmt.Sprint("s", i), Values: []float64{value}}}}})
	}
	if _, err := s.ApplyAll([]protocol.Entry{{Index: s.Applied() + 1, Time: 1000, Writes: writes}}); err != nil {
		t.Fatal(err)
	}
}

func value(t *testing.T, s *state.State) float64 {
	t.Helper()
	var r protocol.Result
	if err := s.Engine().Get(&protocol.Get{Subject: "s0"}, &r); err != nil {
		t.Fatal(err)
	}
	return r.Values[0]
}

// copyOf returns the directory of a checkpoint of s, below dir.
func copyOf(t *testing.T, s *state.State, dir string) string {
	t.Helper()
	to := filepath.Join(dir, "copy")
	if err := s.Checkpoint(to); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestARestoredStateIsTheOtherNodesUnderItsOwnID(t *testing.T) {
	source := open(t, t.TempDir())
	fill(t, source, 3, 7)
	cluster, _ := source.Identity()
	dir := t.TempDir()
	s := open(t, dir)
	_, node := s.Identity()
	if err := s.Adopt(cluster); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second replaces what the first put in a directory of its own
		if err := s.Restore(copyOf(t, source, dir)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(s *state.State) {
		t.Helper()
		if c, n := s.Identity(); c != cluster || n != node || !s.Member() {
			t.Errorf("it is node %s of %s, want %s of %s; member %v", n, c, node, cluster, s.Member())
		}
		if value(t, s) != 7 || s.Applied() != 1 || s.Time() != 1000 {
			t.Errorf("value %v at %d of time %d", value(t, s), s.Applied(), s.Time())
		}
	}
	check(s)
	fill(t, s, 1, 8)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, n := range names {
		left = append(left, n.Name())
	}
	if got := strings.Join(left, " "); got != "ACTIVE store-2" {
		t.Errorf("the directory holds %s", got)
	}
	if _, err := store.Verify(dir); err != nil {
		t.Error(err)
	}
	if again := open(t, dir); value(t, again) != 8 || again.Applied() != 2 {
		t.Errorf("after opening again: %v at %d", value(t, again), again.Applied())
	}
}

func TestWhatCannotBeRestoredLeavesTheState(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	fill(t, s, 1, 1)
	foreign := open(t, t.TempDir())
	fill(t, foreign, 1, 2)
	if err := s.Restore(copyOf(t, foreign, dir)); !errors.Is(err, state.ErrOtherCluster) {
		t.Errorf("of another cluster: %v", err)
	}
	damaged := copyOf(t, s, dir)
	names, err := filepath.Glob(filepath.Join(damaged, "MANIFEST-*"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	if err := os.Truncate(names[0], 3); err != nil {
		t.Fatal(err)
	}
	if err := s.Restore(damaged); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("damaged: %v", err)
	}
	if value(t, s) != 1 {
		t.Errorf("the value is %v", value(t, s))
	}
	fill(t, s, 1, 3)
	if left, err := filepath.Glob(filepath.Join(dir, "store-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// What a crash leaves behind before the replacement counts for nothing and is removed.
func TestAnUnfinishedRestoreIsRemovedAtStart(t *testing.T) {
	dir := t.TempDir()
	s, err := state.Open(dir, store.Options{}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, 1, 1)
	copied := copyOf(t, s, dir)
	fill(t, s, 1, 2)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(copied, filepath.Join(dir, "store-1")); err != nil {
		t.Fatal(err)
	}
	if again := open(t, dir); value(t, again) != 2 {
		t.Errorf("the value is %v", value(t, again))
	}
	if _, err := os.Stat(filepath.Join(dir, "store-1")); !os.IsNotExist(err) {
		t.Errorf("store-1: %v", err)
	}
}

func TestADirectoryThatIsNamedAndMissingIsDamage(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	for _, text := range []string{"store-4\n", "store-4", "../store-4\n", "store-04\n", ""} {
		if err := os.WriteFile(filepath.Join(dir, "ACTIVE"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := state.Open(dir, store.Options{}, engine.Options{}); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestOnlyAStateWithoutDataTakesOnACluster(t *testing.T) {
	dir := t.TempDir()
	s, err := state.Open(dir, store.Options{}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const one, two = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
	if err := s.Adopt(one); err != nil {
		t.Fatal(err)
	}
	_, node := s.Identity()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if c, n := s.Identity(); c != one || n != node {
		t.Errorf("node %s of %s, want %s of %s", n, c, node, one)
	}
	fill(t, s, 1, 1)
	if err := s.Adopt(two); !errors.Is(err, state.ErrOtherCluster) {
		t.Errorf("with data: %v", err)
	}
	if err := s.Adopt(one); err != nil {
		t.Errorf("its own: %v", err)
	}
}

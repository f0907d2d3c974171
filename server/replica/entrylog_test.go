package replica

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"pgregory.net/rapid"
)

// openEntries opens the entry log of a directory.
func openEntries(t interface {
	Fatal(args ...any)
}, dir string) *entryLog {
	l, err := openEntryLog(dir, entryLogger{&Raft{}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func entriesFrom(t *rapid.T, index uint64) []*raft.Log {
	var out []*raft.Log
	for i := range rapid.IntRange(1, 5).Draw(t, "entries") {
		e := &raft.Log{Index: index + uint64(i), Term: rapid.Uint64Range(1, 9).Draw(t, "term"), Type: raft.LogCommand,
			Data: rapid.SliceOf(rapid.Byte()).Draw(t, "data")}
		if rapid.Bool().Draw(t, "more") {
			e.Type, e.Extensions, e.AppendedAt = raft.LogBarrier, []byte("more"), time.Unix(1, int64(i)).UTC()
		}
		out = append(out, e)
	}
	return out
}

// TestTheEntryLogKeepsWhatTheLibraryGivesIt appends, cuts head and tail and opens again, beside a list.
func TestTheEntryLogKeepsWhatTheLibraryGivesIt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		l := openEntries(rt, dir)
		var want []*raft.Log
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			next := rapid.Uint64Range(1, 5).Draw(rt, "begin")
			if len(want) > 0 {
				next = want[len(want)-1].Index + 1
			}
			switch step := rapid.SampledFrom([]string{"append", "append", "head", "tail", "open"}).Draw(rt, "step"); {
			case step == "append":
				more := entriesFrom(rt, next)
				if err := l.StoreLogs(more); err != nil {
					rt.Fatal(err)
				}
				want = append(want, more...)
			case step == "open":
				if err := l.Close(); err != nil {
					rt.Fatal(err)
				}
				l = openEntries(rt, dir)
			case len(want) > 0:
				n := rapid.IntRange(1, len(want)).Draw(rt, "cut")
				cut := want[:n]
				if step == "head" {
					want = want[n:]
				} else {
					cut, want = want[len(want)-n:], want[:len(want)-n]
				}
				if err := l.DeleteRange(cut[0].Index, cut[n-1].Index); err != nil {
					rt.Fatal(err)
				}
			}
			holds(rt, l, want)
		}
		if err := l.Close(); err != nil {
			rt.Fatal(err)
		}
	})
}

func holds(t *rapid.T, l *entryLog, want []*raft.Log) {
	first, last := uint64(0), uint64(0)
	if len(want) > 0 {
		first, last = want[0].Index, want[len(want)-1].Index
	}
	if f, _ := l.FirstIndex(); f != first {
		t.Fatalf("it begins at %d, want %d", f, first)
	}
	if n, _ := l.LastIndex(); n != last {
		t.Fatalf("it ends at %d, want %d", n, last)
	}
	var got raft.Log
	for _, w := range want {
		if err := l.GetLog(w.Index, &got); err != nil || got.Term != w.Term || got.Type != w.Type ||
			!bytes.Equal(got.Data, w.Data) || !bytes.Equal(got.Extensions, w.Extensions) || !got.AppendedAt.Equal(w.AppendedAt) {
			t.Fatalf("entry %d is %+v, %v; want %+v", w.Index, got, err, w)
		}
	}
	for _, gone := range []uint64{first - 1, last + 1} {
		if err := l.GetLog(gone, &got); !errors.Is(err, raft.ErrLogNotFound) {
			t.Fatalf("entry %d is there: %v", gone, err)
		}
	}
}

// BenchmarkStoreLogs appends an entry of 8 KiB, on disk, as 64 writers make it.
func BenchmarkStoreLogs(b *testing.B) {
	bolt, err := raftboltdb.NewBoltStore(filepath.Join(b.TempDir(), "bolt"))
	if err != nil {
		b.Fatal(err)
	}
	defer bolt.Close()
	entries := openEntries(b, b.TempDir())
	defer entries.Close()
	for name, store := range map[string]raft.LogStore{"pebble": entries, "bbolt": bolt} {
		b.Run(name, func(b *testing.B) {
			e := &raft.Log{Term: 1, Data: make([]byte, 8<<10)}
			for b.Loop() {
				e.Index++
				if err := store.StoreLog(e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
)

// files are the files of a directory by name.
type files map[string][]byte

func readFiles(t *testing.T, fs vfs.FS, dir string) files {
	t.Helper()
	names, err := fs.List(dir)
	must(t, err)
	out := files{}
	for _, name := range names {
		f, err := fs.Open(fs.PathJoin(dir, name))
		if errors.Is(err, iofs.ErrNotExist) {
			continue // Pebble has no more use for it
		}
		must(t, err)
		out[name], err = io.ReadAll(f)
		must(t, err)
		must(t, f.Close())
	}
	return out
}

// with returns a new file system with the files in directory db, one of them changed; nil removes it.
func (fl files) with(t *testing.T, name string, data []byte) vfs.FS {
	t.Helper()
	fs := vfs.NewMem()
	must(t, fs.MkdirAll("db", 0o755))
	for n, d := range fl {
		if n == name {
			if d = data; d == nil {
				continue
			}
		}
		f, err := fs.Create(fs.PathJoin("db", n), vfs.WriteCategoryUnspecified)
		must(t, err)
		_, err = f.Write(bytes.Clone(d)) // under the race detector Pebble spoils what it was given
		must(t, err)
		must(t, f.Close())
	}
	return fs
}

// killedStore is a directory as kill -9 leaves it: data files, a manifest of several records, and a log with three
// commits. states are the contents after each commit.
func killedStore(t *testing.T) (fl files, states map[uint64]content) {
	t.Helper()
	fs := vfs.NewMem()
	s := mustOpen(t, "db", memOptions(fs))
	states = map[uint64]content{}
	for i := range 5 {
		commit(t, s, uint64(i+1), func(b *Batch) { market(b, i*8, 8, 3) })
		if i < 2 {
			must(t, s.flush())
		}
		c, err := read(s, 1)
		must(t, err)
		states[c.Applied] = c
	}
	settle(t, s)
	s.stop() // what the keeper has not written yet, it writes before the picture is taken
	s.keep()
	fl = readFiles(t, fs, "db")
	s.startKeeper()
	must(t, s.Close())
	return fl, states
}

// settle waits until Pebble has compacted what it wants to and deleted what it has no more use for: damage of a file that
// nobody needs is not found, and a compaction in the middle of the picture would make one that never was on disk.
func settle(t *testing.T, s *Store) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		m := s.db.Metrics()
		left := m.Compact.NumInProgress + m.Table.ObsoleteCount + m.Table.ZombieCount
		if left == 0 {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("Pebble does not come to rest: %v", m)
		}
	}
}

// kindOf tells what a file is for.
func kindOf(name string) string {
	switch {
	case strings.HasSuffix(name, ".sst"):
		return "data"
	case strings.HasSuffix(name, ".log"):
		return "log"
	case strings.HasPrefix(name, "MANIFEST-"):
		return "manifest"
	case strings.HasPrefix(name, "OPTIONS-"):
		return "options"
	}
	return name
}

// Ways to damage a file at a place.
var damages = map[string]func(data []byte, at int) []byte{
	"bit":  func(d []byte, at int) []byte { d[at] ^= 1 << (at % 8); return d },
	"byte": func(d []byte, at int) []byte { d[at] ^= 0xff; return d },
	"cut":  func(d []byte, at int) []byte { return d[:at] },
}

// Every file of a killed store is damaged in many places. Damage of data files, the manifest and the mark is always
// found, and named. That of the options, of which Pebble checks what matters, and of the log is found or harmless: what
// is read is what was committed, up to some commit that all files before the log know of.
func TestDamageIsFoundAndNeverServed(t *testing.T) {
	places := 25
	if testing.Short() {
		places = 10
	}
	fl, states := killedStore(t)
	kinds := map[string]int{}
	for name, data := range fl {
		kind := kindOf(name)
		if len(data) > 0 {
			kinds[kind]++
		}
		for at := 0; at < len(data); at += max(1, len(data)/places) {
			for how, damage := range damages {
				fs := fl.with(t, name, damage(bytes.Clone(data), at))
				err := checkDamaged(fs, states)
				where := fmt.Sprintf("%s, %s at byte %d of %d", name, how, at, len(data))
				switch {
				case err == nil && (kind == "data" || kind == "manifest" || kind == durableName):
					t.Errorf("%s: not found", where)
				case err != nil && !errors.Is(err, ErrDamaged):
					t.Errorf("%s: error is not ErrDamaged: %v", where, err)
				case err != nil && strings.Contains(err.Error(), "\n"):
					t.Errorf("%s: error is more than a line: %v", where, err)
				case err != nil && !namesPlace(err, name):
					t.Errorf("%s: error names neither file nor record: %v", where, err)
				}
			}
		}
	}
	for _, kind := range []string{"data", "manifest", "log", "options", durableName} {
		if kinds[kind] == 0 {
			t.Errorf("there was no file of kind %q to damage", kind)
		}
	}
}

func namesPlace(err error, name string) bool {
	text := err.Error()
	number, _, _ := strings.Cut(name, ".")
	return strings.Contains(text, name) || strings.Contains(text, number) || strings.Contains(text, "record ")
}

// checkDamaged opens a store, reads and verifies it. It returns the error that any of these ends in, or that what was
// read is not what was committed.
func checkDamaged(fs vfs.FS, states map[uint64]content) error {
	s, err := Open("db", memOptions(fs))
	if err != nil {
		return err
	}
	got, err := read(s, 1)
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	want, ok := states[got.Applied]
	if !ok {
		return fmt.Errorf("applied %d was never committed", got.Applied)
	}
	if d := cmp.Diff(want, got, sameBits); d != "" {
		return fmt.Errorf("contents differ from those after commit %d (-want +got):\n%s", got.Applied, d)
	}
	_, err = verify("db", memOptions(fs))
	return err
}

// A commit in the log that others follow was acknowledged: its damage is no crash.
func TestDamageBeforeALaterCommitInTheLogIsFound(t *testing.T) {
	fl, states := killedStore(t)
	var name string // of the newest log
	for n := range fl {
		if kindOf(n) == "log" && n > name {
			name = n
		}
	}
	for at := range len(fl[name]) / 3 {
		data := bytes.Clone(fl[name])
		data[at] ^= 0xff
		if err := checkDamaged(fl.with(t, name, data), states); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), name) {
			t.Fatalf("byte %d of %s: error is %v, want ErrDamaged that names the file", at, name, err)
		}
	}
}

func TestMissingFileIsDamage(t *testing.T) {
	fl, states := killedStore(t)
	for name := range fl {
		err := checkDamaged(fl.with(t, name, nil), states)
		switch kind := kindOf(name); {
		case kind == "data", kind == "manifest", strings.HasPrefix(name, "marker."):
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("without %s: error is %v, want ErrDamaged", name, err)
			}
		case kind == "log": // not more than what is lost with the power
			if err != nil && !errors.Is(err, ErrDamaged) {
				t.Errorf("without %s: %v", name, err)
			}
		default:
			if err != nil {
				t.Errorf("without %s: %v, want none: it can be made again", name, err)
			}
		}
	}
}

// Also without a mark, as after restoring, a damaged manifest never makes an empty store.
func TestDamagedManifestIsFoundWithoutAMark(t *testing.T) {
	fl, _ := killedStore(t)
	delete(fl, durableName)
	name := largest(fl, "manifest")
	scan, err := scanChunks(bytes.NewReader(fl[name][:100]), func(chunk) bool { return true })
	must(t, err)
	if scan.whole == 0 {
		t.Fatal("the first record of the manifest is longer than this test thinks")
	}
	for at := range int(scan.whole) {
		data := bytes.Clone(fl[name])
		data[at] ^= 0xff
		_, err := Open("db", memOptions(fl.with(t, name, data)))
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), name) {
			t.Fatalf("byte %d of %s: error is %v, want ErrDamaged that names the file", at, name, err)
		}
	}
}

// After an orderly end there is nothing in the logs, so that not even their loss loses anything.
func TestCloseLeavesNothingInTheLog(t *testing.T) {
	fs := vfs.NewMem()
	s := mustOpen(t, "db", memOptions(fs))
	commit(t, s, 1, func(b *Batch) { market(b, 0, 8, 3) })
	want, err := read(s, 1)
	must(t, err)
	must(t, s.Close())
	names, err := fs.List("db")
	must(t, err)
	for _, name := range names {
		if kindOf(name) == "log" {
			must(t, fs.Remove(fs.PathJoin("db", name)))
		}
	}
	s = mustOpen(t, "db", memOptions(fs))
	got, err := read(s, 1)
	must(t, err)
	must(t, s.Close())
	if d := cmp.Diff(want, got, sameBits); d != "" {
		t.Error(d)
	}
}

// Once damage was met, be it by a reader or by Pebble's background work, nothing more is written: a damaged copy must not
// go on acknowledging.
func TestDamageStopsCommits(t *testing.T) {
	fs := vfs.NewMem()
	s := mustOpen(t, "db", memOptions(fs))
	commit(t, s, 1, func(b *Batch) { market(b, 0, 300, 20) })
	must(t, s.Close())
	fl := readFiles(t, fs, "db")
	name := largest(fl, "data")
	data := bytes.Clone(fl[name])
	data[len(data)/2] ^= 1
	s = mustOpen(t, "db", memOptions(fl.with(t, name, data)))
	if _, err := read(s, 1); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), name) {
		t.Errorf("read: error is %v, want ErrDamaged that names %s", err, name)
	}
	b := s.NewBatch()
	if err := b.Commit(2, true); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), name) {
		t.Errorf("commit after damage was met: error is %v, want ErrDamaged that names %s", err, name)
	}
	must(t, b.Close())
	must(t, s.Close())
}

// largest returns the name of the largest file of a kind.
func largest(fl files, kind string) string {
	var name string
	for n, data := range fl {
		if kindOf(n) == kind && len(data) > len(fl[name]) {
			name = n
		}
	}
	return name
}

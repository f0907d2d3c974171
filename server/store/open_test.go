package store

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// helperEnv tells the test binary, started by a test, what to do instead of testing.
const helperEnv = "KAMAITACHI_STORE_HELPER"

func TestOpenCreatesWhateverThePathIsCalled(t *testing.T) {
	for _, name := range []string{"master", "master.db", "a/b/c"} {
		dir := filepath.Join(t.TempDir(), name)
		s := mustOpen(t, dir, Options{Logger: quiet()})
		if len(s.ClusterID()) != 32 || len(s.NodeID()) != 32 || s.ClusterID() == s.NodeID() || s.Applied() != 0 {
			t.Errorf("%s: cluster %q, node %q, applied %d", name, s.ClusterID(), s.NodeID(), s.Applied())
		}
		must(t, s.Close())
	}
}

func TestReopenFindsIdsAppliedIndexAndRows(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{Logger: quiet()})
	commit(t, s, 41, func(b *Batch) { market(b, 0, 10, 4) })
	commit(t, s, 42, func(b *Batch) { b.DeleteRows(1, "33:00000003"); b.DeleteStamp(1, "33:00000003") })
	want, err := read(s, 1)
	must(t, err)
	cluster, node := s.ClusterID(), s.NodeID()
	must(t, s.Close())
	for _, o := range []Options{{}, {ReadOnly: true}, {CacheBytes: 1 << 20, MemTableBytes: 1 << 20}} {
		o.Logger = quiet()
		s := mustOpen(t, dir, o)
		got, err := read(s, 1)
		must(t, err)
		if d := cmp.Diff(want, got, sameBits); d != "" {
			t.Errorf("%+v: -want +got:\n%s", o, d)
		}
		if s.ClusterID() != cluster || s.NodeID() != node || s.Applied() != 42 {
			t.Errorf("%+v: cluster %s, node %s, applied %d; want %s, %s, 42", o, s.ClusterID(), s.NodeID(), s.Applied(), cluster, node)
		}
		must(t, s.Close())
	}
	other := mustOpen(t, t.TempDir(), Options{Logger: quiet()})
	if other.ClusterID() == cluster || other.NodeID() == node {
		t.Error("two stores were created with one id")
	}
	must(t, other.Close())
}

func TestOpenRefusesALockedDirectory(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{Logger: quiet()})
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(dir, link))
	t.Chdir(filepath.Dir(dir))
	for _, spelling := range []string{dir, filepath.Base(dir), "./" + filepath.Base(dir) + "/.", link} {
		for _, readOnly := range []bool{false, true} {
			_, err := Open(spelling, Options{Logger: quiet(), ReadOnly: readOnly})
			if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), spelling) {
				t.Errorf("second Open of %s: error is %v, want ErrLocked that names it", spelling, err)
			}
		}
	}
	out, err := helper(t, "open", dir)
	if err == nil || !strings.Contains(out, "locked") {
		t.Errorf("Open in another process: %v, it said: %s", err, out)
	}
	must(t, s.Close())
	if out, err := helper(t, "open", dir); err != nil {
		t.Errorf("Open in another process after Close: %v, it said: %s", err, out)
	}
}

// helper runs TestHelper in another process.
func helper(t *testing.T, do, dir string) (output string, err error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelper$")
	cmd.Env = append(os.Environ(), helperEnv+"="+do+" "+dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestHelper is what other tests start as another process.
func TestHelper(t *testing.T) {
	do, dir, ok := strings.Cut(os.Getenv(helperEnv), " ")
	if !ok {
		t.Skip("only as a helper process")
	}
	switch do {
	case "open":
		s, err := Open(dir, Options{Logger: quiet()})
		if errors.Is(err, ErrLocked) {
			t.Fatal("locked")
		}
		must(t, err)
		must(t, s.Close())
	case "fatal":
		pebbleLogger{log: quiet()}.Fatalf("fatal")
		os.Exit(0) // not reached: the caller waits for status 1
	}
}

func TestFatalfEndsTheProcess(t *testing.T) {
	_, err := helper(t, "fatal", "-")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("the process ended with %v, want exit status 1", err)
	}
}

func TestOpenRefusesWhatIsNoStore(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) string {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte("hello"), 0o644))
		return path
	}
	foreign := filepath.Join(dir, "foreign")
	foreignDB(t, foreign)
	cases := []struct {
		name, path string
		readOnly   bool
		want       error
		text       string
	}{
		{"a plain file", write("file"), false, ErrNotStore, "file"},
		{"a directory with other files", filepath.Dir(write("docs/thesis.tex")), false, ErrNotStore, "thesis.tex"},
		{"a directory of LevelDB", filepath.Dir(write("level/CURRENT")), false, ErrFormat, "CURRENT"},
		{"data files without a marker", filepath.Dir(write("lost/000004.sst")), false, ErrDamaged, "000004.sst"},
		{"a Pebble database of another program", foreign, false, ErrFormat, "another program"},
		{"nothing, read-only", filepath.Join(dir, "new"), true, ErrNotStore, "new"},
		{"an empty directory, read-only", t.TempDir(), true, ErrNotStore, ""},
	}
	for _, c := range cases {
		_, err := Open(c.path, Options{Logger: quiet(), ReadOnly: c.readOnly})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.path) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: error is %v, want %v that names %s and %q", c.name, err, c.want, c.path, c.text)
		}
	}
	names, err := os.ReadDir(filepath.Join(dir, "docs"))
	must(t, err)
	if len(names) != 1 {
		t.Errorf("the refused directory was changed: %v", names)
	}
	if _, err := os.Stat(filepath.Join(dir, "new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("read-only created a directory: %v", err)
	}
}

// foreignDB makes a Pebble database with a record that is not ours.
func foreignDB(t *testing.T, dir string) {
	t.Helper()
	db, err := pebble.Open(dir, &pebble.Options{Logger: pebbleLogger{log: quiet()}})
	must(t, err)
	must(t, db.Set([]byte("theirs"), nil, pebble.Sync))
	must(t, db.Close())
}

func TestOpenRefusesNewerFormats(t *testing.T) {
	mem := vfs.NewMem()
	s := mustOpen(t, "db", memOptions(mem))
	must(t, s.Close())
	pristine := readFiles(t, mem, "db")

	t.Run("of records", func(t *testing.T) {
		for value, text := range map[string]string{"kamaitachi/2": "kamaitachi/2", "other/1": "other/1", "kamaitachi/x": "kamaitachi/x"} {
			fsys := pristine.with(t, "", nil)
			db, err := pebble.Open("db", &pebble.Options{FS: fsys, FormatMajorVersion: pebble.FormatNewest, Logger: pebbleLogger{log: quiet()}})
			must(t, err)
			must(t, db.Set(keyFormat, []byte(value), pebble.Sync))
			must(t, db.Close())
			_, err = Open("db", memOptions(fsys))
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), text) {
				t.Errorf("format %q: error is %v, want ErrFormat that names it", value, err)
			}
		}
	})
	t.Run("of the mark", func(t *testing.T) {
		lines := "kamaitachi/2\nsomething new\n"
		_, err := Open("db", memOptions(pristine.with(t, durableName, []byte(lines+sumLine(lines)))))
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "kamaitachi/2") {
			t.Errorf("error is %v, want ErrFormat that names kamaitachi/2", err)
		}
	})
	t.Run("of Pebble", func(t *testing.T) {
		fsys := pristine.with(t, "", nil)
		f, err := fsys.Create("db/marker.format-version.999999.999", vfs.WriteCategoryUnspecified)
		must(t, err)
		must(t, f.Close())
		_, err = Open("db", memOptions(fsys))
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "999") {
			t.Errorf("error is %v, want ErrFormat that names 999", err)
		}
	})
}

// Records of one store and the mark of another: somebody copied half a directory.
func TestOpenRefusesMixedDirectories(t *testing.T) {
	var of [2]files
	for i := range of {
		mem := vfs.NewMem()
		must(t, mustOpen(t, "db", memOptions(mem)).Close())
		of[i] = readFiles(t, mem, "db")
	}
	_, err := Open("db", memOptions(of[0].with(t, durableName, of[1][durableName])))
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), durableName) {
		t.Errorf("error is %v, want ErrDamaged that names %s", err, durableName)
	}
}

func TestOptionsAreValidated(t *testing.T) {
	for _, o := range []Options{{CacheBytes: -1}, {MemTableBytes: 1}, {MemTableBytes: 1 << 32}} {
		o.FS = vfs.NewMem()
		if s, err := Open("db", o); err == nil {
			t.Errorf("%+v was accepted", o)
			must(t, s.Close())
		}
	}
}

func TestUseAfterCloseIsAnError(t *testing.T) {
	s := mustOpen(t, "db", memOptions(vfs.NewMem()))
	b := s.NewBatch()
	must(t, s.Close())
	must(t, s.Close())
	_, tables := s.Tables()
	_, rows := s.Series(1, "a")
	_, hash := s.RowHash()
	for name, err := range map[string]error{
		"Tables": tables, "Series": rows, "RowHash": hash, "Commit": b.Commit(1, true),
		"EachSubject": s.EachSubject(func(*protocol.Subject) error { return nil }),
		"EachSeries":  s.EachSeries(1, func(string, protocol.Stamp, []protocol.Report) error { return nil }),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: error is %v, want ErrClosed", name, err)
		}
	}
	must(t, b.Close())
	must(t, s.NewBatch().Close())
}

// Close waits for a reader that is under way, and one that starts after it does not get in.
func TestCloseWaitsForReaders(t *testing.T) {
	s := mustOpen(t, "db", memOptions(vfs.NewMem()))
	commit(t, s, 1, func(b *Batch) { market(b, 0, 3, 2) })
	closed := make(chan error)
	seen := 0
	err := s.EachSubject(func(*protocol.Subject) error {
		if seen++; seen == 1 {
			go func() { closed <- s.Close() }()
			for s.use() == nil { // until Close has begun
				s.done()
			}
		}
		select {
		case err := <-closed:
			t.Errorf("closed while a reader was under way: %v", err)
		default:
		}
		return nil
	})
	must(t, err)
	must(t, <-closed)
	if seen != 3 {
		t.Errorf("the reader saw %d subjects, want 3", seen)
	}
}

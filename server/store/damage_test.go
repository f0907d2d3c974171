package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

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
		must(t, err)
		data, err := io.ReadAll(f)
		must(t, err)
		must(t, f.Close())
		out[name] = data
	}
	return out
}

// write returns a new file system with the files, one of them changed.
func (fl files) write(t *testing.T, name string, data []byte) vfs.FS {
	t.Helper()
	fs := vfs.NewMem()
	must(t, fs.MkdirAll("db", 0o755))
	for n, d := range fl {
		if n == name {
			d = data
		}
		f, err := fs.Create(fs.PathJoin("db", n), vfs.WriteCategoryUnspecified)
		must(t, err)
		_, err = f.Write(d)
		must(t, err)
		must(t, f.Close())
	}
	return fs
}

// damagedStore has data files, a manifest with several edits and a log that was not flushed, as after kill -9. states
// are the contents after each commit.
func damagedStore(t *testing.T) (files, map[uint64]content) {
	t.Helper()
	fs := vfs.NewMem()
	s := mustOpen(t, "db", memOptions(fs))
	states := map[uint64]content{}
	note := func() {
		c, err := read(s, 1)
		must(t, err)
		states[c.Applied] = c
	}
	for i := range 4 {
		commit(t, s, uint64(i+1), func(b *Batch) { market(b, i*20, 20, 4) })
		if i < 2 {
			must(t, s.flush())
			s.keep()
		}
		note()
	}
	out := readFiles(t, fs, "db")
	must(t, s.Close())
	return out, states
}

func kind(name string) string {
	switch {
	case strings.HasSuffix(name, ".sst"):
		return "sst"
	case strings.HasSuffix(name, ".log"):
		return "log"
	}
	kind, _, _ := strings.Cut(name, "-")
	return kind
}

func TestSurvey(t *testing.T) {
	fl, states := damagedStore(t)
	for name, data := range fl {
		t.Log(name, len(data))
	}
	outcome := map[string]int{}
	for name, data := range fl {
		if len(data) == 0 {
			continue
		}
		step := max(1, len(data)/400)
		for at := 0; at < len(data); at += step {
			for _, how := range []string{"bit", "byte", "zero", "cut"} {
				d := bytes.Clone(data)
				switch how {
				case "bit":
					d[at] ^= 1 << (at % 8)
				case "byte":
					d[at] ^= 0xff
				case "zero":
					if d[at] == 0 {
						continue
					}
					d[at] = 0
				case "cut":
					d = d[:at]
				}
				fs := fl.write(t, name, d)
				res := try(fs, states)
				outcome[fmt.Sprintf("%s %s: %s", kind(name), how, res)]++
			}
		}
	}
	for k, n := range outcome {
		t.Log(k, n)
	}
}

func try(fs vfs.FS, states map[uint64]content) string {
	s, err := Open("db", memOptions(fs))
	if err != nil {
		if !errors.Is(err, ErrDamaged) {
			return "open: NOT DAMAGED " + err.Error()
		}
		return "open: damaged"
	}
	defer s.Close()
	c, err := read(s, 1)
	if err != nil {
		if !errors.Is(err, ErrDamaged) {
			return "read: NOT DAMAGED " + err.Error()
		}
		return "read: damaged"
	}
	if d := cmp.Diff(states[c.Applied], c, sameBits); d != "" {
		return "WRONG at " + fmt.Sprint(c.Applied)
	}
	must := "ok"
	s.Close()
	if _, err := verify("db", memOptions(fs)); err != nil {
		must = "verify " + fmt.Sprint(errors.Is(err, ErrDamaged))
	}
	return fmt.Sprint(must, " at ", c.Applied)
}

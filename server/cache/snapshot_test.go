package cache

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

var testOrigin = Origin{Cluster: "c", Node: "n", Build: "b", Mark: "m", Applied: 7}

// saveStore writes a snapshot of s and returns its path.
func saveStore(t testing.TB, s *Store, versions string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "snapshot.dat")
	if err := s.Save(saveOptions(path, versions)); err != nil {
		t.Fatal(err)
	}
	return path
}

func saveOptions(path, versions string) SaveOptions {
	return SaveOptions{Path: path, Origin: testOrigin, Commit: func() error { return nil },
		Versions: func(w io.Writer) (uint64, error) {
			_, err := io.WriteString(w, versions)
			return testOrigin.Applied, err
		}}
}

func filledStore() *Store {
	s := NewStore(MinBytes)
	for i, size := range []int{0, 100, maxPart, 3*maxPart + 5} {
		s.Set(keyOf(i), valueOf(uint64(i), size))
	}
	return s
}

func TestASnapshotHoldsWhatTheStoreHeld(t *testing.T) {
	path := saveStore(t, filledStore(), "versions")
	s, versions, err := LoadStore(path, testOrigin, MinBytes)
	if err != nil {
		t.Fatal(err)
	}
	if string(versions) != "versions" {
		t.Errorf("versions are %q", versions)
	}
	for i, size := range []int{0, 100, maxPart, 3*maxPart + 5} {
		if got, ok := s.Get(nil, keyOf(i)); !ok || !bytes.Equal(got, valueOf(uint64(i), size)) {
			t.Errorf("value %d of %d bytes: found %v, %d bytes", i, size, ok, len(got))
		}
	}
	if s.Usage().MaxBytes != MinBytes {
		t.Errorf("usage is %+v", s.Usage())
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the snapshot there are %v (%v)", left, err)
	}
}

// A part of the origin that was not compared would let a snapshot of elsewhere in.
func TestEveryPartOfTheOriginTellsSnapshotsApart(t *testing.T) {
	path := saveStore(t, filledStore(), "")
	for i := range reflect.TypeFor[Origin]().NumField() {
		want := testOrigin
		field := reflect.ValueOf(&want).Elem().Field(i)
		if field.Kind() == reflect.String {
			field.SetString("another")
		} else {
			field.SetUint(field.Uint() + 1)
		}
		if _, _, err := LoadStore(path, want, MinBytes); !errors.Is(err, ErrSnapshot) {
			t.Errorf("another %s: error is %v, want ErrSnapshot", reflect.TypeFor[Origin]().Field(i).Name, err)
		}
	}
	if _, _, err := LoadStore(path, testOrigin, 2*MinBytes); !errors.Is(err, ErrSnapshot) {
		t.Errorf("another size: error is %v, want ErrSnapshot", err)
	}
	if _, _, err := LoadStore(path+".none", testOrigin, MinBytes); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: error is %v, want fs.ErrNotExist", err)
	}
}

func TestNoDamageOfASnapshotGoesUnnoticed(t *testing.T) {
	path := saveStore(t, filledStore(), "versions")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.dat")
	try := func(content []byte, what string, at int) {
		t.Helper()
		if err := os.WriteFile(bad, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := LoadStore(bad, testOrigin, MinBytes); !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s byte %d of %d: error is %v, want ErrSnapshot", what, at, len(whole), err)
		}
	}
	const most = 60
	for at := 0; at < len(whole); at += 1 + len(whole)/most {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 0x10
		try(flipped, "flipped", at)
		try(whole[:at], "cut at", at)
	}
	for at := range 200 { // the head, byte by byte
		flipped := bytes.Clone(whole)
		flipped[at] ^= 0x10
		try(flipped, "flipped", at)
	}
	try(append(bytes.Clone(whole), 0), "one more behind", len(whole))
}

// Whatever goes wrong leaves the snapshot before as it was, and a file that is none alone.
func TestASnapshotThatIsNotFinishedReplacesNothing(t *testing.T) {
	path := saveStore(t, filledStore(), "first")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	for name, spoil := range map[string]func(o *SaveOptions){
		"versions": func(o *SaveOptions) { o.Versions = func(io.Writer) (uint64, error) { return 0, broken } },
		"commit":   func(o *SaveOptions) { o.Commit = func() error { return broken } },
	} {
		o := saveOptions(path, "second")
		spoil(&o)
		if err := NewStore(MinBytes).Save(o); !errors.Is(err, broken) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the snapshot of before has changed (%v)", err)
	}
	letter := filepath.Join(filepath.Dir(path), "letter.txt")
	if err := os.WriteFile(letter, []byte("a letter"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := NewStore(MinBytes).Save(saveOptions(letter, "")); !errors.Is(err, ErrSnapshot) {
		t.Errorf("over a letter: error is %v, want ErrSnapshot", err)
	}
	if text, err := os.ReadFile(letter); err != nil || string(text) != "a letter" {
		t.Errorf("the letter has become %q (%v)", text, err)
	}
}

// FuzzSnapshot holds that no file, however it is made, is read otherwise than it was written.
func FuzzSnapshot(f *testing.F) {
	s := NewStore(MinBytes)
	s.Set(keyOf(1), []byte("value"))
	whole, err := os.ReadFile(saveStore(f, s, "versions"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(snapshotMagic + "\x02\x00\x00\x00{}12345678"))
	path := filepath.Join(f.TempDir(), "fuzzed.dat")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := LoadStore(path, testOrigin, MinBytes); err == nil && !bytes.Equal(content, whole) {
			t.Error("another file was taken for a snapshot")
		}
	})
}

package cache

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/VictoriaMetrics/fastcache"
	"github.com/cespare/xxhash/v2"
)

// A snapshot is one file with what a store held, and what tells whether that still holds:
//
//	"kamaitachi cache 1\n" | length of the head 4 | head, JSON | the parts, one behind the other | xxhash64 of all before 8
//
// with numbers little-endian. The head names the origin, the parts and their lengths; the parts are the versions (bytes of
// the caller's) and the files that fastcache writes. It is written beside its place, synced, and renamed into it.
const snapshotMagic = "kamaitachi cache 1\n"

// Limits of a snapshot, which hold before anything of it is read.
const (
	maxHead     = 64 << 10 // bytes
	maxParts    = 64
	maxVersions = 16 << 20 // bytes
	// maxOverhead is what a snapshot may have beyond twice the bytes that its store is bound to: fastcache's index takes 16
	// bytes for each entry, and an entry has hardly fewer.
	maxOverhead = 32 << 20
)

// versionsPart is the name of the part that is no file of fastcache.
const versionsPart = "versions"

// ErrSnapshot is why a snapshot is not read: it is cut, damaged, not one at all, or of another origin.
var ErrSnapshot = errors.New("it is no snapshot that could be used")

// Origin is where the replies of a snapshot come from. Those of any other origin are never read: an answer that was right
// there need not be right here.
type Origin struct {
	Cluster string `json:"cluster"` // whose data the answers are of
	Node    string `json:"node"`    // which copy of it
	Build   string `json:"build"`   // the program, and what of its options shapes answers
	// Mark is what the store of the data was given when the snapshot was written, and is given anew with each: of two copies of
	// one store that went different ways only that one has it which wrote the snapshot.
	Mark    string `json:"mark"`
	Applied uint64 `json:"applied"` // the index at which the store was
}

// head is the head of a snapshot.
type head struct {
	Origin
	Parts []part `json:"parts"`
}

type part struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// SaveOptions say what a snapshot is of.
type SaveOptions struct {
	Path   string
	Origin Origin // Applied is filled in by Save
	// Versions writes what the replies are to be held against, after they were read, and returns the index that it is of.
	Versions func(w io.Writer) (applied uint64, err error)
	// Commit makes the store of the data one that has written the snapshot, durably. It is called when the snapshot is whole
	// and durable, before it comes to its place.
	Commit func() error
}

// Save writes a snapshot, in place of the one before. It holds up each part of the store for about a millisecond. A file in
// its place that is no snapshot is not replaced.
func (s *Store) Save(o SaveOptions) error {
	if err := replaceable(o.Path); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o755); err != nil {
		return err
	}
	parts := o.Path + ".parts"
	if err := os.RemoveAll(parts); err != nil {
		return err
	}
	defer os.RemoveAll(parts)
	if err := s.c.SaveToFileConcurrent(parts, 1); err != nil {
		return fmt.Errorf("write %s: %w", parts, err)
	}
	h := head{Origin: o.Origin}
	var err error
	if h.Applied, err = writeVersions(filepath.Join(parts, versionsPart), o.Versions); err != nil {
		return err
	}
	whole := o.Path + ".new"
	defer os.Remove(whole) // in vain after it was renamed
	if err := h.pack(whole, parts); err != nil {
		return err
	}
	if err := o.Commit(); err != nil {
		return err
	}
	if err := os.Rename(whole, o.Path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(o.Path))
}

// replaceable refuses to write over what is no snapshot: the path may be mistyped.
func replaceable(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	magic := make([]byte, len(snapshotMagic))
	if n, err := io.ReadFull(f, magic); n > 0 && string(magic) != snapshotMagic {
		return fmt.Errorf("%w: %s is something else; remove it, or name another file", ErrSnapshot, path)
	} else if n == 0 && !errors.Is(err, io.EOF) {
		return err // a directory, for one
	}
	return nil
}

// writeVersions writes the part that is the caller's.
func writeVersions(path string, write func(w io.Writer) (uint64, error)) (applied uint64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}

// pack writes the snapshot with the files of a directory as its parts, synced.
func (h *head) pack(path, parts string) (err error) {
	entries, err := os.ReadDir(parts)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		h.Parts = append(h.Parts, part{e.Name(), info.Size()})
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum, buffer := xxhash.New(), bufio.NewWriterSize(f, 1<<20)
	w := io.MultiWriter(buffer, sum)
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	start := binary.LittleEndian.AppendUint32([]byte(snapshotMagic), uint32(len(text)))
	if _, err := w.Write(append(start, text...)); err != nil {
		return err
	}
	for _, p := range h.Parts {
		if err := copyPart(w, filepath.Join(parts, p.Name), p.Bytes); err != nil {
			return err
		}
	}
	if _, err := buffer.Write(binary.LittleEndian.AppendUint64(nil, sum.Sum64())); err != nil {
		return err
	}
	return errors.Join(buffer.Flush(), f.Sync())
}

func copyPart(w io.Writer, path string, bytes int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(w, f, bytes)
	return err
}

// syncDir makes a rename in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// LoadStore returns a store, bound to maxBytes as NewStore says, with what a snapshot holds, and the versions that were
// written with it. The error is ErrSnapshot where that is of another origin or bound, cut, or damaged, and os.ErrNotExist
// where there is none; nothing is read then but what was needed to see that.
func LoadStore(path string, want Origin, maxBytes int) (_ *Store, versions []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	u := unpacker{sum: xxhash.New()}
	u.r = io.TeeReader(bufio.NewReaderSize(f, 1<<20), u.sum)
	h, err := u.head(info.Size(), maxBytes)
	if err != nil {
		return nil, nil, err
	}
	if h.Origin != want {
		return nil, nil, h.Origin.unlike(want)
	}
	parts := path + ".parts"
	if err := os.RemoveAll(parts); err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(parts)
	if versions, err = u.unpack(h, parts); err != nil {
		return nil, nil, err
	}
	c, err := fastcache.LoadFromFileMaxBytes(parts, max(maxBytes, MinBytes))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return storeOver(c, maxBytes), versions, nil
}

// unlike says in what an origin is not the one that is wanted.
func (o Origin) unlike(want Origin) error {
	for _, f := range []struct{ name, have, want string }{
		{"cluster", o.Cluster, want.Cluster}, {"node", o.Node, want.Node}, {"build", o.Build, want.Build},
		{"mark", o.Mark, want.Mark}, {"index", fmt.Sprint(o.Applied), fmt.Sprint(want.Applied)},
	} {
		if f.have != f.want {
			return fmt.Errorf("%w: it is of another %s, %q instead of %q", ErrSnapshot, f.name, f.have, f.want)
		}
	}
	return nil
}

// unpacker reads a snapshot from its beginning to its end.
type unpacker struct {
	r   io.Reader // of all but the sum at the end
	sum hash.Hash64
}

// head reads the head of a snapshot of size bytes and holds its lengths against that and the limits.
func (u *unpacker) head(size int64, maxBytes int) (*head, error) {
	start := make([]byte, len(snapshotMagic)+4)
	if _, err := io.ReadFull(u.r, start); err != nil {
		return nil, fmt.Errorf("%w: it is cut", ErrSnapshot)
	}
	length := binary.LittleEndian.Uint32(start[len(snapshotMagic):])
	if string(start[:len(snapshotMagic)]) != snapshotMagic || length > maxHead {
		return nil, fmt.Errorf("%w: it begins as none of this version", ErrSnapshot)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(u.r, text); err != nil {
		return nil, fmt.Errorf("%w: it is cut", ErrSnapshot)
	}
	h := &head{}
	if err := json.Unmarshal(text, h); err != nil {
		return nil, fmt.Errorf("%w: its head: %w", ErrSnapshot, err)
	}
	left := size - int64(len(start)) - int64(length) - 8
	if len(h.Parts) > maxParts || left > 2*int64(max(maxBytes, MinBytes))+maxOverhead {
		return nil, fmt.Errorf("%w: it has %d bytes in %d parts, too many", ErrSnapshot, size, len(h.Parts))
	}
	for _, p := range h.Parts {
		if p.Name == "" || p.Name != filepath.Base(p.Name) || !filepath.IsLocal(p.Name) || p.Bytes < 0 ||
			p.Name == versionsPart && p.Bytes > maxVersions {
			return nil, fmt.Errorf("%w: a part %q of %d bytes", ErrSnapshot, p.Name, p.Bytes)
		}
		if left -= p.Bytes; left < 0 {
			break
		}
	}
	if left != 0 {
		return nil, fmt.Errorf("%w: it is cut, or something follows", ErrSnapshot)
	}
	return h, nil
}

// unpack writes the parts into a directory, which it makes, and returns the versions; all of it is checked by the sum.
func (u *unpacker) unpack(h *head, dir string) (versions []byte, err error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	for _, p := range h.Parts {
		if p.Name == versionsPart {
			versions = make([]byte, p.Bytes)
			_, err = io.ReadFull(u.r, versions)
		} else {
			err = u.part(filepath.Join(dir, p.Name), p.Bytes)
		}
		if err != nil {
			return nil, err
		}
	}
	computed, sum := u.sum.Sum64(), make([]byte, 8)
	if _, err := io.ReadFull(u.r, sum); err != nil || binary.LittleEndian.Uint64(sum) != computed {
		return nil, fmt.Errorf("%w: its checksum is wrong", ErrSnapshot)
	}
	return versions, nil
}

func (u *unpacker) part(path string, bytes int64) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.CopyN(f, u.r, bytes)
	return err
}

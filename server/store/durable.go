package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// durableName is the file that says how far the store has been at least. Pebble cannot tell a manifest or log whose end
// was lost from a shorter one; the store can, because it must never go back behind this mark.
const (
	durableName = "DURABLE"
	durableTemp = "DURABLE.tmp" // may be left by a crash; the next one replaces it
	maxDurable  = 1 << 10       // bytes
)

// mark is what the file holds: whose store it is, an applied index that is in the data files, and how far the manifest
// that names these files is whole and on disk.
type mark struct {
	cluster, node string
	applied       uint64
	manifest      manifest
}

// sumPrefix begins the last line of the file.
const sumPrefix = "crc32c "

// sumLine is the line with the checksum of the lines before.
func sumLine(lines string) string {
	return fmt.Sprintf("%s%08x\n", sumPrefix, crc32.Checksum([]byte(lines), castagnoli))
}

// appendMark appends the file's text: five lines, and a sixth with the checksum of the five.
func appendMark(dst []byte, m mark) []byte {
	lines := fmt.Sprintf("%s%d\ncluster %s\nnode %s\napplied %d\nmanifest %s %d\n",
		formatName, FormatVersion, m.cluster, m.node, m.applied, m.manifest.name, m.manifest.whole)
	return append(append(dst, lines...), sumLine(lines)...)
}

// parseMark accepts exactly what appendMark writes. A text with a right checksum and another version is ErrFormat.
func parseMark(text string) (mark, error) {
	var m mark
	wrong := fmt.Errorf("%w: its text or checksum is wrong", ErrDamaged)
	end := strings.LastIndex(text, sumPrefix)
	if end < 0 || text[end:] != sumLine(text[:end]) {
		return m, wrong
	}
	format, rest, _ := strings.Cut(text[:end], "\n")
	if err := checkFormat([]byte(format)); err != nil {
		return m, err
	}
	_, err := fmt.Sscanf(rest, "cluster %s\nnode %s\napplied %d\nmanifest %s %d\n",
		&m.cluster, &m.node, &m.applied, &m.manifest.name, &m.manifest.whole)
	if err != nil || string(appendMark(nil, m)) != text {
		return m, wrong
	}
	return m, nil
}

// readMark reads the file. There is none, and the mark is zero, in a directory that was just created or restored.
func readMark(fsys vfs.FS, dir string) (mark, error) {
	path := fsys.PathJoin(dir, durableName)
	text, err := readAll(fsys, path, maxDurable)
	if errors.Is(err, fs.ErrNotExist) {
		return mark{}, nil
	}
	if err != nil {
		return mark{}, err
	}
	m, err := parseMark(string(text))
	if err != nil {
		return mark{}, fmt.Errorf("file %s: %w", path, err)
	}
	return m, nil
}

// checkManifest refuses a manifest that lost what it had when the mark was made. A later one begins with a copy of what
// the earlier one said.
func (m mark) checkManifest(got manifest) error {
	if got.name == m.manifest.name && got.whole < m.manifest.whole {
		return fmt.Errorf("%w: file %s is whole up to byte %d only, it was up to %d",
			ErrDamaged, got.name, got.whole, m.manifest.whole)
	}
	return nil
}

// checkMeta refuses records that are not those of the mark, or that went back behind it.
func (m mark) checkMeta(got meta) error {
	switch {
	case m.cluster != got.cluster || m.node != got.node:
		return fmt.Errorf("%w: file %s is of node %s of cluster %s, the records are of node %s of cluster %s",
			ErrDamaged, durableName, m.node, m.cluster, got.node, got.cluster)
	case m.applied > got.applied:
		return fmt.Errorf("%w: it had applied %d on disk and now ends at %d: the end of a MANIFEST or .log file is lost",
			ErrDamaged, m.applied, got.applied)
	}
	return nil
}

// writeMark replaces the file, synced.
func writeMark(fsys vfs.FS, dir string, m mark) error {
	return replaceFile(fsys, dir, durableTemp, durableName, appendMark(nil, m))
}

// replaceFile makes text the content of the file name in dir, by way of the file temp. It is durable on return; whoever
// looks, also after a crash, sees the file of before or this one.
func replaceFile(fsys vfs.FS, dir, temp, name string, text []byte) error {
	path := fsys.PathJoin(dir, temp)
	f, err := fsys.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fsys.Rename(path, fsys.PathJoin(dir, name)); err != nil {
		return err
	}
	return syncDir(fsys, dir)
}

// syncDir makes the names in a directory durable.
func syncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// syncManifest returns how far the current manifest is whole, and sees to it that so much is on disk.
func syncManifest(fsys vfs.FS, dir string) (manifest, error) {
	m, err := scanManifest(fsys, dir)
	if err != nil {
		return m, err
	}
	f, err := fsys.Open(fsys.PathJoin(dir, m.name))
	if err != nil {
		return m, err
	}
	return m, errors.Join(f.Sync(), f.Close())
}

// durableApplied returns the applied index that the data files hold, without the log.
func durableApplied(db *pebble.DB) (uint64, error) {
	it, err := db.NewIter(&pebble.IterOptions{
		LowerBound:                keyApplied,
		UpperBound:                append(keyApplied[:len(keyApplied):len(keyApplied)], 0),
		OnlyReadGuaranteedDurable: true,
	})
	if err != nil {
		return 0, err
	}
	defer it.Close()
	if !it.First() {
		return 0, it.Error()
	}
	value, err := it.ValueAndErr()
	if err != nil {
		return 0, err
	}
	if len(value) != 8 {
		return 0, damagedKey(keyApplied, "it has %d bytes, not 8", len(value))
	}
	return binary.BigEndian.Uint64(value), nil
}

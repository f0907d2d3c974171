package store

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"
)

// Markers of Pebble: empty files whose name ends with what they say.
const (
	markerManifest = "manifest"
	markerFormat   = "format-version"
)

// manifest is how far the current manifest is whole. The zero value is that of a store without one.
type manifest struct {
	name  string
	whole int64 // bytes
}

// checkFiles looks, before Pebble does, for what Pebble could not name or would not notice: the format of a newer
// Pebble, and damage in the middle of a manifest or log.
func checkFiles(fsys vfs.FS, dir string) (manifest, error) {
	if err := checkPebbleFormat(fsys, dir); err != nil {
		return manifest{}, err
	}
	m, err := scanManifest(fsys, dir)
	if err != nil {
		return m, err
	}
	names, err := fsys.List(dir)
	if err != nil {
		return m, err
	}
	for _, name := range names {
		if number, ok := logNumber(name); ok {
			if err := checkLog(fsys, fsys.PathJoin(dir, name), number); err != nil {
				return m, err
			}
		}
	}
	return m, nil
}

func checkPebbleFormat(fsys vfs.FS, dir string) error {
	text, err := atomicfs.ReadMarker(fsys, dir, markerFormat)
	if err != nil {
		return openError(err)
	}
	if text == "" {
		return nil // creation was cut short, which Pebble recognises
	}
	version, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return fmt.Errorf("%w: file marker.%s names version %q", ErrDamaged, markerFormat, text)
	}
	if v := pebble.FormatMajorVersion(version); v < pebble.FormatMinSupported || v > pebble.FormatNewest {
		return fmt.Errorf("%w: Pebble format %d, this program knows %d to %d: use the version that wrote it, or a newer one",
			ErrFormat, v, pebble.FormatMinSupported, pebble.FormatNewest)
	}
	return nil
}

// scanManifest looks how far the current manifest is whole. Pebble reads one up to the first chunk that is not right,
// takes what it has read for the whole, and deletes the data files that are not named in it: after one flipped bit in
// the first record it would open an empty database. What may be wrong is the last record only, when a crash cut it
// short; nothing depends on that before it is synced. How far it must be whole at least is in the mark.
func scanManifest(fsys vfs.FS, dir string) (manifest, error) {
	name, err := atomicfs.ReadMarker(fsys, dir, markerManifest)
	if err != nil {
		return manifest{}, openError(err)
	}
	path := fsys.PathJoin(dir, name)
	scan, err := scanFile(fsys, path, func(c chunk) bool { return c.kind <= 4 })
	if err != nil {
		return manifest{}, openError(err)
	}
	if scan.whole == 0 || scan.laterRecord {
		return manifest{}, fmt.Errorf("%w: file %s: the record at byte %d", ErrDamaged, path, max(scan.bad, 0))
	}
	return manifest{name: name, whole: scan.whole}, nil
}

// checkLog refuses a log with damage before a place up to which it was synced. Pebble looks for such promises too, but
// only in later blocks; without this, damage in the last 32 KiB would drop commits that were acknowledged. The very last
// commits have no promise after them: they are dropped when they are damaged, as if they had never come to the disk.
func checkLog(fsys vfs.FS, path string, number uint32) error {
	scan, err := scanFile(fsys, path, func(c chunk) bool { return c.kind > 4 && c.number == number })
	if err != nil {
		return openError(err)
	}
	if scan.bad >= 0 && scan.laterSynced > uint64(scan.bad) {
		return fmt.Errorf("%w: file %s: the record at byte %d", ErrDamaged, path, scan.bad)
	}
	return nil
}

func scanFile(fsys vfs.FS, path string, fits func(chunk) bool) (chunkScan, error) {
	f, err := fsys.Open(path, vfs.SequentialReadsOption)
	if err != nil {
		return chunkScan{}, err
	}
	defer f.Close()
	scan, err := scanChunks(f, fits)
	if err != nil {
		return scan, fmt.Errorf("read %s: %w", path, err)
	}
	return scan, nil
}

// logNumber returns the number in the name of a log, cut to the 32 bits that its chunks carry.
func logNumber(name string) (uint32, bool) {
	digits, ok := strings.CutSuffix(name, ".log")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return uint32(n), err == nil
}

// readAll reads a file of at most limit bytes.
func readAll(fsys vfs.FS, path string, limit int64) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("file %s has more than %d bytes", path, limit)
	}
	return data, nil
}

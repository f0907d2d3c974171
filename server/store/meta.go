package store

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/cockroachdb/pebble/v2"
)

// FormatVersion is the version of keys and values that this program writes, and the newest that it reads.
const FormatVersion = 1

// formatName stands before the version in the meta record "format".
const formatName = "kamaitachi/"

// idBytes is the length of a cluster or node id; as text it has twice as many digits.
const idBytes = 16

// Keys of the meta records.
var (
	keyFormat  = []byte("mformat")
	keyCluster = []byte("mcluster")
	keyNode    = []byte("mnode")
	keyApplied = []byte("mapplied")
	keyCatalog = []byte("mcatalog")
	keyTime    = []byte("mtime")
	keyMember  = []byte("mmember")
	keyMark    = []byte("mmark")
)

// meta is what a store says about itself.
type meta struct {
	cluster, node string // 32 hexadecimal digits
	applied       uint64
	catalog       uint64 // applied index of the newest change to a table
	time          int64  // newest stamp of a log entry, in UTC seconds; 0 = none is known
	member        bool   // of a replicated cluster, whose log is beside the store
}

// readMeta reads the meta records. A database without any gives ok = false; one of a newer or foreign format an error.
func readMeta(db pebble.Reader) (m meta, ok bool, err error) {
	format, err := get(db, keyFormat)
	if errors.Is(err, pebble.ErrNotFound) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	if err := checkFormat(format); err != nil {
		return m, false, err
	}
	if m.cluster, err = readID(db, keyCluster); err != nil {
		return m, false, err
	}
	if m.node, err = readID(db, keyNode); err != nil {
		return m, false, err
	}
	if m.applied, err = readIndex(db, keyApplied); err != nil {
		return m, false, err
	}
	if m.catalog, err = readIndex(db, keyCatalog); err != nil {
		return m, false, err
	}
	stamp, err := readOptional(db, keyTime)
	if err != nil {
		return m, false, err
	}
	m.time = int64(stamp)
	member, err := readOptional(db, keyMember)
	m.member = member != 0
	return m, err == nil, err
}

// readOptional is readIndex of a record that older stores do not have: then it is 0.
func readOptional(db pebble.Reader, key []byte) (uint64, error) {
	if _, err := get(db, key); errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	return readIndex(db, key)
}

// readIndex reads a record that is a number of 8 bytes.
func readIndex(db pebble.Reader, key []byte) (uint64, error) {
	index, err := get(db, key)
	if err != nil {
		return 0, needed(key, err)
	}
	if len(index) != 8 {
		return 0, damagedKey(key, "it has %d bytes, not 8", len(index))
	}
	return binary.BigEndian.Uint64(index), nil
}

// checkFormat refuses a format that this program does not know.
func checkFormat(format []byte) error {
	text, ours := bytes.CutPrefix(format, []byte(formatName))
	version, err := strconv.ParseUint(string(text), 10, 32)
	switch {
	case !ours || err != nil:
		return fmt.Errorf("%w: its format is %q, not %s%d: it belongs to another program",
			ErrFormat, format, formatName, FormatVersion)
	case version != FormatVersion:
		return fmt.Errorf("%w: its format is %s%d, this program knows %s%d: use the version that wrote it, or a newer one",
			ErrFormat, formatName, version, formatName, FormatVersion)
	}
	return nil
}

func readID(db pebble.Reader, key []byte) (string, error) {
	id, err := get(db, key)
	if err != nil {
		return "", needed(key, err)
	}
	if len(id) != idBytes {
		return "", damagedKey(key, "it has %d bytes, not %d", len(id), idBytes)
	}
	return hex.EncodeToString(id), nil
}

// needed turns "not found" into damage: a store that has a format has this record too.
func needed(key []byte, err error) error {
	if errors.Is(err, pebble.ErrNotFound) {
		return damagedKey(key, "it is not there")
	}
	return err
}

// get returns a copy of the value of key, or pebble.ErrNotFound.
func get(db pebble.Reader, key []byte) ([]byte, error) {
	value, closer, err := db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, err
	}
	if err != nil {
		return nil, readError("read "+describeKey(key), err)
	}
	defer closer.Close()
	return bytes.Clone(value), nil
}

// createMeta gives a new store its format and its ids, synced.
func createMeta(db *pebble.DB) (meta, error) {
	var ids [2 * idBytes]byte
	rand.Read(ids[:]) // never fails: it ends the process instead
	b := db.NewBatch()
	defer b.Close()
	for _, record := range []struct{ key, value []byte }{
		{keyFormat, fmt.Appendf(nil, "%s%d", formatName, FormatVersion)},
		{keyCluster, ids[:idBytes]},
		{keyNode, ids[idBytes:]},
		{keyApplied, make([]byte, 8)},
		{keyCatalog, make([]byte, 8)},
	} {
		if err := b.Set(record.key, record.value, nil); err != nil {
			return meta{}, err
		}
	}
	if err := b.Commit(pebble.Sync); err != nil {
		return meta{}, err
	}
	return meta{cluster: hex.EncodeToString(ids[:idBytes]), node: hex.EncodeToString(ids[idBytes:])}, nil
}

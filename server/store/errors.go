package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/cockroachdb/pebble/v2"
)

// Errors of the store, for errors.Is. Every one arrives wrapped, with the directory, file or key that it is about.
var (
	// ErrLocked: another process, or another Store of this one, holds the directory.
	ErrLocked = errors.New("the store is in use")
	// ErrDamaged: a file or record is not what was written. The directory must be restored or rebuilt from a peer.
	ErrDamaged = errors.New("the store is damaged")
	// ErrFormat: the directory holds a database of a newer format than this program knows, or of another program.
	ErrFormat = errors.New("the store's format is not supported")
	// ErrNotStore: the path holds something that is no database, or, read-only, nothing.
	ErrNotStore = errors.New("not a store")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("the store is closed")
	// ErrReadOnly: the store was opened read-only.
	ErrReadOnly = errors.New("the store is read-only")
	// ErrInvalid: what was put could not be read back (a name with control characters, too many values, a NaN, an
	// applied index that goes back). Nothing of its batch is stored.
	ErrInvalid = errors.New("cannot be stored")
)

// damagedKey wraps ErrDamaged for the record at key.
func damagedKey(key []byte, format string, args ...any) error {
	return fmt.Errorf("%w: record %s: %w", ErrDamaged, describeKey(key), fmt.Errorf(format, args...))
}

// readError classes an error that Pebble returned while reading.
func readError(doing string, err error) error {
	if err == nil {
		return nil
	}
	if info := pebble.ExtractDataCorruptionInfo(err); info != nil {
		return fmt.Errorf("%s: %w: file %s: %w", doing, ErrDamaged, info.Path, info.Details) // err says the same on two lines
	}
	if pebble.IsCorruptionError(err) {
		return fmt.Errorf("%s: %w: %w", doing, ErrDamaged, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// describeKey prints a key for people: its parts where it has the right form, else hexadecimal.
func describeKey(key []byte) string {
	if len(key) == 0 {
		return "with an empty key"
	}
	switch key[0] {
	case prefixMeta:
		return "meta " + strconv.Quote(string(key[1:]))
	case prefixSubject:
		return "subject " + strconv.Quote(string(key[1:]))
	case prefixTable:
		if number, ok := parseTableKey(key); ok {
			return fmt.Sprintf("table %d", number)
		}
	case prefixStamp:
		if table, subject, ok := parseStampKey(key); ok {
			return fmt.Sprintf("stamp of table %d, subject %q", table, subject)
		}
	case prefixRow:
		if k, ok := parseRowKey(key); ok {
			return fmt.Sprintf("row of table %d, subject %q, report_date %d, report_type %q, declare_date %s",
				k.table, k.subject, k.reportDate, k.reportType, describeInstant(k.declareDate))
		}
	}
	return "with key 0x" + hex.EncodeToString(key)
}

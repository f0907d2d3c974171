package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// inspect tells whether dir holds a database, before anything in it is touched. What does not exist yet is created.
func inspect(fsys vfs.FS, dir string, readOnly bool) (found bool, err error) {
	info, err := fsys.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if readOnly {
			return false, fmt.Errorf("%w: there is no such directory", ErrNotStore)
		}
		return false, fsys.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return false, err
	}
	if !info.IsDir() {
		return false, fmt.Errorf("%w: it is a file, not a directory", ErrNotStore)
	}
	names, err := fsys.List(dir)
	if err != nil {
		return false, err
	}
	return classify(names, readOnly)
}

// classify decides by the names in a directory.
func classify(names []string, readOnly bool) (found bool, err error) {
	var foreign, data string
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, "marker.manifest."):
			found = true
		case name == durableName, strings.HasSuffix(name, ".sst"), strings.HasSuffix(name, ".blob"):
			data = name
		case name == "CURRENT":
			return false, fmt.Errorf("%w: it holds CURRENT, a file of LevelDB, RocksDB or an old Pebble", ErrFormat)
		case !pebbleName(name):
			foreign = name
		}
	}
	switch {
	case found:
		return true, nil
	case foreign != "":
		return false, fmt.Errorf("%w: it holds %q and no database; name an empty or new directory", ErrNotStore, foreign)
	case data != "":
		// Pebble would take this for a new database and delete the data.
		return false, fmt.Errorf("%w: it holds %s, but the file marker.manifest.* is missing", ErrDamaged, data)
	case readOnly:
		return false, fmt.Errorf("%w: the directory holds no database", ErrNotStore)
	}
	return false, nil
}

// pebbleName tells whether Pebble gives files such a name.
func pebbleName(name string) bool {
	switch {
	case name == "LOCK", name == durableTemp, strings.HasPrefix(name, "marker."), strings.HasSuffix(name, ".dbtmp"),
		strings.HasPrefix(name, "temporary."):
		return true
	}
	for _, prefix := range []string{"MANIFEST-", "OPTIONS-"} {
		if number, ok := strings.CutPrefix(name, prefix); ok {
			return isNumber(number)
		}
	}
	_, ok := logNumber(name)
	return ok
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

// lockDir takes the directory for this Store.
func lockDir(fsys vfs.FS, dir string) (*pebble.Lock, error) {
	lock, err := pebble.LockDirectory(dir, fsys)
	if err == nil {
		return lock, nil
	}
	var path *fs.PathError // the lock file cannot be made, which says nothing about who holds it
	if errors.As(err, &path) {
		return nil, err
	}
	return nil, fmt.Errorf("%w by another process: stop it first: %w", ErrLocked, err)
}

// openError classes an error of pebble.Open. What is not a refusal of the operating system is damage: files were found
// and do not fit.
func openError(err error) error {
	for _, cause := range []error{
		fs.ErrPermission, syscall.ENOSPC, syscall.EROFS, syscall.EMFILE, syscall.ENFILE, syscall.EIO, syscall.ENOMEM,
	} {
		if errors.Is(err, cause) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

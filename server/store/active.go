package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A node that was given the data of another one (a snapshot of its cluster) keeps them in a sub-directory, and a file
// names the sub-directory that counts. Replacing that file is the moment at which the data change.
const (
	activeName = "ACTIVE"
	activeTemp = "ACTIVE.tmp" // may be left by a crash; the next one replaces it
	maxActive  = 64           // bytes
	subPrefix  = "store-"
)

// subNumber returns the number of a sub-directory's name.
func subNumber(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, subPrefix)
	if !ok || len(digits) > 0 && digits[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	return n, err == nil
}

// active returns the name of the sub-directory that counts; "" = dir itself.
func active(fsys vfs.FS, dir string) (string, error) {
	if info, err := fsys.Stat(dir); err != nil || !info.IsDir() {
		return "", nil // what it is instead is inspect's to say
	}
	path := fsys.PathJoin(dir, activeName)
	text, err := readAll(fsys, path, maxActive)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	name := strings.TrimSuffix(string(text), "\n")
	if _, ok := subNumber(name); !ok || name+"\n" != string(text) {
		return "", fmt.Errorf("%w: file %s names no directory of a store", ErrDamaged, path)
	}
	if _, err := fsys.Stat(fsys.PathJoin(dir, name)); err != nil {
		return "", fmt.Errorf("%w: file %s names %s: %w", ErrDamaged, path, name, err)
	}
	return name, nil
}

// activeDir returns the directory in which the database of dir is.
func activeDir(fsys vfs.FS, dir string) (string, error) {
	name, err := active(fsys, dir)
	if err != nil || name == "" {
		return dir, err
	}
	return fsys.PathJoin(dir, name), nil
}

// NextDir returns the path of a sub-directory of dir that does not exist, for a database that is to replace the one of
// dir: fill it, open it, and make it count by Activate.
func NextDir(dir string) (string, error) {
	names, err := vfs.Default.List(dir)
	if err != nil {
		return "", err
	}
	newest := uint64(0)
	for _, name := range names {
		if n, ok := subNumber(name); ok {
			newest = max(newest, n)
		}
	}
	return vfs.Default.PathJoin(dir, subPrefix+strconv.FormatUint(newest+1, 10)), nil
}

// Activate makes the database in sub, a path that NextDir returned, the one that counts in dir. It is durable when
// Activate returns.
func Activate(dir, sub string) error {
	fsys := vfs.Default
	if _, ok := subNumber(fsys.PathBase(sub)); !ok {
		return fmt.Errorf("activate %s: %w: not a path of NextDir", sub, ErrInvalid)
	}
	if err := replaceFile(fsys, dir, activeTemp, activeName, []byte(fsys.PathBase(sub)+"\n")); err != nil {
		return fmt.Errorf("activate %s: %w", sub, err)
	}
	return nil
}

// Tidy removes the databases in dir that do not count. None of them may be open.
func Tidy(dir string) error {
	fsys := vfs.Default
	name, err := active(fsys, dir)
	if err != nil {
		return err
	}
	names, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, n := range names {
		_, sub := subNumber(n)
		if sub && n != name || name != "" && databaseFile(n) {
			errs = append(errs, fsys.RemoveAll(fsys.PathJoin(dir, n)))
		}
	}
	return errors.Join(errs...)
}

// databaseFile tells whether a file of that name belongs to a database and not to what else lies in a node's directory.
func databaseFile(name string) bool {
	return pebbleName(name) || name == durableName || strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
}

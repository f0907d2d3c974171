package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// maxOptions bounds the file in which Pebble notes its options, in bytes.
const maxOptions = 1 << 20

// Open opens the store in dir, or that in the sub-directory which Activate made count; a path at which nothing exists is
// created, unless o.ReadOnly.
//
// Errors wrap ErrLocked, ErrNotStore, ErrFormat or ErrDamaged and name dir, or are those of the file system.
func Open(dir string, o Options) (*Store, error) {
	s, err := open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("open the store %s: %w", dir, err)
	}
	return s, nil
}

func open(dir string, o Options) (_ *Store, err error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	if o.FS == vfs.Default {
		if dir, err = realPath(dir); err != nil {
			return nil, err
		}
	}
	if dir, err = activeDir(o.FS, dir); err != nil {
		return nil, err
	}
	found, err := inspect(o.FS, dir, o.ReadOnly)
	if err != nil {
		return nil, err
	}
	lock, err := lockDir(o.FS, dir)
	if err != nil {
		return nil, err
	}
	s := &Store{lock: lock, dir: dir, fs: o.FS, log: o.Logger, readOnly: o.ReadOnly}
	s.idle.L = &s.mu
	s.flushed = make(chan struct{}, 1)
	defer func() {
		if err != nil {
			s.closeFiles()
		}
	}()
	if err := s.openFiles(o, found); err != nil {
		return nil, err
	}
	if !o.ReadOnly {
		s.startKeeper()
	}
	return s, nil
}

// openFiles opens what was found, or creates it, and holds it against the mark.
func (s *Store) openFiles(o Options, found bool) (err error) {
	if s.marked, err = readMark(o.FS, s.dir); err != nil {
		return err
	}
	if found {
		m, err := checkFiles(o.FS, s.dir)
		if err != nil {
			return err
		}
		if err := s.marked.checkManifest(m); err != nil {
			return err
		}
	}
	if s.db, err = s.openPebble(o, found); err != nil {
		return err
	}
	ok := false
	if s.meta, ok, err = readMeta(s.db); err != nil {
		return err
	}
	if !ok && s.marked == (mark{}) {
		return s.create()
	}
	if !ok {
		return fmt.Errorf("%w: file %s says what it held, and no record is there", ErrDamaged, durableName)
	}
	if s.marked != (mark{}) {
		if err := s.marked.checkMeta(s.meta); err != nil {
			return err
		}
	}
	s.applied.Store(s.meta.applied)
	s.catalog.Store(s.meta.catalog)
	s.member.Store(s.meta.member)
	if s.readOnly {
		return nil
	}
	return s.advanceMark()
}

// create makes an empty database a store: a new one, or one whose creation was cut short.
func (s *Store) create() error {
	if err := s.checkEmpty(); err != nil {
		return err
	}
	if s.readOnly {
		return fmt.Errorf("%w: it was never wholly created; open it for writing once", ErrNotStore)
	}
	// The creation that was cut short may have stopped on the way to the newest format.
	err := s.db.RatchetFormatMajorVersion(pebble.FormatNewest)
	if err != nil {
		return err
	}
	if s.meta, err = createMeta(s.db); err != nil {
		return err
	}
	if err := s.flush(); err != nil {
		return err
	}
	return s.advanceMark()
}

// checkEmpty refuses a database that has records and is not ours.
func (s *Store) checkEmpty() error {
	it, err := s.db.NewIter(nil)
	if err != nil {
		return readError("look for records", err)
	}
	defer it.Close()
	if it.First() {
		return fmt.Errorf("%w: a Pebble database without our format record: it belongs to another program", ErrFormat)
	}
	return readError("look for records", it.Error())
}

// openPebble opens the database. Pebble panics on some kinds of damage; that becomes ErrDamaged.
func (s *Store) openPebble(o Options, exists bool) (db *pebble.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, fmt.Errorf("%w: pebble panicked: %v", ErrDamaged, p)
		}
	}()
	options := s.pebbleOptions(o)
	if exists {
		if err := s.adopt(options); err != nil {
			return nil, err
		}
	}
	db, err = pebble.Open(s.dir, options)
	if err != nil {
		return nil, openError(err)
	}
	return db, nil
}

// adopt fits the options to the database that is there.
func (s *Store) adopt(options *pebble.Options) error {
	desc, err := pebble.Peek(s.dir, s.fs)
	if err != nil {
		return openError(err)
	}
	// An upgrade of Pebble's own format cannot be undone; it is not a by-product of opening.
	if desc.FormatMajorVersion != pebble.FormatDefault {
		options.FormatMajorVersion = desc.FormatMajorVersion
	}
	if desc.OptionsFilename == "" {
		return nil
	}
	text, err := readAll(s.fs, desc.OptionsFilename, maxOptions)
	if err != nil {
		return openError(err)
	}
	// Pebble does the same, and does not say which file it is about.
	full := options.Clone()
	full.EnsureDefaults()
	if err := full.CheckCompatibility(s.dir, string(text)); err != nil {
		return openError(fmt.Errorf("file %s: %w", desc.OptionsFilename, err))
	}
	return nil
}

func (s *Store) pebbleOptions(o Options) *pebble.Options {
	return &pebble.Options{
		FS:                          o.FS,
		Lock:                        s.lock,
		ReadOnly:                    o.ReadOnly,
		FormatMajorVersion:          pebble.FormatNewest,
		CacheSize:                   o.CacheBytes,
		MemTableSize:                uint64(o.MemTableBytes),
		MemTableStopWritesThreshold: 4,
		CompactionConcurrencyRange:  func() (lower, upper int) { return 1, max(1, runtime.NumCPU()/2) },
		Logger:                      pebbleLogger{log: o.Logger},
		EventListener:               &pebble.EventListener{DataCorruption: s.noteDamage, FlushEnd: s.noteFlush},
	}
}

// noteDamage is called by Pebble, also from its background work. Reads report the damage that they meet themselves;
// writes stop at once, so that a damaged copy does not go on acknowledging.
func (s *Store) noteDamage(info pebble.DataCorruptionInfo) {
	err := fmt.Errorf("%w: file %s: %w", ErrDamaged, info.Path, info.Details)
	if s.damage.CompareAndSwap(nil, &err) {
		s.log.Error("the store is damaged; nothing more is written", "file", info.Path, "error", info.Details)
	}
}

// realPath names a directory in one way only, since the lock of a process is kept by name.
func realPath(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return real, err
	}
	return abs, nil
}

// Close waits for the calls that are under way and closes the database. Later calls return ErrClosed; closing again
// does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	for s.users > 0 {
		s.idle.Wait()
	}
	s.mu.Unlock()
	s.settle()
	if err := s.closeFiles(); err != nil {
		return fmt.Errorf("close the store %s: %w", s.dir, err)
	}
	return nil
}

// closeFiles closes the database, if it is open, and then gives the directory free.
func (s *Store) closeFiles() error {
	var err error
	if s.db != nil {
		err = s.db.Close()
	}
	return errors.Join(err, s.lock.Close())
}

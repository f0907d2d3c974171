package store

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Store is an open store. Reads and commits may run concurrently.
type Store struct {
	db       *pebble.DB
	lock     *pebble.Lock
	dir      string
	fs       vfs.FS
	log      *slog.Logger
	readOnly bool
	meta     meta
	applied  atomic.Uint64
	catalog  atomic.Uint64
	member   atomic.Bool
	// damage is what Pebble found in the background, or nil. From then on nothing more is written.
	damage atomic.Pointer[error]

	flushed chan struct{} // holds one token when a flush has ended that the keeper has not seen
	stop    func()        // ends the keeper and waits for it; nil if there is none
	marked  mark          // what the mark file says; zero = there is none. The keeper's while it runs
	dirty   atomic.Bool   // something was committed since opening

	committing sync.Mutex // one Commit at a time, so that the applied index only grows

	mu     sync.Mutex
	idle   sync.Cond // on mu: users became 0
	users  int       // calls that use db right now
	closed bool
}

// use keeps the database open until done is called, or returns ErrClosed. A call that fails must not be done.
func (s *Store) use() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("%s: %w", s.dir, ErrClosed)
	}
	s.users++
	return nil
}

func (s *Store) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users--
	if s.users == 0 {
		s.idle.Broadcast()
	}
}

// Applied returns the index of the newest commit.
func (s *Store) Applied() uint64 { return s.applied.Load() }

// CatalogVersion returns the index of the newest commit that put a table.
func (s *Store) CatalogVersion() uint64 { return s.catalog.Load() }

// ClusterID returns the id of the cluster whose data this is: 32 hexadecimal digits, random at creation.
func (s *Store) ClusterID() string { return s.meta.cluster }

// NodeID returns the id of this copy: 32 hexadecimal digits, random at creation.
func (s *Store) NodeID() string { return s.meta.node }

// Tables returns the catalog by table number. The caller owns it.
func (s *Store) Tables() ([]protocol.Table, error) {
	var tables []protocol.Table
	err := s.each([]byte{prefixTable}, []byte{prefixTable + 1}, func(key, value []byte) error {
		number, ok := parseTableKey(key)
		if !ok {
			return damagedKey(key, "its key has not the form of a table's")
		}
		t, err := decodeTable(number, value)
		if err != nil {
			return damagedKey(key, "%w", err)
		}
		tables = append(tables, t)
		return nil
	})
	return tables, err
}

// EachSubject calls fn for every subject in key order. fn may keep the subject, and must not write into its topics and
// tags, which others may share. An error of fn ends it and is returned as it is.
func (s *Store) EachSubject(fn func(*protocol.Subject) error) error {
	var a alike
	return s.each([]byte{prefixSubject}, []byte{prefixSubject + 1}, func(key, value []byte) error {
		if !validName(key[1:]) {
			return damagedKey(key, "its key has not the form of a subject's")
		}
		subject, err := decodeSubject(string(key[1:]), value, &a)
		if err != nil {
			return damagedKey(key, "%w", err)
		}
		return fn(subject)
	})
}

// each calls fn for every record from lower (inclusive) to upper (exclusive). key and value are valid during the call.
func (s *Store) each(lower, upper []byte, fn func(key, value []byte) error) error {
	if err := s.use(); err != nil {
		return err
	}
	defer s.done()
	return s.eachOf(s.db, lower, upper, fn)
}

// eachOf is each of the database or of a snapshot of it, for who keeps the database open already.
func (s *Store) eachOf(db pebble.Reader, lower, upper []byte, fn func(key, value []byte) error) error {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return readError("read "+s.dir, err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return readError("read "+s.dir, err)
		}
		if err := fn(it.Key(), value); err != nil {
			return err
		}
	}
	return readError("read "+s.dir, it.Error())
}

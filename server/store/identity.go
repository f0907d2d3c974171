package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2"
)

// Identify gives the store other ids, 32 hexadecimal digits each: a copy of another node's data its own node id, a node that
// joins a cluster the id of that. It is durable on return. Nothing else may use the store meanwhile.
func (s *Store) Identify(cluster, node string) error {
	if s.readOnly {
		return fmt.Errorf("identify %s: %w", s.dir, ErrReadOnly)
	}
	if cluster == s.meta.cluster && node == s.meta.node {
		return nil
	}
	if err := s.identify(cluster, node); err != nil {
		return fmt.Errorf("identify %s: %w", s.dir, err)
	}
	return nil
}

func (s *Store) identify(cluster, node string) error {
	b := s.db.NewBatch()
	defer b.Close()
	for key, id := range map[string]string{string(keyCluster): cluster, string(keyNode): node} {
		raw, err := hex.DecodeString(id)
		if err != nil || len(raw) != idBytes {
			return fmt.Errorf("%w: the id %q has not %d hexadecimal digits", ErrInvalid, id, 2*idBytes)
		}
		if err := b.Set([]byte(key), raw, nil); err != nil {
			return err
		}
	}
	s.stop()
	defer s.startKeeper()
	// The mark names the ids too. Without it the store opens, with one of other ids it does not.
	if err := s.fs.Remove(s.fs.PathJoin(s.dir, durableName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.marked = mark{}
	if err := b.Commit(pebble.Sync); err != nil {
		return err
	}
	s.meta.cluster, s.meta.node = cluster, node
	return s.advanceMark()
}

// Member tells whether the store is of a node of a replicated cluster: it must then not be used without the log that lies
// beside it.
func (s *Store) Member() bool { return s.member.Load() }

// SetMember notes that the store is of a node of a replicated cluster. It is durable on return.
func (s *Store) SetMember() error {
	if s.Member() {
		return nil
	}
	if err := s.use(); err != nil {
		return err
	}
	defer s.done()
	if err := s.db.Set(keyMember, []byte{0, 0, 0, 0, 0, 0, 0, 1}, pebble.Sync); err != nil {
		return fmt.Errorf("write to %s: %w", s.dir, err)
	}
	s.member.Store(true)
	return nil
}

// markBytes is the length of a mark; as text it has twice as many digits.
const markBytes = idBytes

// Mark returns what SetMark gave the store last, or "" if nothing was.
func (s *Store) Mark() (string, error) {
	if err := s.use(); err != nil {
		return "", err
	}
	defer s.done()
	raw, err := get(s.db, keyMark)
	if errors.Is(err, pebble.ErrNotFound) {
		return "", nil
	}
	return hex.EncodeToString(raw), err
}

// SetMark gives the store a mark, 32 hexadecimal digits, in place of the one before. It tells what was derived from this store
// at this point of its history from what was derived from a copy of it. It is durable on return.
func (s *Store) SetMark(mark string) error {
	if s.readOnly {
		return fmt.Errorf("write to %s: %w", s.dir, ErrReadOnly)
	}
	raw, err := hex.DecodeString(mark)
	if err != nil || len(raw) != markBytes {
		return fmt.Errorf("%w: the mark %q has not %d hexadecimal digits", ErrInvalid, mark, 2*markBytes)
	}
	if err := s.use(); err != nil {
		return err
	}
	defer s.done()
	if err := s.db.Set(keyMark, raw, pebble.Sync); err != nil {
		return fmt.Errorf("write to %s: %w", s.dir, err)
	}
	s.dirty.Store(true)
	return nil
}

// Checkpoint makes a copy of the store in dir, which must not exist: all that was committed when it began. On the same file
// system it takes hard links and no time. What was committed before is durable on return, in the store and in the copy.
func (s *Store) Checkpoint(dir string) error {
	if err := s.use(); err != nil {
		return err
	}
	defer s.done()
	if err := s.db.Checkpoint(dir, pebble.WithFlushedWAL()); err != nil {
		return fmt.Errorf("copy %s to %s: %w", s.dir, dir, err)
	}
	return nil
}

package store

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// flushWait bounds how long opening and closing wait for a flush. A full disk makes Pebble try again for ever.
const flushWait = 30 * time.Second

// noteFlush is called by Pebble when a memtable has become a data file.
func (s *Store) noteFlush(pebble.FlushInfo) {
	select {
	case s.flushed <- struct{}{}:
	default: // the keeper has one to come already
	}
}

// startKeeper keeps the mark close behind what is in the data files.
func (s *Store) startKeeper() {
	var (
		done    = make(chan struct{})
		running sync.WaitGroup
	)
	running.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-s.flushed:
				s.keep()
			}
		}
	})
	s.stop = func() {
		close(done)
		running.Wait()
	}
}

// keep writes the mark. That it failed is worth a warning, not more: an old mark is right, it only says less.
func (s *Store) keep() {
	if err := s.advanceMark(); err != nil {
		s.log.Warn("cannot write the mark of what is on disk", "dir", s.dir, "file", durableName, "error", err)
	}
}

// advanceMark brings the mark file up to what is in the data files and the manifest now.
func (s *Store) advanceMark() error {
	m := mark{cluster: s.meta.cluster, node: s.meta.node}
	var err error
	// In this order: the manifest names at least the files in which the index was read.
	if m.applied, err = durableApplied(s.db); err != nil {
		return readError("read the applied index", err)
	}
	if m.manifest, err = syncManifest(s.fs, s.dir); err != nil {
		return err
	}
	if m == s.marked {
		return nil
	}
	if err := writeMark(s.fs, s.dir, m); err != nil {
		return err
	}
	s.marked = m
	return nil
}

// flush moves everything that was committed into data files and waits for it.
func (s *Store) flush() error {
	done, err := s.db.AsyncFlush()
	if err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	timeout := time.NewTimer(flushWait)
	defer timeout.Stop()
	select {
	case <-done:
		return nil
	case <-timeout.C:
		return errors.New("flush: not done after " + flushWait.String())
	}
}

// settle ends the keeper and leaves nothing in the log, so that after an orderly end the data files and their checksums
// hold everything. Where that fails everything is in the log still.
func (s *Store) settle() {
	if s.stop == nil {
		return
	}
	s.stop()
	if !s.dirty.Load() || s.damage.Load() != nil {
		return
	}
	if err := s.flush(); err != nil {
		s.log.Warn("closing with records in the log", "dir", s.dir, "error", err)
		return
	}
	s.keep()
}

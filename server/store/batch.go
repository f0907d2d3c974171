package store

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Batch collects changes that become visible and durable together. It keeps nothing of what is put. It is for one
// goroutine, for one Commit, and must be closed. The first change that cannot be stored sticks: Commit returns why and
// stores nothing.
type Batch struct {
	store *Store
	b     *pebble.Batch
	key   []byte
	value []byte
	err   error
	used  bool
	// at is the log entry of the changes that are put now; 0 = that of Commit.
	at uint64
	// catalog tells that a table was put, of late by the log entry catalogAt.
	catalog   bool
	catalogAt uint64
}

// NewBatch returns an empty batch.
func (s *Store) NewBatch() *Batch { return &Batch{store: s, b: s.db.NewBatch()} }

// At says of which log entry the changes are that follow, for a batch that carries several entries. Without it all are of
// the entry that Commit names.
func (b *Batch) At(index uint64) { b.at = index }

func (b *Batch) set() {
	if b.err == nil {
		b.err = b.b.Set(b.key, b.value, nil)
	}
}

// PutTable writes a table of the catalog, in place of the one with its number.
func (b *Batch) PutTable(t *protocol.Table) {
	if b.fail(checkTable(t)) {
		return
	}
	b.catalog, b.catalogAt = true, b.at
	b.key, b.value = appendTableKey(b.key[:0], t.Number), appendTable(b.value[:0], t)
	b.set()
}

// PutSubject writes a subject, in place of the one with its key.
func (b *Batch) PutSubject(s *protocol.Subject) {
	if b.fail(checkSubject(s)) {
		return
	}
	b.key, b.value = appendSubjectKey(b.key[:0], s.Key), appendSubject(b.value[:0], s)
	b.set()
}

// PutRow writes a report, in place of the one with its identity. Its Type must be resolved, not "".
func (b *Batch) PutRow(table uint32, r *protocol.Report) {
	if b.fail(checkReport(r)) {
		return
	}
	b.key, b.value = appendRowKey(b.key[:0], table, r), appendRow(b.value[:0], r)
	b.set()
}

// DeleteRows deletes all reports of a subject in a table that were committed, or put into this batch before.
func (b *Batch) DeleteRows(table uint32, subject string) {
	if b.fail(checkName(subject)) {
		return
	}
	b.key = appendSeriesPrefix(b.key[:0], table, subject)
	b.err = b.b.DeleteRange(b.key, successor(b.key), nil)
}

// PutStamp writes when a subject was first and last written in a table.
func (b *Batch) PutStamp(table uint32, subject string, st protocol.Stamp) {
	if b.fail(checkName(subject)) {
		return
	}
	b.key, b.value = appendStampKey(b.key[:0], table, subject), appendStamp(b.value[:0], st)
	b.set()
}

// DeleteStamp deletes a stamp, if there is one.
func (b *Batch) DeleteStamp(table uint32, subject string) {
	if b.fail(checkName(subject)) {
		return
	}
	b.key = appendStampKey(b.key[:0], table, subject)
	b.err = b.b.Delete(b.key, nil)
}

// fail tells whether the batch has failed, be it with err.
func (b *Batch) fail(err error) bool {
	if b.err == nil {
		b.err = err
	}
	return b.err != nil
}

func checkName(subject string) error {
	if !validName(subject) {
		return fmt.Errorf("%w: subject %q", ErrInvalid, subject)
	}
	return nil
}

// Commit stores the changes and the applied index, all or nothing. applied must not be less than Store.Applied. With
// sync it returns when they survive the loss of power; without, a crash of the process may lose the newest commits, in
// order from the last, never a part of one.
//
// When the disk fails while the log is written, the process ends (FORMAT.md): what is acknowledged must be on disk.
func (b *Batch) Commit(applied uint64, sync bool) error {
	s := b.store
	if b.err != nil {
		return fmt.Errorf("commit %d: %w", applied, b.err)
	}
	if b.used {
		return fmt.Errorf("commit %d: %w: the batch was committed before", applied, ErrInvalid)
	}
	if err := s.use(); err != nil {
		return fmt.Errorf("commit %d: %w", applied, err)
	}
	defer s.done()
	if s.readOnly {
		return fmt.Errorf("commit %d to %s: %w", applied, s.dir, ErrReadOnly)
	}
	if damage := s.damage.Load(); damage != nil {
		return fmt.Errorf("commit %d: %w", applied, *damage)
	}
	s.committing.Lock()
	defer s.committing.Unlock()
	if newest := s.applied.Load(); applied < newest {
		return fmt.Errorf("commit %d: %w: the applied index is %d already", applied, ErrInvalid, newest)
	}
	if b.catalogAt == 0 {
		b.catalogAt = applied
	}
	if err := b.setIndex(applied); err != nil {
		return fmt.Errorf("commit %d: %w", applied, err)
	}
	b.used = true
	s.dirty.Store(true)
	if err := b.b.Commit(&pebble.WriteOptions{Sync: sync}); err != nil {
		return fmt.Errorf("commit %d to %s: %w", applied, s.dir, err)
	}
	s.applied.Store(applied)
	if b.catalog {
		s.catalog.Store(b.catalogAt)
	}
	return nil
}

// setIndex puts the applied index into the batch, and that of the catalog if a table was put.
func (b *Batch) setIndex(applied uint64) error {
	var index [8]byte
	if b.catalog {
		binary.BigEndian.PutUint64(index[:], b.catalogAt)
		if err := b.b.Set(keyCatalog, index[:], nil); err != nil {
			return err
		}
	}
	binary.BigEndian.PutUint64(index[:], applied)
	return b.b.Set(keyApplied, index[:], nil)
}

// Close gives the batch's memory back. What was not committed is dropped.
func (b *Batch) Close() error {
	if b.b == nil {
		return nil
	}
	err := b.b.Close()
	b.b = nil
	b.fail(fmt.Errorf("%w: the batch is closed", ErrInvalid))
	return err
}

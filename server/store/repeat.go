package store

import (
	"bytes"
	"encoding/binary"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// prefixRepeat begins the records of writes that were carried out, by origin.
var prefixRepeat = []byte("mrepeat/")

// clientBytes is the length of a client id.
const clientBytes = len(protocol.ClientID{})

// afterSequences is behind every sequence of a client.
var afterSequences = bytes.Repeat([]byte{0xff}, 9)

func appendRepeatKey(dst []byte, o protocol.Origin) []byte {
	dst = append(append(dst, prefixRepeat...), o.Client[:]...)
	return binary.BigEndian.AppendUint64(dst, o.Sequence)
}

// parseRepeat reads the record of a write that was carried out.
func parseRepeat(key, value []byte) (o protocol.Origin, index uint64, err error) {
	name, ok := bytes.CutPrefix(key, prefixRepeat)
	if !ok || len(name) != clientBytes+8 {
		return o, 0, damagedKey(key, "its key has not the form of a repeat's")
	}
	if len(value) != 8 {
		return o, 0, damagedKey(key, "it has %d bytes, not 8", len(value))
	}
	o.Sequence = binary.BigEndian.Uint64(name[copy(o.Client[:], name):])
	return o, binary.BigEndian.Uint64(value), nil
}

// PutRepeat notes that the write of that origin was carried out by the log entry index.
func (b *Batch) PutRepeat(o protocol.Origin, index uint64) {
	if b.fail(nil) {
		return
	}
	b.key, b.value = appendRepeatKey(b.key[:0], o), binary.BigEndian.AppendUint64(b.value[:0], index)
	b.set()
}

// DeleteRepeat forgets a write.
func (b *Batch) DeleteRepeat(o protocol.Origin) {
	if b.fail(nil) {
		return
	}
	b.key = appendRepeatKey(b.key[:0], o)
	b.err = b.b.Delete(b.key, nil)
}

// DeleteRepeats forgets all writes of a client.
func (b *Batch) DeleteRepeats(client protocol.ClientID) {
	if b.fail(nil) {
		return
	}
	b.key = append(append(b.key[:0], prefixRepeat...), client[:]...)
	behind := append(bytes.Clone(b.key), afterSequences...)
	b.err = b.b.DeleteRange(b.key, behind, nil)
}

// EachRepeat calls fn for every write that is remembered, by client and sequence, with the log entry that carried it out.
// An error of fn ends it and is returned as it is.
func (s *Store) EachRepeat(fn func(o protocol.Origin, index uint64) error) error {
	return s.each(prefixRepeat, successor(prefixRepeat), func(key, value []byte) error {
		o, index, err := parseRepeat(key, value)
		if err != nil {
			return err
		}
		return fn(o, index)
	})
}

// PutTime notes the stamp of the newest log entry, in UTC seconds.
func (b *Batch) PutTime(seconds int64) {
	if b.fail(nil) {
		return
	}
	b.key, b.value = append(b.key[:0], keyTime...), binary.BigEndian.AppendUint64(b.value[:0], uint64(seconds))
	b.set()
}

// Time returns the stamp of the newest log entry when the store was opened, in UTC seconds; 0 = none was known.
func (s *Store) Time() int64 { return s.meta.time }

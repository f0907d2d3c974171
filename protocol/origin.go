package protocol

import (
	"fmt"
	"math"
)

// FeatureRepeats is the feature of HELLO under which writes carry their Origin.
const FeatureRepeats = "repeats"

// RepeatWindow is how many writes of one client a cluster remembers: those with the greatest sequences. A write whose
// sequence is further behind can no longer be told from a repeat and is refused.
const RepeatWindow = 1_024

// MaxOrigins is how many clients a cluster remembers the writes of: those that wrote last.
const MaxOrigins = 4_096

// ClientID tells the writes of one client from those of all others: random bytes, drawn when the client starts.
type ClientID [16]byte

// Origin says of whom a write is and which of theirs, so that the same write sent again is carried out once. The zero
// value says nothing: such a write is carried out as often as it is sent.
type Origin struct {
	Client   ClientID
	Sequence uint64 // counts a client's writes from 1; a write that is sent again keeps its own
}

// Given tells whether the origin names a write.
func (o Origin) Given() bool { return o.Sequence != 0 && o.Client != ClientID{} }

// Origin returns the origin of whatever the write carries.
func (w *Write) Origin() Origin {
	switch {
	case w.Put != nil:
		return w.Put.Origin
	case w.Delete != nil:
		return w.Delete.Origin
	case w.Subjects != nil:
		return w.Subjects.Origin
	case w.Tables != nil:
		return w.Tables.Origin
	}
	return Origin{}
}

// Repeated is why a write changed nothing when it had been carried out before. It is success: the answer of the write is
// that of the first time.
type Repeated struct {
	Index uint64 // of the log entry that carried it out
}

// Error says so.
func (r *Repeated) Error() string {
	return fmt.Sprintf("this write was carried out before, by log entry %d", r.Index)
}

// originFields is how many fields an origin takes at the end of a write.
const originFields = 2

func (o *Origin) appendTo(dst []byte, w *fieldWriter) []byte {
	known := o.Client != ClientID{}
	if known {
		dst = appendBin(dst, o.Client[:])
	} else {
		dst = appendNil(dst)
	}
	w.wrote(dst, known)
	dst = appendUint(dst, o.Sequence)
	w.wrote(dst, o.Sequence != 0)
	return dst
}

func (o *Origin) decode(c *cursor, f *fields) {
	if f.next(c, "client") {
		id := c.bin()
		if c.err == nil && len(id) != len(o.Client) {
			c.fail(CodeProtocol, "%d bytes, a client id has %d", len(id), len(o.Client))
		}
		copy(o.Client[:], id)
	}
	if f.next(c, "sequence") {
		o.Sequence = c.uint(math.MaxUint64)
	}
}

package store

import (
	"encoding/binary"
	"fmt"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// The first byte of each kind of record.
const (
	tableVersion   = 1
	subjectVersion = 1
	stampVersion   = 1
)

// reader takes a record apart. The first fault sticks; later reads return zero values.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

// version reads the first byte, which must be want.
func (r *reader) version(want byte) {
	if len(r.b) == 0 {
		r.fail(errCut)
		return
	}
	if r.b[0] != want {
		r.fail(fmt.Errorf("its version is %d, not %d", r.b[0], want))
		return
	}
	r.b = r.b[1:]
}

// uvarint reads an unsigned varint in its shortest form, the only one that is written. n is 0 or less if there is none.
func uvarint(b []byte) (v uint64, n int) {
	v, n = binary.Uvarint(b)
	if n > 1 && b[n-1] == 0 {
		return 0, 0
	}
	return v, n
}

// varint is the same for a signed one.
func varint(b []byte) (v int64, n int) {
	v, n = binary.Varint(b)
	if n > 1 && b[n-1] == 0 {
		return 0, 0
	}
	return v, n
}

func (r *reader) uvarint() uint64 {
	v, n := uvarint(r.b)
	if n <= 0 {
		r.fail(errCut)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := varint(r.b)
	if n <= 0 {
		r.fail(errCut)
		return 0
	}
	r.b = r.b[n:]
	return v
}

// text reads a length and so many bytes, as a string of its own.
func (r *reader) text() string { return string(r.view()) }

// view reads a length and so many bytes, which stay those of the record.
func (r *reader) view() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.fail(errCut)
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

// count reads the number of things that follow: at most limit, and each of at least size bytes, so that a lie cannot
// make the caller allocate more than a few times what is really there.
func (r *reader) count(limit, size int) int {
	n := r.uvarint()
	if n > uint64(limit) {
		r.fail(fmt.Errorf("it counts %d entries, over the limit of %d", n, limit))
		return 0
	}
	if int(n)*size > len(r.b) {
		r.fail(errCut)
		return 0
	}
	return int(n)
}

// end returns the first fault; bytes that are left are one.
func (r *reader) end() error {
	if r.err == nil && len(r.b) != 0 {
		r.err = fmt.Errorf("%d bytes follow its end", len(r.b))
	}
	return r.err
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// appendTable appends the record of a table; its number is in the key.
func appendTable(dst []byte, t *protocol.Table) []byte {
	dst = append(dst, tableVersion)
	dst = appendText(dst, t.Name)
	dst = appendText(dst, t.DefaultReportType)
	dst = binary.AppendUvarint(dst, uint64(len(t.Indicators)))
	for i := range t.Indicators {
		in := &t.Indicators[i]
		dst = appendText(dst, in.ID)
		dst = appendText(dst, in.Code)
		dst = appendText(dst, in.Title)
		dst = appendText(dst, in.Unit)
	}
	return dst
}

// decodeTable reads a table's record. What it returns owns its memory.
func decodeTable(number uint32, b []byte) (protocol.Table, error) {
	r := reader{b: b}
	r.version(tableVersion)
	t := protocol.Table{Number: number, Name: r.text(), DefaultReportType: r.text()}
	if n := r.count(protocol.MaxIndicators, 4); n > 0 {
		t.Indicators = make([]protocol.Indicator, n)
	}
	for i := range t.Indicators {
		t.Indicators[i] = protocol.Indicator{ID: r.text(), Code: r.text(), Title: r.text(), Unit: r.text()}
	}
	return t, r.end()
}

// appendSubject appends the record of a subject; its key is in the key.
func appendSubject(dst []byte, s *protocol.Subject) []byte {
	dst = append(dst, subjectVersion)
	dst = appendText(dst, s.Name)
	dst = appendText(dst, s.Status)
	dst = appendText(dst, s.ListingDate)
	dst = appendText(dst, s.Category)
	dst = binary.AppendUvarint(dst, uint64(len(s.Topics)))
	for _, topic := range s.Topics {
		dst = appendText(dst, topic)
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.Tags)))
	for _, tag := range s.Tags {
		dst = appendText(appendText(dst, tag.Kind), tag.Text)
	}
	return dst
}

// appendStamp appends the record of a stamp.
func appendStamp(dst []byte, st protocol.Stamp) []byte {
	dst = append(dst, stampVersion)
	dst = binary.AppendVarint(dst, st.Create)
	return binary.AppendVarint(dst, st.Update)
}

func decodeStamp(b []byte) (protocol.Stamp, error) {
	r := reader{b: b}
	r.version(stampVersion)
	st := protocol.Stamp{Create: r.varint(), Update: r.varint()}
	return st, r.end()
}

// checkTable tells why a table could not be read back, or nil.
func checkTable(t *protocol.Table) error {
	switch {
	case t.Number == 0:
		return fmt.Errorf("%w: table %q without a number", ErrInvalid, t.Name)
	case len(t.Indicators) > protocol.MaxIndicators:
		return fmt.Errorf("%w: table %q with %d indicators", ErrInvalid, t.Name, len(t.Indicators))
	}
	return nil
}

// checkSubject tells why a subject could not be read back, or nil.
func checkSubject(s *protocol.Subject) error {
	switch {
	case !validName(s.Key):
		return fmt.Errorf("%w: subject %q", ErrInvalid, s.Key)
	case len(s.Topics) > protocol.MaxTopics:
		return fmt.Errorf("%w: subject %q with %d topics", ErrInvalid, s.Key, len(s.Topics))
	case len(s.Tags) > protocol.MaxTags:
		return fmt.Errorf("%w: subject %q with %d tags", ErrInvalid, s.Key, len(s.Tags))
	}
	return nil
}

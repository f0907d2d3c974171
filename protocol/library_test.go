package protocol

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"
)

func TestTheLibraryReadsWhatWeAppend(t *testing.T) {
	for _, s := range samples() {
		body := s.frame()[FramePrefix:]
		if diff := cmp.Diff(readByLibrary(t, body), readWhole(t, body), equal); diff != "" {
			t.Errorf("%s (-library +cursor):\n%s", s.name, diff)
		}
	}
}

// script turns fuzzed bytes into a value and has the library encode it, in a form that the bytes choose too.
type script struct {
	in  []byte
	enc *msgpack.Encoder
}

func (s *script) next() byte {
	if len(s.in) == 0 {
		return 0
	}
	b := s.in[0]
	s.in = s.in[1:]
	return b
}

// word takes up to 8 bytes.
func (s *script) word() uint64 {
	var b [8]byte
	n := copy(b[:], s.in)
	s.in = s.in[n:]
	return binary.LittleEndian.Uint64(b[:])
}

func (s *script) text() []byte {
	n := min(int(s.next())*5, len(s.in))
	b := s.in[:n]
	s.in = s.in[n:]
	return b
}

// value encodes the next value and returns it in the types of readAny.
func (s *script) value(depth int) (any, error) {
	switch op := s.next() % 12; op {
	case 0:
		return nil, s.enc.EncodeNil()
	case 1, 2, 3, 4, 5:
		return s.integer(op)
	case 6:
		v := float64(math.Float32frombits(uint32(s.word())))
		return v, s.enc.EncodeFloat32(float32(v))
	case 7:
		v := math.Float64frombits(s.word())
		return v, s.enc.EncodeFloat64(v)
	case 8:
		v := string(s.text())
		return v, s.enc.EncodeString(v)
	case 9:
		v := append([]byte{}, s.text()...)
		return v, s.enc.EncodeBytes(v)
	default:
		return s.list(depth)
	}
}

// integer encodes one of several widths.
func (s *script) integer(form byte) (any, error) {
	u := s.word()
	v := int64(u)
	var want any = u
	var err error
	switch form {
	case 1:
		err = s.enc.EncodeUint64(u)
	case 2:
		err = s.enc.EncodeUint(u)
	case 3:
		want, err = uint64(uint16(u)), s.enc.EncodeUint16(uint16(u))
	case 4:
		want, err = v, s.enc.EncodeInt64(v)
	case 5:
		want, err = int64(int16(v)), s.enc.EncodeInt16(int16(v))
	}
	if signed, ok := want.(int64); ok && signed >= 0 {
		want = uint64(signed)
	}
	return want, err
}

func (s *script) list(depth int) (any, error) {
	n := int(s.next()) % 20
	if depth == MaxDepth {
		n = 0
	}
	list := make([]any, n)
	if err := s.enc.EncodeArrayLen(n); err != nil {
		return nil, err
	}
	for i := range list {
		v, err := s.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	return list, nil
}

func FuzzCursorAgainstTheLibrary(f *testing.F) {
	f.Add([]byte{10, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0})
	f.Add(append([]byte{10, 19, 8, 60}, bytes.Repeat([]byte{8, 3, 'a', 'b', 'c', 9, 2}, 60)...))
	f.Add(bytes.Repeat([]byte{10, 1}, 12))
	f.Fuzz(func(t *testing.T, in []byte) {
		var buf bytes.Buffer
		s := script{in: in, enc: msgpack.NewEncoder(&buf)}
		want, err := s.value(1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, readWhole(t, buf.Bytes()), equal); diff != "" {
			t.Fatalf("%x (-encoded by the library +cursor):\n%s", buf.Bytes(), diff)
		}
	})
}

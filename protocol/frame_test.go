package protocol

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checkError holds err against a code and the words that its message has to have.
func checkError(t *testing.T, err error, code Code, words ...string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("error %v, want one of code %q", err, code)
	}
	for _, w := range words {
		if !strings.Contains(e.Message, w) {
			t.Errorf("message %q does not say %q", e.Message, w)
		}
	}
}

func TestFrameSizeIsHeldAgainstTheLimit(t *testing.T) {
	for _, c := range []struct {
		name   string
		prefix []byte
		max    int
		want   int
		say    string
	}{
		{"one byte", []byte{0, 0, 0, 1}, 10, 1, ""},
		{"exactly the limit", []byte{0, 0, 0, 10}, 10, 10, ""},
		{"what follows is not looked at", []byte{0, 0, 1, 0, 255, 255}, 1000, 256, ""},
		{"zero", []byte{0, 0, 0, 0}, 10, 0, "zero"},
		{"one over the limit", []byte{0, 0, 0, 11}, 10, 0, "11 bytes are more than the limit of 10"},
		{"all bits", []byte{255, 255, 255, 255}, DefaultMaxReply, 0, "4294967295"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := FrameSize(c.prefix, c.max)
			if c.say != "" {
				checkError(t, err, CodeProtocol, c.say)
			} else if err != nil || got != c.want {
				t.Errorf("%d, %v; want %d", got, err, c.want)
			}
		})
	}
}

func TestRequestHeadersDecodeToWhatWasAppended(t *testing.T) {
	for _, h := range []RequestHeader{
		{ID: 1, Op: OpPing},
		{ID: math.MaxUint64, Op: MaxOp, Deadline: math.MaxUint32},
		{ID: 1 << 31, Op: OpSnapshot, Flags: FlagTrace, Trace: []byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")},
		{ID: 2, Op: OpGet, Flags: FlagAtLeast, MinIndex: math.MaxUint64},
		{ID: 3, Op: OpGet, Flags: FlagTrace | FlagAtLeast | FlagLinearizable, Trace: []byte{}, MinIndex: 1},
	} {
		before := []byte("before")
		frame := FinishFrame(Empty{}.AppendTo(BeginRequest(before, &h)), len(before))[len(before):]
		size, err := FrameSize(frame, DefaultMaxRequest)
		if err != nil || size != len(frame)-FramePrefix {
			t.Fatalf("size %d of %d bytes, %v", size, len(frame), err)
		}
		got, payload, err := DecodeRequest(frame[FramePrefix:])
		if diff := cmp.Diff(h, got, equal); err != nil || diff != "" {
			t.Errorf("%v, (-appended +decoded):\n%s", err, diff)
		}
		if !bytes.Equal(payload, []byte{markNil}) {
			t.Errorf("payload %x", payload)
		}
	}
}

func TestReplyHeadersDecodeToWhatWasAppended(t *testing.T) {
	for _, h := range []ReplyHeader{{}, {ID: math.MaxUint64, Code: math.MaxUint8, Applied: math.MaxUint64}} {
		frame := FinishFrame(Empty{}.AppendTo(BeginReply(nil, &h)), 0)
		got, _, err := DecodeReply(frame[FramePrefix:])
		if err != nil || got != h {
			t.Errorf("%+v, %v; want %+v", got, err, h)
		}
	}
}

func TestIDsAboveTwoToThe31AreInOnePlace(t *testing.T) {
	frame := BeginRequest(nil, &RequestHeader{ID: 0xfedcba98, Op: OpSearch, Flags: FlagAtLeast})
	if want := []byte{markUint32, 0xfe, 0xdc, 0xba, 0x98}; !bytes.Equal(frame[FramePrefix+1:FramePrefix+6], want) {
		t.Errorf("header %x does not have %x at offset %d", frame, want, FramePrefix+1)
	}
}

// body writes values by hand as the elements of a frame's array.
func body(values ...byte) []byte { return append([]byte{markFixArray | byte(len(values))}, values...) }

func TestMalformedRequestHeaders(t *testing.T) {
	long := append([]byte{0x96, 7, 3, byte(FlagTrace), 0, markBin16, 1, 1}, make([]byte, 257+1)...)
	for _, c := range []struct {
		name string
		body []byte
		code Code
		id   uint64 // that the header has nevertheless
		say  string
	}{
		{"nothing", nil, CodeProtocol, 0, "request.id: the bytes end"},
		{"a map", []byte{0x80}, CodeProtocol, 0, "a map where an array should be"},
		{"only an id", body(7), CodeProtocol, 7, "request.operation: the bytes end"},
		{"an id below zero", body(0xff, 2, 0, 0, markNil), CodeProtocol, 0, "request.id: -1 is below zero"},
		{"a string as operation", body(7, 0xa0, 0, 0, markNil), CodeProtocol, 7, "request.operation: a string where an integer"},
		{"an unknown operation", body(7, 64, 0, 0, markNil), CodeUnsupported, 7, "operation 64"},
		{"an operation beyond a byte", []byte{0x95, 7, markUint16, 1, 3, 0, 0, markNil}, CodeUnsupported, 7, "operation 259"},
		{"an unknown flag", body(7, 2, 8, 0, markNil), CodeUnsupported, 7, "flags 0x8"},
		{"a flag beyond a byte", []byte{0x95, 7, 2, markUint16, 1, 0, 0, markNil}, CodeUnsupported, 7, "flags 0x100"},
		{"a deadline beyond 32 bits", []byte{0x95, 7, 2, 0, markUint64, 0, 0, 0, 1, 0, 0, 0, 0, markNil}, CodeProtocol, 7, "request.deadline"},
		{"no payload", []byte{0x95, 7, 2, 0, 0}, CodeProtocol, 0, "request.id: 5 elements are announced and 4 bytes remain"},
		{"no payload in the count either", body(7, 2, 0, 0), CodeProtocol, 7, "4 elements"},
		{"an element too many", body(7, 2, 0, 0, markNil, markNil), CodeProtocol, 7, "6 elements"},
		{"a flag without its element", body(7, 2, byte(FlagAtLeast), 0, markNil), CodeProtocol, 7, "request.min_index"},
		{"a trace that is too long", long, CodeTooLarge, 7, "request.trace: 257 bytes, the limit is 256"},
		{"a trace beyond the end", body(7, 2, byte(FlagTrace), 0, markBin8, 200), CodeProtocol, 7, "200 bytes are announced"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, _, err := DecodeRequest(c.body)
			checkError(t, err, c.code, c.say)
			if h.ID != c.id {
				t.Errorf("id %d, want %d", h.ID, c.id)
			}
		})
	}
}

func TestMalformedReplyHeaders(t *testing.T) {
	for _, c := range []struct {
		name string
		body []byte
		say  string
	}{
		{"nothing", nil, "reply.id"},
		{"a code beyond a byte", []byte{0x94, 7, markUint16, 1, 0, 0, markNil}, "reply.code"},
		{"an index below zero", body(7, 0, 0xff, markNil), "reply.applied"},
		{"an element too many", body(7, 0, 0, markNil, markNil), "5 elements"},
		{"no payload", body(7, 0, 0), "3 elements"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := DecodeReply(c.body)
			checkError(t, err, CodeProtocol, c.say)
		})
	}
}

package protocol

import (
	"encoding/binary"
	"math"
)

// Limits of frames. A length beyond the one that holds is refused before a byte of the frame is waited for.
const (
	FramePrefix       = 4        // bytes of the length before each frame
	DefaultMaxRequest = 1 << 20  // bytes of a request's body
	MaxHelloFrame     = 16 << 10 // bytes of a request's body before Hello was answered
	DefaultMaxReply   = 64 << 20 // bytes of a reply's body
	MaxDepth          = 8        // arrays inside arrays, the frame's own included
	MaxTrace          = 256      // bytes of a trace context
)

// Flags of a request. An unknown one is CodeUnsupported.
type Flags uint8

// The flags.
const (
	FlagTrace        Flags = 1 << iota // the header carries a trace context
	FlagAtLeast                        // answer from a state of at least MinIndex (SPEC.md, consistency)
	FlagLinearizable                   // answer from a state no older than the request

	knownFlags = FlagTrace | FlagAtLeast | FlagLinearizable
)

// RequestHeader is what every request says besides its payload.
type RequestHeader struct {
	ID       uint64 // echoed by the reply; the client's choice, not 0
	Op       Op
	Flags    Flags
	Deadline uint32 // milliseconds that remain; 0 = none
	Trace    []byte // with FlagTrace: a context for tracing, at most MaxTrace bytes
	MinIndex uint64 // with FlagAtLeast: the applied index to wait for
}

// ReplyHeader is what every reply says besides its payload.
type ReplyHeader struct {
	ID      uint64 // of the request; 0 = of the connection, which closes
	Code    Code   // not CodeOK: the payload is an Error
	Applied uint64 // applied index that the answer shows
}

// FrameSize returns the length of the body that follows the prefix, of which the first FramePrefix bytes are looked at.
// Zero and more than max are errors of CodeProtocol, after which the stream cannot be read on.
func FrameSize(prefix []byte, max int) (int, error) {
	size := binary.BigEndian.Uint32(prefix)
	if size == 0 {
		return 0, Errorf(CodeProtocol, "frame: its length is zero")
	}
	if uint64(size) > uint64(max) {
		return 0, Errorf(CodeProtocol, "frame: %d bytes are more than the limit of %d; split the request", size, max)
	}
	return int(size), nil
}

// BeginRequest appends the place of the length and the header of a request. Its payload is to be appended next, then
// FinishFrame called.
func BeginRequest(dst []byte, h *RequestHeader) []byte {
	elements := 5
	if h.Flags&FlagTrace != 0 {
		elements++
	}
	if h.Flags&FlagAtLeast != 0 {
		elements++
	}
	dst = append(dst, 0, 0, 0, 0, markFixArray|byte(elements))
	dst = appendUint(dst, h.ID)
	dst = appendUint(dst, uint64(h.Op))
	dst = appendUint(dst, uint64(h.Flags))
	dst = appendUint(dst, uint64(h.Deadline))
	if h.Flags&FlagTrace != 0 {
		dst = appendBin(dst, h.Trace)
	}
	if h.Flags&FlagAtLeast != 0 {
		dst = appendUint(dst, h.MinIndex)
	}
	return dst
}

// BeginReply appends the place of the length and the header of a reply. Its payload is to be appended next, then
// FinishFrame called.
func BeginReply(dst []byte, h *ReplyHeader) []byte {
	dst = append(dst, 0, 0, 0, 0, markFixArray|4)
	dst = appendUint(dst, h.ID)
	dst = appendUint(dst, uint64(h.Code))
	return appendUint(dst, h.Applied)
}

// FinishFrame fills in the length of the frame that began at start, which was len(dst) before its Begin, and ends with
// dst.
func FinishFrame(dst []byte, start int) []byte {
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-FramePrefix))
	return dst
}

// DecodeRequest reads the header of a request from body, a frame without its prefix. Trace and payload borrow from body.
// Unknown operations and flags are errors of CodeUnsupported, all others of CodeProtocol; with either, h.ID is set if it
// could be read.
func DecodeRequest(body []byte) (h RequestHeader, payload []byte, err error) {
	c := cursor{buf: body, message: "request", field: "id"}
	n := c.array(maxFixArray)
	h.ID = c.uint(math.MaxUint64)
	c.field = "operation"
	op := c.uint(math.MaxUint64)
	c.field = "flags"
	flags := c.uint(math.MaxUint64)
	if c.err == nil && op > uint64(MaxOp) {
		c.fail(CodeUnsupported, "operation %d is not spoken here", op)
	}
	if c.err == nil && flags&^uint64(knownFlags) != 0 {
		c.fail(CodeUnsupported, "flags %#x are not spoken here", flags&^uint64(knownFlags))
	}
	h.Op, h.Flags = Op(op), Flags(flags)
	c.field = "deadline"
	h.Deadline = c.uint32()
	elements := 5
	if h.Flags&FlagTrace != 0 {
		elements++
		h.Trace = c.trace()
	}
	if h.Flags&FlagAtLeast != 0 {
		elements++
		c.field = "min_index"
		h.MinIndex = c.uint(math.MaxUint64)
	}
	payload, err = c.payload(n, elements)
	return h, payload, err
}

// trace reads a trace context.
func (c *cursor) trace() []byte {
	c.field = "trace"
	trace := c.bin()
	if len(trace) > MaxTrace {
		c.fail(CodeTooLarge, "%d bytes, the limit is %d", len(trace), MaxTrace)
		return nil
	}
	return trace
}

// payload returns what follows a header that announced n elements and should have announced want.
func (c *cursor) payload(n, want int) ([]byte, error) {
	c.field = ""
	if c.err == nil && n != want {
		c.fail(CodeProtocol, "%d elements, its header asks for %d", n, want)
	}
	if c.err == nil && c.remaining() == 0 {
		c.fail(CodeProtocol, "the payload is not there")
	}
	if c.err != nil {
		return nil, c.err
	}
	return c.buf[c.pos:], nil
}

// DecodeReply reads the header of a reply from body, a frame without its prefix. The payload borrows from body.
func DecodeReply(body []byte) (h ReplyHeader, payload []byte, err error) {
	c := cursor{buf: body, message: "reply", field: "id"}
	n := c.array(maxFixArray)
	h.ID = c.uint(math.MaxUint64)
	c.field = "code"
	h.Code = Code(c.uint(math.MaxUint8))
	c.field = "applied"
	h.Applied = c.uint(math.MaxUint64)
	payload, err = c.payload(n, 4)
	return h, payload, err
}

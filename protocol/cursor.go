package protocol

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// The msgpack markers that this protocol meets. Those in ranges are the first of their range.
const (
	markFixArray = 0x90
	markFixStr   = 0xa0
	markNil      = 0xc0
	markBin8     = 0xc4
	markBin16    = 0xc5
	markBin32    = 0xc6
	markFloat32  = 0xca
	markFloat64  = 0xcb
	markUint8    = 0xcc
	markUint16   = 0xcd
	markUint32   = 0xce
	markUint64   = 0xcf
	markInt8     = 0xd0
	markInt16    = 0xd1
	markInt32    = 0xd2
	markInt64    = 0xd3
	markStr8     = 0xd9
	markStr16    = 0xda
	markStr32    = 0xdb
	markArray16  = 0xdc
	markArray32  = 0xdd
	markNegative = 0xe0

	maxFixInt   = 0x7f
	maxFixStr   = 31
	maxFixArray = 15
)

// cursor reads msgpack from bytes that nobody vouches for. Its methods never look past the end, never recurse, and hold
// every length against what remains before anything of that size is made.
//
// Errors stick: the first failure moves the cursor to the end, so that a decoder reads field after field and asks once,
// at end. Strings and bytes borrow from the buffer.
type cursor struct {
	buf     []byte
	pos     int
	message string // what is decoded, for errors: "Snapshot"
	field   string // the field of it that is being read: "limit"
	err     *Error
}

// fail keeps the first error, with the message and the field it is about.
//
//go:noinline
func (c *cursor) fail(code Code, format string, args ...any) {
	if c.err == nil {
		e := Errorf(code, format, args...)
		where := c.message
		if c.field != "" {
			where += "." + c.field
		}
		e.Message = where + ": " + e.Message
		c.err = e
	}
	c.pos = len(c.buf)
}

// failType says that the next value is not of the kind that is wanted here.
func (c *cursor) failType(want string) {
	if c.pos >= len(c.buf) {
		c.fail(CodeProtocol, "the bytes end where %s should be", want)
		return
	}
	c.fail(CodeProtocol, "%s where %s should be", kindOf(c.buf[c.pos]), want)
}

// end tells what went wrong, or that bytes are left over.
func (c *cursor) end() error {
	if c.err == nil && c.pos < len(c.buf) {
		c.field = ""
		c.fail(CodeProtocol, "%d bytes are left over after the message", len(c.buf)-c.pos)
	}
	if c.err != nil {
		return c.err
	}
	return nil
}

// remaining returns how many bytes have not been read.
func (c *cursor) remaining() int { return len(c.buf) - c.pos }

// take returns the next n bytes, or nil and fails.
func (c *cursor) take(n int) []byte {
	if n > len(c.buf)-c.pos {
		c.fail(CodeProtocol, "%d bytes are announced and %d remain", n, len(c.buf)-c.pos)
		return nil
	}
	b := c.buf[c.pos : c.pos+n : c.pos+n]
	c.pos += n
	return b
}

// bigEndian returns the next n (1, 2, 4 or 8) bytes as a number, 0 when they are not there. Away from the end one load
// does for any width.
func (c *cursor) bigEndian(n int) uint64 {
	if c.pos+8 > len(c.buf) {
		return c.lastBigEndian(n)
	}
	v := binary.BigEndian.Uint64(c.buf[c.pos:])
	c.pos += n
	return v >> (64 - 8*n)
}

// lastBigEndian is bigEndian within 8 bytes of the end.
func (c *cursor) lastBigEndian(n int) uint64 {
	v := uint64(0)
	for _, b := range c.take(n) {
		v = v<<8 | uint64(b)
	}
	return v
}

// isNil consumes a nil and tells whether there was one.
func (c *cursor) isNil() bool {
	if c.pos < len(c.buf) && c.buf[c.pos] == markNil {
		c.pos++
		return true
	}
	return false
}

// integer reads an integer of any width: its two's complement bits, and whether it is below zero.
func (c *cursor) integer() (bits uint64, negative bool) {
	if c.pos >= len(c.buf) {
		c.failType("an integer")
		return 0, false
	}
	switch m := c.buf[c.pos]; {
	case m <= maxFixInt:
		c.pos++
		return uint64(m), false
	case m >= markNegative:
		c.pos++
		return uint64(int64(int8(m))), true
	case m >= markUint8 && m <= markUint64:
		c.pos++
		return c.bigEndian(1 << (m - markUint8)), false
	case m >= markInt8 && m <= markInt64:
		c.pos++
		width := 1 << (m - markInt8)
		shift := 64 - 8*width
		v := int64(c.bigEndian(width)<<shift) >> shift
		return uint64(v), v < 0
	}
	c.failType("an integer")
	return 0, false
}

// uint reads an integer from 0 to max.
func (c *cursor) uint(max uint64) uint64 {
	v, negative := c.integer()
	if negative || v > max {
		if negative {
			c.fail(CodeProtocol, "%d is below zero", int64(v))
		} else {
			c.fail(CodeProtocol, "%d is more than the greatest that fits, %d", v, max)
		}
		return 0
	}
	return v
}

// uint32 reads an integer from 0 to 2^32-1.
func (c *cursor) uint32() uint32 { return uint32(c.uint(math.MaxUint32)) }

// int reads an integer from min to max.
func (c *cursor) int(min, max int64) int64 {
	v, negative := c.integer()
	if !negative && v > math.MaxInt64 || int64(v) < min || int64(v) > max {
		c.fail(CodeProtocol, "an integer outside %d to %d", min, max)
		return 0
	}
	return int64(v)
}

// int32 reads an integer that fits 32 bits with a sign.
func (c *cursor) int32() int32 { return int32(c.int(math.MinInt32, math.MaxInt32)) }

// int64 reads an integer that fits 64 bits with a sign.
func (c *cursor) int64() int64 {
	v, negative := c.integer()
	if !negative && v > math.MaxInt64 {
		c.fail(CodeProtocol, "%d is more than the greatest that fits, %d", v, int64(math.MaxInt64))
		return 0
	}
	return int64(v)
}

// count reads an integer that fits Go's int.
func (c *cursor) count() int { return int(c.int(math.MinInt, math.MaxInt)) }

// instant reads seconds, or nil for an instant that is not given.
func (c *cursor) instant() Instant {
	if c.isNil() {
		return Instant{}
	}
	return At(c.int64())
}

// float reads a number of any kind; nil is Missing. An integer becomes the nearest float64.
func (c *cursor) float() float64 {
	if c.pos >= len(c.buf) {
		c.failType("a number")
		return 0
	}
	switch m := c.buf[c.pos]; {
	case m == markFloat64:
		c.pos++
		return math.Float64frombits(c.bigEndian(8))
	case m == markFloat32:
		c.pos++
		return float64(math.Float32frombits(uint32(c.bigEndian(4))))
	case m == markNil:
		c.pos++
		return Missing
	}
	v, negative := c.integer()
	if negative {
		return float64(int64(v))
	}
	return float64(v)
}

// bytes reads a bin or a str of any width (old libraries know only one of them). It borrows from the buffer.
func (c *cursor) bytes(want string) []byte {
	if c.pos >= len(c.buf) {
		c.failType(want)
		return nil
	}
	n := 0
	switch m := c.buf[c.pos]; {
	case m >= markFixStr && m <= markFixStr+maxFixStr:
		c.pos++
		n = int(m - markFixStr)
	case m >= markStr8 && m <= markStr32:
		c.pos++
		n = int(c.bigEndian(1 << (m - markStr8)))
	case m >= markBin8 && m <= markBin32:
		c.pos++
		n = int(c.bigEndian(1 << (m - markBin8)))
	default:
		c.failType(want)
		return nil
	}
	if c.err != nil {
		return nil
	}
	return c.take(n)
}

// bin reads bytes.
func (c *cursor) bin() []byte { return c.bytes("bytes") }

// str reads a string, which borrows from the buffer (see borrow). Nearly all are short and read in place.
func (c *cursor) str() string {
	if c.pos < len(c.buf) {
		if size := int(c.buf[c.pos]) - markFixStr; uint(size) <= maxFixStr && size < len(c.buf)-c.pos {
			c.pos += 1 + size
			return borrow(c.buf[c.pos-size : c.pos])
		}
	}
	return borrow(c.bytes("a string"))
}

// array reads the header of an array of at most limit elements. Each takes a byte at least, so more than what remains is
// refused before anybody makes room for them; nil is an empty array.
func (c *cursor) array(limit int) int {
	if c.pos >= len(c.buf) {
		c.failType("an array")
		return 0
	}
	n := 0
	switch m := c.buf[c.pos]; {
	case m >= markFixArray && m <= markFixArray+maxFixArray:
		c.pos++
		n = int(m - markFixArray)
	case m == markArray16 || m == markArray32:
		c.pos++
		n = int(c.bigEndian(2 << (m - markArray16)))
	case m == markNil:
		c.pos++
	default:
		c.failType("an array")
	}
	if uint(n) > uint(c.remaining()) {
		c.fail(CodeProtocol, "%d elements are announced and %d bytes remain", n, c.remaining())
		return 0
	}
	if n > limit {
		c.fail(CodeTooLarge, "%d elements, the limit is %d", n, limit)
		return 0
	}
	return n
}

// strings reads a list of strings into dst[:0]. The strings borrow from the buffer.
func (c *cursor) strings(dst []string, limit int) []string {
	dst = resize(dst, c.array(limit))
	for i := 0; i < len(dst); i++ {
		done, pos := shortStrings(dst[i:], c.buf, c.pos)
		c.pos = pos
		if i += done; i < len(dst) {
			dst[i] = c.str()
		}
	}
	return dst
}

// shortStrings reads strings of 1 to 31 bytes as long as there are, and returns how many, and where it stopped.
//
// It is the hot loop of a query, which may name hundreds of subjects: a call that has nothing else to keep in registers,
// and no slice of a string that is known to lie in the buffer, are a tenth of BenchmarkParseSnapshot50.
func shortStrings(dst []string, buf []byte, pos int) (done, end int) {
	base := unsafe.Pointer(unsafe.SliceData(buf))
	for i := range dst {
		if uint(pos) >= uint(len(buf)) {
			return i, pos
		}
		size := int(buf[pos]) - markFixStr
		next := pos + 1 + size
		if uint(size-1) >= maxFixStr || next > len(buf) {
			return i, pos
		}
		dst[i] = unsafe.String((*byte)(unsafe.Add(base, pos+1)), size)
		pos = next
	}
	return len(dst), pos
}

// ints reads a list of integers into dst[:0].
func (c *cursor) ints(dst []int64, limit int) []int64 {
	dst = resize(dst, c.array(limit))
	for i := range dst {
		dst[i] = c.int64()
	}
	return dst
}

// borrow returns b as a string without copying it. The string is valid as long as nobody writes to b: of a decoded
// request until its frame is given back, of a decoded reply for ever, because those bytes are a copy of its own.
func borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// own returns a cursor over a copy of what remains of c, so that what is borrowed from it belongs to the reader.
func (c *cursor) own() cursor {
	text := string(c.buf[c.pos:])
	return cursor{
		buf:     unsafe.Slice(unsafe.StringData(text), len(text)), // never written to
		message: c.message, field: c.field, err: c.err,
	}
}

// resize returns s with n elements. What s holds, up to its capacity, stays, so that elements keep their own memory.
func resize[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	return append(s[:cap(s)], make([]T, n-cap(s))...)
}

// isInteger tells whether a marker begins an integer.
func isInteger(mark byte) bool {
	return mark <= maxFixInt || mark >= markNegative || mark >= markUint8 && mark <= markInt64
}

// kindOf names the kind of value that a marker begins.
func kindOf(mark byte) string {
	switch {
	case isInteger(mark):
		return "an integer"
	case mark < markFixArray, mark == 0xde, mark == 0xdf:
		return "a map"
	case mark < markFixStr, mark == markArray16, mark == markArray32:
		return "an array"
	case mark < markNil, mark >= markStr8 && mark <= markStr32:
		return "a string"
	case mark >= markBin8 && mark <= markBin32:
		return "bytes"
	case mark == markFloat32, mark == markFloat64:
		return "a float"
	case mark == markNil:
		return "nil"
	case mark == 0xc2, mark == 0xc3:
		return "a boolean"
	}
	return "an extension"
}

package protocol

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"
)

// A column travels as it lies in the memory of nearly every machine: float64s, the lowest byte first. So it is copied
// whole, which costs half of what moving number by number does; only a big-endian machine turns each around.

// appendFloats appends values as little-endian float64s.
func appendFloats(dst []byte, values []float64) []byte {
	if littleEndian() {
		return append(dst, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 8*len(values))...)
	}
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return dst
}

// copyFloats fills values from as many little-endian float64s.
func copyFloats(values []float64, from []byte) {
	if littleEndian() {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 8*len(values)), from)
		return
	}
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(from[8*i:]))
	}
}

// littleEndian tells how this machine keeps numbers.
func littleEndian() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

// anyMissing tells whether a value is missing. A sum with a NaN in it is NaN, so that four are tested by one comparison,
// and looked at one by one when it fails: infinities of both signs also add up to NaN.
func anyMissing(values []float64) bool {
	for len(values) >= 4 {
		v := (*[4]float64)(values)
		if sum := (v[0] + v[1]) + (v[2] + v[3]); sum != sum && (v[0] != v[0] || v[1] != v[1] || v[2] != v[2] || v[3] != v[3]) {
			return true
		}
		values = values[4:]
	}
	for _, v := range values {
		if v != v {
			return true
		}
	}
	return false
}

// appendMissing appends a bin with one bit for each value, from the lowest of the first byte on: set where it is missing.
func appendMissing(dst []byte, values []float64) []byte {
	size := (len(values) + 7) / 8
	dst = appendSize(dst, markBin8, size)
	at := len(dst)
	dst = slices.Grow(dst, size)[:at+size]
	out := dst[at:]
	clear(out)
	for i, v := range values {
		if v != v {
			out[i>>3] |= 1 << (i & 7)
		}
	}
	return dst
}

// decodeColumns fills Values from the two bins. Every NaN has to be marked as missing.
func (r *Result) decodeColumns(c *cursor, rows int, values, missing []byte) {
	n := len(values) / 8
	if len(values)%8 != 0 || rows == 0 && n > 0 || rows > 0 && n%rows != 0 {
		c.fail(CodeProtocol, "%d bytes are no columns of %d rows of 8 bytes", len(values), rows)
		return
	}
	r.Values = resize(r.Values, n)
	copyFloats(r.Values, values)
	if len(missing) > 0 {
		r.decodeMissing(c, missing)
		return
	}
	if anyMissing(r.Values) {
		c.fail(CodeProtocol, "a value is not a number and not marked as missing")
	}
}

// decodeMissing puts Missing where a bit is set.
func (r *Result) decodeMissing(c *cursor, missing []byte) {
	n := len(r.Values)
	if len(missing) != (n+7)/8 {
		c.fail(CodeProtocol, "%d bytes of missing bits for %d values", len(missing), n)
		return
	}
	if spare := 8*len(missing) - n; missing[len(missing)-1]>>(8-spare) != 0 {
		c.fail(CodeProtocol, "a missing bit is set behind the last of %d values", n)
		return
	}
	for i, v := range r.Values {
		if missing[i>>3]>>(i&7)&1 != 0 {
			r.Values[i] = Missing
		} else if v != v {
			c.fail(CodeProtocol, "value %d is not a number and not marked as missing", i)
			return
		}
	}
}

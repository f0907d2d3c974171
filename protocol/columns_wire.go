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

// appendMissing appends a bin with one bit for each value, from the lowest of the first byte on: set where it is missing. Where none
// is it appends nil.
//
// One value of fifty is missing in most data. Eight are tested by one sum, as in anyMissing, and the bits of those that may
// have one missing are made without a branch.
func appendMissing(dst []byte, values []float64) (_ []byte, some bool) {
	size := (len(values) + 7) / 8
	start := len(dst)
	dst = appendSize(dst, markBin8, size)
	at := len(dst)
	dst = slices.Grow(dst, size)[:at+size]
	out := dst[at:]
	all := byte(0)
	for i := range out {
		if len(values) < 8 {
			b := byte(0)
			for k, v := range values {
				b |= notNumber(v) << k
			}
			out[i], all = b, all|b
			break
		}
		v := (*[8]float64)(values)
		values = values[8:]
		b := byte(0)
		if sum := ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7])); sum != sum {
			b = notNumber(v[0]) | notNumber(v[1])<<1 | notNumber(v[2])<<2 | notNumber(v[3])<<3 |
				notNumber(v[4])<<4 | notNumber(v[5])<<5 | notNumber(v[6])<<6 | notNumber(v[7])<<7
		}
		out[i], all = b, all|b
	}
	if all == 0 {
		return appendNil(dst[:start]), false
	}
	return dst, true
}

// notNumber is 1 or 0; the compiler makes it a flag set without a jump.
func notNumber(v float64) byte {
	if v != v {
		return 1
	}
	return 0
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

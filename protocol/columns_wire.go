package protocol

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// appendColumns appends all values as one bin of little-endian float64s, column after column, and tells whether any is
// missing.
//
// The loop does both in one pass and without a branch on the values: a NaN is what is above infinity when its sign is
// cleared, so infinity minus it is negative.
func appendColumns(dst []byte, values []float64) ([]byte, bool) {
	dst = appendSize(dst, markBin8, 8*len(values))
	at := len(dst)
	dst = slices.Grow(dst, 8*len(values))[:at+8*len(values)]
	out := dst[at:]
	var above uint64
	for _, v := range values {
		b := math.Float64bits(v)
		above |= infinityBits - b&^signBit
		binary.LittleEndian.PutUint64(out, b)
		out = out[8:]
	}
	return dst, above&signBit != 0
}

const (
	signBit      = 1 << 63
	infinityBits = 0x7ff << 52
)

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

// decodeColumns fills Values from what appendColumns and appendMissing wrote.
func (r *Result) decodeColumns(c *cursor, rows int, values, missing []byte) {
	n := len(values) / 8
	if len(values)%8 != 0 || rows == 0 && n > 0 || rows > 0 && n%rows != 0 {
		c.fail(CodeProtocol, "%d bytes are no columns of %d rows of 8 bytes", len(values), rows)
		return
	}
	if len(missing) != 0 && len(missing) != (n+7)/8 {
		c.fail(CodeProtocol, "%d bytes of missing bits for %d values", len(missing), n)
		return
	}
	r.Values = resize(r.Values, n)
	for i := range r.Values {
		r.Values[i] = math.Float64frombits(binary.LittleEndian.Uint64(values))
		values = values[8:]
	}
	for i, set := range missing {
		for ; set != 0; set &= set - 1 {
			at := 8*i + bits.TrailingZeros8(set)
			if at >= n {
				c.fail(CodeProtocol, "a bit is set behind the last of %d values", n)
				return
			}
			r.Values[at] = Missing
		}
	}
}

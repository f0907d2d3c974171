package protocol

import (
	"encoding/binary"
	"math"
)

// The append functions write the shortest form of each value, so that equal messages are equal bytes.

func appendNil(dst []byte) []byte { return append(dst, markNil) }

func appendUint(dst []byte, v uint64) []byte {
	switch {
	case v <= maxFixInt:
		return append(dst, byte(v))
	case v <= math.MaxUint8:
		return append(dst, markUint8, byte(v))
	case v <= math.MaxUint16:
		return append(dst, markUint16, byte(v>>8), byte(v))
	case v <= math.MaxUint32:
		return append(dst, markUint32, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	}
	return binary.BigEndian.AppendUint64(append(dst, markUint64), v)
}

func appendInt(dst []byte, v int64) []byte {
	switch {
	case v >= 0:
		return appendUint(dst, uint64(v))
	case v >= -32:
		return append(dst, byte(v))
	case v >= math.MinInt8:
		return append(dst, markInt8, byte(v))
	case v >= math.MinInt16:
		return append(dst, markInt16, byte(v>>8), byte(v))
	case v >= math.MinInt32:
		return append(dst, markInt32, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	}
	return binary.BigEndian.AppendUint64(append(dst, markInt64), uint64(v))
}

// appendFloat writes a float64, or nil for Missing.
func appendFloat(dst []byte, v float64) []byte {
	if IsMissing(v) {
		return appendNil(dst)
	}
	return binary.BigEndian.AppendUint64(append(dst, markFloat64), math.Float64bits(v))
}

// appendInstant writes seconds, or nil for an instant that is not given.
func appendInstant(dst []byte, i Instant) []byte {
	if !i.Given {
		return appendNil(dst)
	}
	return appendInt(dst, i.Seconds)
}

// appendString writes a str. Keys are mostly 8 to 16 bytes long: two loads and two stores that may overlap cost less than
// the call that copies any length.
func appendString(dst []byte, s string) []byte {
	at, n := len(dst), len(s)
	if n >= 8 && n <= 16 && at+1+n <= cap(dst) {
		dst = dst[:at+1+n]
		out := dst[at : at+1+n]
		out[0] = markFixStr | byte(n)
		binary.LittleEndian.PutUint64(out[1:], load64(s))
		binary.LittleEndian.PutUint64(out[n-7:], load64(s[n-8:]))
		return dst
	}
	if n <= maxFixStr {
		dst = append(dst, markFixStr|byte(n))
	} else {
		dst = appendSize(dst, markStr8, n)
	}
	return append(dst, s...)
}

// load64 reads the first 8 bytes of s in one load.
func load64(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func appendBin(dst, b []byte) []byte {
	return append(appendSize(dst, markBin8, len(b)), b...)
}

// appendSize writes the header of a str or bin: mark8 is the marker with one byte of length, those with two and four
// follow it.
func appendSize(dst []byte, mark8 byte, n int) []byte {
	switch {
	case n <= math.MaxUint8:
		return append(dst, mark8, byte(n))
	case n <= math.MaxUint16:
		return append(dst, mark8+1, byte(n>>8), byte(n))
	}
	return append(dst, mark8+2, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

func appendArray(dst []byte, n int) []byte {
	switch {
	case n <= maxFixArray:
		return append(dst, markFixArray|byte(n))
	case n <= math.MaxUint16:
		return append(dst, markArray16, byte(n>>8), byte(n))
	}
	return append(dst, markArray32, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

func appendStrings(dst []byte, list []string) []byte {
	dst = appendArray(dst, len(list))
	for _, s := range list {
		dst = appendString(dst, s)
	}
	return dst
}

func appendInts(dst []byte, list []int64) []byte {
	dst = appendArray(dst, len(list))
	for _, v := range list {
		dst = appendInt(dst, v)
	}
	return dst
}

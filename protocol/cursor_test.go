package protocol

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIntegersAreReadInEveryWidth(t *testing.T) {
	for _, c := range []struct {
		hex  []byte
		want int64
	}{
		{[]byte{0}, 0},
		{[]byte{0x7f}, 127},
		{[]byte{0xff}, -1},
		{[]byte{0xe0}, -32},
		{[]byte{markUint8, 5}, 5},
		{[]byte{markUint8, 255}, 255},
		{[]byte{markUint16, 0, 5}, 5},
		{[]byte{markUint32, 0xff, 0xff, 0xff, 0xff}, math.MaxUint32},
		{[]byte{markUint64, 0, 0, 0, 0, 0, 0, 0, 5}, 5},
		{[]byte{markInt8, 0x80}, -128},
		{[]byte{markInt16, 0xff, 0xfe}, -2},
		{[]byte{markInt32, 0x80, 0, 0, 0}, math.MinInt32},
		{[]byte{markInt32, 0, 0, 0, 5}, 5},
		{[]byte{markInt64, 0x80, 0, 0, 0, 0, 0, 0, 0}, math.MinInt64},
		{[]byte{markInt64, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, math.MaxInt64},
	} {
		for _, tail := range []string{"", "12345678"} { // near the end and far from it
			k := cursor{buf: append(append([]byte{}, c.hex...), tail...)}
			if got := k.int64(); got != c.want || k.err != nil || k.remaining() != len(tail) {
				t.Errorf("%x read as %d with %d bytes left, %v; want %d", c.hex, got, k.remaining(), k.err, c.want)
			}
		}
	}
}

func TestIntegersOutsideTheirField(t *testing.T) {
	big := []byte{markUint64, 0x80, 0, 0, 0, 0, 0, 0, 0}
	for _, c := range []struct {
		name string
		in   []byte
		read func(c *cursor)
		say  string
	}{
		{"int64", big, func(c *cursor) { c.int64() }, "9223372036854775808 is more"},
		{"int", big, func(c *cursor) { c.count() }, "an integer outside"},
		{"int32", []byte{markUint32, 0x80, 0, 0, 0}, func(c *cursor) { c.int32() }, "an integer outside"},
		{"uint32", []byte{markUint64, 0, 0, 0, 1, 0, 0, 0, 0}, func(c *cursor) { c.uint32() }, "4294967296 is more"},
		{"below zero", []byte{markInt8, 0xfe}, func(c *cursor) { c.uint32() }, "-2 is below zero"},
		{"a float", []byte{markFloat32, 0, 0, 0, 0}, func(c *cursor) { c.int64() }, "a float where an integer"},
		{"an extension", []byte{0xd4, 0, 0}, func(c *cursor) { c.int64() }, "an extension where an integer"},
		{"a boolean", []byte{0xc3}, func(c *cursor) { c.int64() }, "a boolean where an integer"},
		{"cut off", []byte{markUint32, 1, 2}, func(c *cursor) { c.int64() }, "4 bytes are announced and 2 remain"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := cursor{buf: c.in, message: "Message", field: "field"}
			c.read(&k)
			checkError(t, k.end(), CodeProtocol, "Message.field: ", c.say)
		})
	}
}

func TestNumbersAreReadFromFloatsAndIntegers(t *testing.T) {
	for _, c := range []struct {
		in   []byte
		want float64
	}{
		{[]byte{markFloat64, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0}, 1.5},
		{[]byte{markFloat32, 0x3f, 0xc0, 0, 0}, 1.5},
		{[]byte{7}, 7},
		{[]byte{0xff}, -1},
		{[]byte{markUint64, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, math.MaxUint64},
		{[]byte{markNil}, Missing},
	} {
		k := cursor{buf: c.in}
		if got := k.float(); math.Float64bits(got) != math.Float64bits(c.want) || k.end() != nil {
			t.Errorf("%x read as %v, %v; want %v", c.in, got, k.err, c.want)
		}
	}
}

func TestStringsAreReadInEveryForm(t *testing.T) {
	for _, head := range [][]byte{{0xa3}, {markStr8, 3}, {markStr16, 0, 3}, {markStr32, 0, 0, 0, 3},
		{markBin8, 3}, {markBin16, 0, 3}, {markBin32, 0, 0, 0, 3}} {
		k := cursor{buf: append(head, "abc"...)}
		if got := k.str(); got != "abc" || k.end() != nil {
			t.Errorf("%x read as %q, %v", head, got, k.err)
		}
	}
}

func TestArraysAreReadInEveryForm(t *testing.T) {
	for _, head := range [][]byte{{0x92}, {markArray16, 0, 2}, {markArray32, 0, 0, 0, 2}} {
		k := cursor{buf: append(head, 1, 2)}
		if got := k.ints(nil, 2); !cmp.Equal(got, []int64{1, 2}) || k.end() != nil {
			t.Errorf("%x read as %v, %v", head, got, k.err)
		}
	}
}

func TestAppendedStringsOfEveryLengthAreReadBack(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 1<<12+1)
	for _, n := range []int{0, 1, 7, 8, 9, 11, 15, 16, 17, 31, 32, 255, 256, 65535, 65536} {
		for _, room := range []int{0, 1 << 17} {
			b := appendString(make([]byte, 0, room), text[:n])
			k := cursor{buf: b}
			if got := k.str(); got != text[:n] || k.end() != nil {
				t.Errorf("%d bytes read back as %d, %v", n, len(got), k.err)
			}
		}
	}
}

func TestAppendedIntegersTakeTheShortestForm(t *testing.T) {
	for _, c := range []struct {
		v    int64
		size int
	}{
		{0, 1}, {127, 1}, {128, 2}, {255, 2}, {256, 3}, {65535, 3}, {65536, 5}, {math.MaxUint32, 5}, {math.MaxUint32 + 1, 9},
		{-1, 1}, {-32, 1}, {-33, 2}, {-128, 2}, {-129, 3}, {-32768, 3}, {-32769, 5}, {math.MinInt32, 5}, {math.MinInt32 - 1, 9},
		{math.MaxInt64, 9}, {math.MinInt64, 9},
	} {
		b := appendInt(nil, c.v)
		k := cursor{buf: b}
		if got := k.int64(); got != c.v || len(b) != c.size || k.end() != nil {
			t.Errorf("%d takes %d bytes and is read as %d, %v; want %d bytes", c.v, len(b), got, k.err, c.size)
		}
	}
}

package protocol

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

// readAny reads the next value, whatever it is, by the methods of the cursor: nil, uint64 or int64 (below zero), float64,
// string, []byte or []any.
func readAny(c *cursor, depth int) any {
	if depth > MaxDepth {
		c.fail(CodeProtocol, "too deep")
		return nil
	}
	if c.isNil() || c.remaining() == 0 {
		return nil
	}
	switch mark := c.buf[c.pos]; kindOf(mark) {
	case "an integer":
		v, negative := c.integer()
		if negative {
			return int64(v)
		}
		return v
	case "a float":
		return c.float()
	case "a string":
		return c.str()
	case "bytes":
		return c.bin()
	case "an array":
		list := make([]any, c.array(DefaultMaxReply))
		for i := range list {
			list[i] = readAny(c, depth+1)
		}
		return list
	}
	c.failType("a value of this protocol")
	return nil
}

// readWhole reads b by the cursor as one value.
func readWhole(t testing.TB, b []byte) any {
	t.Helper()
	c := cursor{buf: b, message: "value"}
	v := readAny(&c, 1)
	if err := c.end(); err != nil {
		t.Fatal(err)
	}
	return v
}

// readByLibrary reads b, which our own code wrote, by msgpack/v5 as one value, in the types of readAny. It must not be
// given bytes of others: the library makes room for whatever a length announces.
func readByLibrary(t testing.TB, b []byte) any {
	t.Helper()
	dec := msgpack.NewDecoder(bytes.NewReader(b))
	v, err := dec.DecodeInterface()
	if err != nil {
		t.Fatalf("the library: %v", err)
	}
	if rest, err := io.ReadAll(dec.Buffered()); err != nil || len(rest) > 0 {
		t.Fatalf("the library leaves %d bytes over, %v", len(rest), err)
	}
	return normal(v)
}

// normal turns what the library decodes into the types of readAny.
func normal(v any) any {
	switch v := v.(type) {
	case nil, string, []byte:
		return v
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = normal(v[i])
		}
		return list
	}
	switch r := reflect.ValueOf(v); {
	case r.CanUint():
		return r.Uint()
	case r.CanInt() && r.Int() < 0:
		return r.Int()
	case r.CanInt():
		return uint64(r.Int())
	case r.CanFloat():
		return r.Float()
	}
	panic(fmt.Sprintf("the library decodes %T", v))
}

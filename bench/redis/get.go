package redis

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/kamaitachi/kamaitachi/bench"
)

// inOrder is what all dialects of Redis have in common: no greeting, no ids, replies in the order of the requests.
type inOrder struct{ answered uint64 }

func (d *inOrder) Greet(net.Conn) error { return nil }

func (d *inOrder) SetID([]byte, uint64) {}

// id returns the id of the reply that was cut last.
func (d *inOrder) id() uint64 {
	d.answered++
	return d.answered - 1
}

// ReadyKeys is how many payloads there are for GET. They are few, so that they stay in the processor's caches.
const ReadyKeys = 10

// ReadyKey returns the key of a payload of size bytes; any i is one of ReadyKeys.
func ReadyKey(size, i int) string {
	return "ready:" + strconv.Itoa(size) + ":" + strconv.Itoa(i%ReadyKeys)
}

// FillReady stores ReadyKeys payloads of size bytes.
func FillReady(ctx context.Context, addr string, size int) error {
	c, err := Dial(ctx, addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for i := range ReadyKeys {
		payload := bytes.Repeat([]byte{'a' + byte(i)}, size)
		if err := c.Queue("SET", ReadyKey(size, i), string(payload)); err != nil {
			return fmt.Errorf("fill redis: %w", err)
		}
	}
	return c.Flush()
}

// Get answers every query with a GET of a payload of Size bytes that somebody prepared (FillReady).
type Get struct {
	inOrder
	Size int
}

// AppendRequest appends a GET; what the query asks does not count.
func (d *Get) AppendRequest(dst []byte, id uint64, _ *bench.Query) []byte {
	return appendCommand(dst, "GET", ReadyKey(d.Size, int(id%ReadyKeys)))
}

// Reply takes a payload.
func (d *Get) Reply(buf []byte) (int, uint64, bool, error) {
	e, err := next(buf)
	if err != nil || e.size == 0 {
		return 0, 0, false, err
	}
	if e.kind != '$' && e.kind != '-' {
		return 0, 0, false, fmt.Errorf("%w to GET with %q", ErrReply, e.kind)
	}
	return e.size, d.id(), e.kind == '$' && e.n == d.Size, nil
}

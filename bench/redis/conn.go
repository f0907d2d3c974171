package redis

import (
	"context"
	"fmt"
	"net"
	"time"
)

// Conn is a connection for setting up and for checks; the load goes through dialects. It is not safe for concurrent use.
type Conn struct {
	c       net.Conn
	in      []byte // read and not used
	chunk   [64 << 10]byte
	out     []byte // written and not sent
	pending int    // replies not read
}

// connTimeout bounds connecting, and each flush of commands with its replies.
const connTimeout = 30 * time.Second

// Dial connects to the server at addr, host:port.
func Dial(ctx context.Context, addr string) (*Conn, error) {
	d := net.Dialer{Timeout: connTimeout}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to redis: %w", err)
	}
	return &Conn{c: c}, nil
}

// Close closes the connection.
func (c *Conn) Close() error { return c.c.Close() }

// flushAt is how many bytes of commands are sent together.
const flushAt = 256 << 10

// Queue sends a command, sooner or later, whose reply nobody wants unless it is an error: Flush or a later Queue returns that.
func (c *Conn) Queue(words ...string) error {
	c.out = appendCommand(c.out, words...)
	c.pending++
	if len(c.out) < flushAt {
		return nil
	}
	return c.Flush()
}

// Flush sends what is queued and waits for all replies.
func (c *Conn) Flush() error {
	c.c.SetDeadline(time.Now().Add(connTimeout))
	if _, err := c.c.Write(c.out); err != nil {
		return err
	}
	c.out = c.out[:0]
	for ; c.pending > 0; c.pending-- {
		if _, err := c.read(); err != nil {
			return err
		}
	}
	return nil
}

// Do sends a command and returns its reply: the strings of an array, flat, or the one that a single reply has; a nil is "".
func (c *Conn) Do(words ...string) ([]string, error) {
	if err := c.Flush(); err != nil {
		return nil, err
	}
	if _, err := c.c.Write(appendCommand(nil, words...)); err != nil {
		return nil, err
	}
	return c.read()
}

// read reads one reply.
func (c *Conn) read() ([]string, error) {
	for {
		size, _, err := replySize(c.in)
		if err != nil {
			return nil, err
		}
		if size > 0 {
			reply := c.in[:size]
			c.in = c.in[size:]
			return texts(reply)
		}
		n, err := c.c.Read(c.chunk[:])
		c.in = append(c.in, c.chunk[:n]...)
		if n == 0 && err != nil {
			return nil, err
		}
	}
}

// texts returns the strings of a whole reply.
func texts(reply []byte) ([]string, error) {
	var all []string
	for len(reply) > 0 {
		e, err := next(reply)
		if err != nil {
			return nil, err
		}
		if e.kind == '-' {
			return nil, fmt.Errorf("%w %s", ErrReply, e.text)
		}
		if e.kind != '*' {
			all = append(all, string(e.text))
		}
		reply = reply[e.size:]
	}
	return all, nil
}

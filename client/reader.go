package client

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/kamaitachi/kamaitachi/protocol"
)

const (
	readChunk  = 64 << 10 // bytes of a connection's read buffer
	growChunk  = 1 << 20  // bytes by which the memory of a greater reply grows, as they come
	replyBatch = 128      // replies that are looked up under one lock
	headerMost = 32       // bytes that hold the longest header of a reply, and more
)

// arrival is a reply in the read buffer.
type arrival struct {
	header  protocol.ReplyHeader
	payload []byte
	call    *call // nil: its caller gave up
}

// read takes replies from the connection and ends their calls until it breaks. It returns why.
func (c *conn) read() error {
	buf := make([]byte, readChunk)
	batch := make([]arrival, 0, replyBatch)
	have := 0
	for {
		n, err := c.nc.Read(buf[have:])
		if n > 0 {
			c.reads.Add(1)
			have += n
			used, size, fault := c.cut(buf[:have], batch)
			if fault != nil {
				return fault
			}
			have = copy(buf, buf[used:have])
			if size > len(buf)-protocol.FramePrefix {
				if fault := c.readGreat(size, buf[protocol.FramePrefix:have]); fault != nil {
					return fault
				}
				have = 0
			}
		}
		if err != nil {
			return readFault(err, have)
		}
	}
}

// readFault names the end of the stream; have bytes of a reply had come.
func readFault(err error, have int) error {
	switch {
	case errors.Is(err, io.EOF) && have > 0:
		return fmt.Errorf("the node closed the connection inside a reply: %w", io.ErrUnexpectedEOF)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("the node closed the connection: %w", err)
	}
	return fmt.Errorf("reading: %w", err)
}

// cut delivers the whole frames at the front of data. It returns their bytes, and the body's size of the frame that is
// not whole yet, or 0 when that is not known.
func (c *conn) cut(data []byte, batch []arrival) (used, size int, err error) {
	for len(data)-used >= protocol.FramePrefix {
		size, err = protocol.FrameSize(data[used:], math.MaxInt32)
		if err != nil {
			return used, 0, malformed(err)
		}
		body := data[used+protocol.FramePrefix:]
		if len(body) < size {
			return used, size, c.deliver(batch, false)
		}
		a := arrival{}
		if a.header, a.payload, err = protocol.DecodeReply(body[:size]); err != nil {
			return used, 0, malformed(err)
		}
		used += protocol.FramePrefix + size
		if batch = append(batch, a); len(batch) == cap(batch) {
			if err := c.deliver(batch, false); err != nil {
				return used, 0, err
			}
			batch = batch[:0]
		}
	}
	return used, 0, c.deliver(batch, false)
}

// deliver ends the calls of the replies. The payloads are copied, unless own says that nobody else uses their memory.
func (c *conn) deliver(batch []arrival, own bool) error {
	if len(batch) == 0 {
		return nil
	}
	if c.node != nil {
		c.node.heard(newest(batch))
	}
	var err error
	c.mu.Lock()
	for i := range batch {
		known := false
		if batch[i].call, known = c.table.take(batch[i].header.ID); !known {
			err = unasked(&batch[i])
			batch = batch[:i]
			break
		}
	}
	c.admitWaiting()
	c.unlock()
	for i := range batch {
		switch k := batch[i].call; {
		case k == nil:
		case k.relayed != nil:
			c.wakers = append(c.wakers, k.relayed.replied(batch[i].header, batch[i].payload))
		default:
			k.finish(batch[i].header, batch[i].payload, own)
		}
	}
	clear(batch)
	c.wakeAll()
	return err
}

// wakeAll wakes those whose relayed requests were answered, once for all answers that came together.
func (c *conn) wakeAll() {
	for _, w := range c.wakers {
		if w != nil {
			w.Wake()
		}
	}
	clear(c.wakers)
	c.wakers = c.wakers[:0]
}

// newest returns the highest applied index of the replies.
func newest(batch []arrival) (applied uint64) {
	for i := range batch {
		applied = max(applied, batch[i].header.Applied)
	}
	return applied
}

// unasked returns what a reply means that belongs to no request: the node's reason to close, or a fault of the node.
func unasked(a *arrival) error {
	if a.header.ID == 0 && a.header.Code != protocol.CodeOK {
		return fmt.Errorf("the node closes the connection: %w", serverError(a.header.Code, a.payload))
	}
	return malformed(protocol.Errorf(protocol.CodeProtocol, "reply to request %d, which is not in flight", a.header.ID))
}

// malformed returns the error of a node that does not speak the protocol.
func malformed(err error) error { return fmt.Errorf("malformed reply: %w", err) }

// serverError returns the error that a reply of the code carries.
func serverError(code protocol.Code, payload []byte) error {
	e := &protocol.Error{}
	if err := e.Decode(payload); err != nil {
		return malformed(err)
	}
	e.Code = code
	return e
}

// readGreat takes the reply of size bytes that does not fit the read buffer, of which body has come.
func (c *conn) readGreat(size int, body []byte) error {
	if size > c.maxReply {
		return c.passOver(size, body)
	}
	whole := make([]byte, 0, min(size, growChunk))
	whole = append(whole, body...)
	for len(whole) < size {
		if len(whole) == cap(whole) { // believe the length only as far as bytes have come
			grown := make([]byte, len(whole), min(size, 2*len(whole)))
			copy(grown, whole)
			whole = grown
		}
		n, err := c.nc.Read(whole[len(whole):cap(whole)])
		if n > 0 {
			c.reads.Add(1)
			whole = whole[:len(whole)+n]
		}
		if err != nil && len(whole) < size {
			return readFault(err, len(whole))
		}
	}
	h, payload, err := protocol.DecodeReply(whole)
	if err != nil {
		return malformed(err)
	}
	return c.deliver([]arrival{{header: h, payload: payload}}, true)
}

// passOver ends the call of a reply that is greater than MaxReply and passes over it, so that the connection's other
// calls live on.
func (c *conn) passOver(size int, body []byte) error {
	head := make([]byte, headerMost) // no more than the body, which is greater than the read buffer
	n := copy(head, body)
	if _, err := io.ReadFull(c.nc, head[n:]); err != nil {
		return readFault(err, n)
	}
	if err := c.refuse(size, head); err != nil {
		return err
	}
	rest := int64(size - max(len(body), headerMost))
	if _, err := io.CopyN(progress{c}, c.nc, rest); err != nil {
		return readFault(err, size)
	}
	return nil
}

// refuse ends the call of a reply of size bytes that is greater than MaxReply, of which head has come. Of a reply that belongs to
// no call it believes nothing: the connection breaks.
func (c *conn) refuse(size int, head []byte) error {
	limit := protocol.Errorf(protocol.CodeTooLarge, "reply of %d bytes, more than MaxReply %d; ask for less, or raise it", size, c.maxReply)
	h, _, err := protocol.DecodeReply(head)
	if err != nil {
		return malformed(errors.Join(err, limit))
	}
	c.mu.Lock()
	k, known := c.table.take(h.ID)
	c.admitWaiting()
	c.unlock()
	if k != nil {
		k.fail(StageRead, limit, false)
	}
	if !known {
		return malformed(limit)
	}
	return nil
}

// progress drops bytes and notes that they came.
type progress struct{ c *conn }

func (p progress) Write(b []byte) (int, error) {
	p.c.reads.Add(1)
	return len(b), nil
}

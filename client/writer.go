package client

import (
	"fmt"
	"runtime"
)

// write sends what callers append to pending, all of it in one system call, until the connection breaks.
func (c *conn) write() {
	var spare []byte
	for {
		batch := c.nextBatch(spare)
		if batch == nil {
			return
		}
		n, err := c.nc.Write(batch)
		c.wrote(n, err)
		if err != nil {
			c.fail(fmt.Errorf("writing: %w", err))
			return
		}
		spare = kept(batch)
	}
}

// handOver swaps pending, which has something, with spare, lets in those who waited for room, and unlocks.
func (c *conn) handOver(spare []byte) []byte {
	batch := c.pending
	c.pending = spare
	c.handed = c.appended
	c.admitWaiting()
	c.unlock()
	return batch
}

// nextBatch waits until pending has something and swaps it with spare. It returns nil when the connection broke.
func (c *conn) nextBatch(spare []byte) []byte {
	for {
		c.mu.Lock()
		if c.err != nil {
			c.mu.Unlock()
			return nil
		}
		if len(c.pending) > 0 {
			return c.handOver(spare)
		}
		c.awake = false
		c.mu.Unlock()
		select {
		case <-c.wake:
			// Callers that are ready to run now go first, so that one write takes the requests of all of them. With
			// nobody ready this returns at once.
			runtime.Gosched()
		case <-c.lost:
			return nil
		}
	}
}

// wrote notes that n bytes of the batch have left and, with err, that the others never will.
func (c *conn) wrote(n int, err error) {
	c.mu.Lock()
	c.written += uint64(n)
	if err != nil {
		c.handed = c.written
	}
	c.mu.Unlock()
}

package replica

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// What nodes ask each other beside the library's protocol, on connections of purposeControl:
//
//	request  question:1 length:2 payload
//	answer   status:1   length:2 payload
//
//	index    ""                             -> index:8                         of the master: read this far (reads.go)
//	report   native address                 -> applied:8 last:8 term:8 flags:1 native address    how far the node is
//	join     node:16 flags:1 address        -> ""                              the master takes the node in (members.go)
//	removed  node:16                        -> ""                              of that node: it is no member any more
const (
	askIndex   = 1
	askReport  = 2
	askJoin    = 3
	askRemoved = 4

	answerOK        = 0
	answerNotMaster = 1 // payload: the master's address for other nodes, or ""
	answerFailed    = 2 // payload: why, for people

	// reportHead is the length of a report without its address.
	reportHead = 25
	// maxControl bounds a payload, in bytes.
	maxControl = 1_024
	// controlTimeout bounds the time until an answer, where the context does not.
	controlTimeout = 5 * time.Second
	// controlIdle is after which silence a connection is closed by who serves it.
	controlIdle = 10 * time.Minute
)

// Flags of a report and a join.
const (
	flagLearner = 1 << iota
	flagPrefer
)

// report is how far a node is.
type report struct {
	applied, last, term uint64
	learner, prefer     bool
	native              string
}

func appendReport(dst []byte, p report) []byte {
	for _, v := range [...]uint64{p.applied, p.last, p.term} {
		dst = binary.BigEndian.AppendUint64(dst, v)
	}
	return append(append(dst, flags(p.learner, p.prefer)), p.native...)
}

func flags(learner, prefer bool) (f byte) {
	if learner {
		f |= flagLearner
	}
	if prefer {
		f |= flagPrefer
	}
	return f
}

func parseReport(b []byte) (p report, err error) {
	if len(b) < reportHead || len(b) > reportHead+maxAddress {
		return p, fmt.Errorf("a report of %d bytes", len(b))
	}
	p.applied, p.last, p.term = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:])
	p.native = string(b[reportHead:])
	p.learner, p.prefer = b[24]&flagLearner != 0, b[24]&flagPrefer != 0
	return p, nil
}

// appendMessage appends a question or an answer. Payloads that are too long are texts, and are cut.
func appendMessage(dst []byte, word byte, payload []byte) []byte {
	payload = payload[:min(len(payload), maxControl)]
	return append(binary.BigEndian.AppendUint16(append(dst, word), uint16(len(payload))), payload...)
}

// readMessage reads a question or an answer.
func readMessage(r io.Reader) (word byte, payload []byte, err error) {
	var head [3]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint16(head[1:])
	if n > maxControl {
		return 0, nil, fmt.Errorf("a message of %d bytes, at most %d are allowed", n, maxControl)
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	return head[0], payload, err
}

// control keeps one connection to each node that was asked something.
type control struct {
	dial func(address string, timeout time.Duration) (net.Conn, error)

	mu    sync.Mutex
	lines map[string]*line
	ended bool
}

// line is the connection to one node; who holds the lock may use it.
type line struct {
	sync.Mutex
	nc net.Conn // nil = none
}

func (c *control) line(address string) (*line, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return nil, ErrClosed
	}
	l := c.lines[address]
	if l == nil {
		l = &line{}
		c.lines[address] = l
	}
	return l, nil
}

// ask sends a question to the node at address and returns the payload of its answer.
func (c *control) ask(ctx context.Context, address string, question byte, payload []byte) ([]byte, error) {
	l, err := c.line(address)
	if err != nil {
		return nil, err
	}
	l.Lock()
	defer l.Unlock()
	deadline := time.Now().Add(controlTimeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	kept := l.nc != nil
	word, answer, err := c.exchange(l, address, deadline, question, payload)
	if err != nil && kept && time.Now().Before(deadline) { // the peer may have been started anew meanwhile
		word, answer, err = c.exchange(l, address, deadline, question, payload)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("ask %s: %w", address, err)
	case word == answerNotMaster:
		return nil, &notMaster{address: string(answer)}
	case word != answerOK:
		return nil, protocol.Errorf(protocol.CodeUnavailable, "%s: %s", address, answer)
	}
	return answer, nil
}

// notMaster is the answer of a node that is not the master.
type notMaster struct{ address string } // of the master, for other nodes; "" = not known

// Error says so.
func (n *notMaster) Error() string { return fmt.Sprintf("not the master; that is at %q", n.address) }

func (c *control) exchange(l *line, address string, deadline time.Time, question byte, payload []byte) (word byte,
	answer []byte, err error) {
	defer func() {
		if err != nil && l.nc != nil {
			_ = l.nc.Close()
			l.nc = nil
		}
	}()
	if l.nc == nil {
		if l.nc, err = c.dial(address, max(time.Until(deadline), time.Millisecond)); err != nil {
			l.nc = nil
			return 0, nil, err
		}
	}
	if err := l.nc.SetDeadline(deadline); err != nil {
		return 0, nil, err
	}
	if _, err := l.nc.Write(appendMessage(nil, question, payload)); err != nil {
		return 0, nil, err
	}
	return readMessage(l.nc)
}

// end closes all connections.
func (c *control) end() {
	c.mu.Lock()
	c.ended = true
	lines := c.lines
	c.mu.Unlock()
	for _, l := range lines {
		l.Lock()
		if l.nc != nil {
			_ = l.nc.Close()
			l.nc = nil
		}
		l.Unlock()
	}
}

// serveControl answers the questions of one peer, which has greeted with g, until it hangs up.
func (r *Raft) serveControl(nc net.Conn, g greeting) {
	for {
		if err := nc.SetDeadline(time.Now().Add(controlIdle)); err != nil {
			return
		}
		question, payload, err := readMessage(nc)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(r.ctx, controlTimeout)
		answer, err := r.answer(ctx, g, question, payload)
		cancel()
		word := byte(answerOK)
		var elsewhere *protocol.Error
		if errors.As(err, &elsewhere) && elsewhere.Code == protocol.CodeNotMaster {
			address, _ := r.leader()
			word, answer = answerNotMaster, []byte(address)
		} else if err != nil {
			word, answer = answerFailed, []byte(err.Error())
		}
		if _, err := nc.Write(appendMessage(nil, word, answer)); err != nil {
			return
		}
	}
}

func (r *Raft) answer(ctx context.Context, g greeting, question byte, payload []byte) ([]byte, error) {
	switch question {
	case askIndex:
		index, err := r.readIndex(ctx)
		return binary.BigEndian.AppendUint64(nil, index), err
	case askReport:
		if len(payload) <= maxAddress {
			r.peers.serves(g.node.String(), string(payload))
		}
		return appendReport(nil, r.report()), nil
	case askRemoved:
		if string(payload) == string(r.node[:]) {
			r.leave()
		}
		return nil, nil
	case askJoin:
		if len(payload) < idBytes+1 {
			return nil, fmt.Errorf("a join of %d bytes", len(payload))
		}
		return nil, r.Join(ctx, id(payload[:idBytes]).String(), string(payload[idBytes+1:]))
	}
	return nil, fmt.Errorf("question %d is not known here", question)
}

// report says how far this node is.
func (r *Raft) report() report {
	lib := r.lib()
	return report{applied: r.o.Machine.Applied(), last: lib.LastIndex(), term: lib.CurrentTerm(),
		learner: r.o.Learner, prefer: r.o.Prefer, native: *r.stream.native.Load()}
}

package httpcompat

import (
	"bytes"
	"unsafe"

	"github.com/valyala/fasthttp"
)

// sighting is what a connection saw of the request at hand. fasthttp forgets a request before it says that it could not be
// read, but the answer has the envelope of the request's path: so the connection remembers the request line. Only the
// goroutine that serves the connection touches it.
//
// fasthttp sets the read deadline when it waits for a request, reads, and sets the deadline again at the first byte; on a
// new connection the second call is left out. Two calls without a read between them mean that the request's beginning
// came along with the request before: then its line is known when its head was read, and not where its head is broken.
type sighting struct {
	stage stage
	n     int
	line  [sightingBytes]byte // the request's first bytes, or the method and target of its head
}

// sightingBytes is more than the method and path of any route take: of a longer line the beginning decides.
const sightingBytes = 192

type stage uint8

const (
	headKnown stage = iota // the head of the request at hand was read, or there was none yet
	awaited                // the next byte read is the first of a request
	arriving               // its first bytes were read
	piped                  // the request began in bytes read before
)

// await takes notice that the read deadline is set.
func (s *sighting) await() {
	switch s.stage {
	case headKnown:
		s.stage, s.n = awaited, 0
	case awaited:
		s.stage = piped
	}
}

// see takes notice of bytes read. What they are is looked at when it is asked for, which is hardly ever.
func (s *sighting) see(b []byte) {
	if s.stage == awaited || s.stage == arriving {
		s.stage = arriving
		s.n += copy(s.line[s.n:], b)
	}
}

// headRead takes notice that the head was read; the deadline is not set again before the next request.
func (s *sighting) headRead(h *fasthttp.RequestHeader) {
	if s.stage == piped {
		n := copy(s.line[:sightingBytes/2], h.Method())
		s.line[n] = ' '
		s.n = n + 1 + copy(s.line[n+1:], h.RequestURI())
		if s.n < len(s.line) {
			s.line[s.n] = ' '
			s.n++
		}
	}
	s.stage = headKnown
}

// request returns the method and target of the request at hand, or nothing where they did not arrive.
func (s *sighting) request() (method, target []byte) {
	if s.stage != headKnown && s.stage != arriving {
		return nil, nil
	}
	line := bytes.TrimLeft(s.line[:s.n], "\r\n") // fasthttp passes over empty lines
	line, _, ended := bytes.Cut(line, []byte{'\n'})
	method, target, _ = bytes.Cut(line, []byte{' '})
	target, _, whole := bytes.Cut(target, []byte{' '})
	if !whole && (ended || s.n < len(s.line)) {
		return nil, nil
	}
	return method, target
}

// headReceived is told by fasthttp of each head. It changes no limit.
func headReceived(h *fasthttp.RequestHeader) (unchanged fasthttp.RequestConfig) {
	if c := connOf(contextOf(h)); c != nil {
		c.sighting.headRead(h)
	}
	return unchanged
}

// contextOf returns the context that the head is part of. fasthttp (1.78: serveConn, with &ctx.Request.Header) hands out the
// head alone, and there is no other way to learn whose it is: a table of heads would cost each request more than all the
// rest here, and keep contexts from being freed. Look at that call when fasthttp is upgraded.
func contextOf(h *fasthttp.RequestHeader) *fasthttp.RequestCtx {
	const offset = unsafe.Offsetof((*fasthttp.RequestCtx)(nil).Request) + unsafe.Offsetof((*fasthttp.Request)(nil).Header)
	return (*fasthttp.RequestCtx)(unsafe.Add(unsafe.Pointer(h), -int(offset)))
}

// restore gives a request that fasthttp forgot its method and target again, as far as they arrived.
func restore(c *fasthttp.RequestCtx) {
	own := connOf(c)
	if own == nil || len(c.Request.Header.Host()) > 0 { // it was not forgotten
		return
	}
	if method, target := own.sighting.request(); len(target) > 0 {
		c.Request.Header.SetMethodBytes(method)
		c.Request.SetRequestURIBytes(target)
	}
}

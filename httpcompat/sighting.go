package httpcompat

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// sighting is what a connection saw of the request at hand. fasthttp forgets a request before it says that it could not be
// read, but the answer has the envelope of the request's path: so the connection remembers the request line. Only the
// goroutine that serves the connection touches it.
//
// fasthttp sets the read deadline when it waits for a request, reads, and sets the deadline again at the first byte; on a
// new connection the second call is left out. Two calls without a read between them mean that the request's beginning
// came along with the request before, where nobody looked at it: the path of such a one is not known.
type sighting struct {
	stage stage
	n     int
	line  [sightingBytes]byte // the request's first bytes
}

// sightingBytes is more than the method and path of any route take: of a longer line the beginning decides.
const sightingBytes = 192

type stage uint8

const (
	handled  stage = iota // the request at hand came to the handler, or there was none yet
	awaited               // the next byte read is the first of a request
	arriving              // its first bytes were read
	piped                 // the request began in bytes read before
)

// await takes notice that the read deadline is set.
func (s *sighting) await() {
	switch s.stage {
	case handled:
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

// handle takes notice that a whole request came to the handler.
func (s *sighting) handle() { s.stage = handled }

// request returns the method and target of the request at hand, or nothing where they did not arrive.
func (s *sighting) request() (method, target []byte) {
	if s.stage != arriving {
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

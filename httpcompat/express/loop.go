package express

import (
	"bufio"
	"bytes"
)

// loop is what the connections of one event loop share; only that loop touches it.
type loop struct {
	v       *Server
	service Loop
	parse   *bufio.Reader // over text, as large as a head may be
	text    bytes.Reader
	spare   *Request // for the next request; nil = none
	began   int64    // when this wake-up, or the turn of several connections, began to answer

	turns  []turn // of connections whose request was gathered
	input  []byte // those requests
	out    []byte // answers
	lonely bool   // the last turn was one of a single request
}

func newLoop(v *Server) *loop {
	lo := &loop{v: v, service: v.service.NewLoop()}
	lo.parse = bufio.NewReaderSize(&lo.text, v.o.MaxHeader)
	return lo
}

func newRequest() *Request {
	r := &Request{}
	r.Init2(nil, nil, false)
	return r
}

// fate is what becomes of input.
type fate uint8

const (
	answered   fate = iota // the answer is appended
	taken                  // the request was taken over
	unfinished             // the rest of the request has not come
	odd                    // it is none that is answered on a loop
)

// answer answers the request at the head of input. used is how many bytes it was. over tells that the connection is to
// close after the answer.
func (lo *loop) answer(c *conn, out, input []byte) (_ []byte, used int, over bool, f fate) {
	if f = lo.whole(input); f != answered {
		return out, 0, false, f
	}
	r := lo.spare
	if r == nil {
		r = lo.v.requests.Get().(*Request)
	}
	lo.spare = r
	used, f = lo.read(r, input)
	if f != answered {
		r.reset()
		return out, 0, false, f
	}
	r.c = c
	r.SetRemoteAddr(c.gc.RemoteAddr())
	if lo.began > c.asked.Load() {
		c.asked.Store(lo.began + int64(lo.v.every))
	}
	if !lo.service.Serve(r) {
		lo.spare = nil
		c.took()
		return out, used, false, taken
	}
	out, over = r.appendAnswer(out, lo.v.draining.Load())
	r.reset()
	return out, used, over, answered
}

// headEnd is what a head ends with.
var headEnd = []byte("\r\n\r\n")

// whole tells whether the head of a request may have come, and whether there is more than a loop reads.
func (lo *loop) whole(input []byte) fate {
	switch {
	case bytes.Contains(input[:min(len(input), lo.v.o.MaxHeader)], headEnd):
		return answered
	case len(input) >= lo.v.o.MaxHeader:
		return odd
	}
	return unfinished
}

// read reads the request at the head of input into r, whose body stays part of input.
func (lo *loop) read(r *Request, input []byte) (used int, f fate) {
	lo.text.Reset(input)
	lo.parse.Reset(&lo.text)
	h := &r.Request.Header
	if err := h.Read(lo.parse); err != nil {
		return 0, odd // fasthttp says why
	}
	head := len(input) - lo.text.Len() - lo.parse.Buffered()
	body := max(h.ContentLength(), 0)
	switch {
	case h.ContentLength() == -1, !h.IsHTTP11(), r.Request.MayContinue(), h.ConnectionUpgrade(), !plainTarget(h.RequestURI(), h.Host()):
		return 0, odd
	case head+body > maxWhole:
		return 0, odd
	case head+body > len(input):
		return 0, unfinished
	}
	r.Request.SetBodyRaw(input[head : head+body])
	return head + body, answered
}

// plainTarget tells whether a request's target is a path, and its host a name or address with or without a port: others may
// be wrong, which fasthttp tells where it reads requests itself.
func plainTarget(target, host []byte) bool {
	if len(target) == 0 || target[0] != '/' || len(host) == 0 {
		return false
	}
	name, port, found := bytes.Cut(host, []byte{':'})
	for _, b := range name {
		if letter := b | 0x20; (letter < 'a' || letter > 'z') && (b < '0' || b > '9') && b != '.' && b != '-' {
			return false
		}
	}
	for _, b := range port {
		if b < '0' || b > '9' {
			return false
		}
	}
	return !found || len(port) > 0
}

// appendAnswer appends what fasthttp's server would write. over tells that the connection is to close after it.
func (r *Request) appendAnswer(out []byte, last bool) (_ []byte, over bool) {
	over = last || r.Request.Header.ConnectionClose() || r.Response.Header.ConnectionClose()
	h := &r.Response.Header
	if over {
		h.SetConnectionClose()
	}
	body := r.Response.Body()
	h.SetContentLength(len(body))
	start := len(out)
	head := h.AppendBytes(out[start:])
	if cap(out)-start >= len(head) && len(head) > 0 && &out[:start+1][start] == &head[0] {
		out = out[:start+len(head)] // it is there already
	} else {
		out = append(out, head...)
	}
	if !r.IsHead() {
		out = append(out, body...)
	}
	return out, over
}

// reset makes the request ready for the next.
func (r *Request) reset() {
	r.Request.Reset()
	r.Response.Reset()
	r.c = nil
	if cap(r.body) > maxKept {
		r.body = nil
	}
}

// release takes a request back that had been taken over.
func (v *Server) release(r *Request) {
	r.reset()
	v.requests.Put(r)
}

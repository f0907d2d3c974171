package express

import (
	"bufio"
	"bytes"
	"log/slog"
	"testing"

	"github.com/valyala/fasthttp"
)

// FuzzPlain holds that whatever is taken for a plain request is to fasthttp's server the same request: method, target, host,
// body and where it ends.
func FuzzPlain(f *testing.F) {
	for _, text := range []string{
		post("/a", "hello"), post("/a", ""), chunked, "GET /b?x=y HTTP/1.1\r\nHost: x:80\r\n\r\nGET /c", "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nab", "HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
	} {
		f.Add([]byte(text))
	}
	o := quick()
	o.Logger = slog.New(slog.DiscardHandler)
	lo := newLoop(New(&echo{}, o))
	r := newRequest()
	f.Fuzz(func(t *testing.T, input []byte) {
		defer r.reset()
		if lo.whole(input) != answered {
			return
		}
		used, fate := lo.read(r, input)
		if fate != answered {
			return
		}
		text := bytes.NewReader(input)
		in := bufio.NewReaderSize(text, o.MaxHeader)
		var want fasthttp.Request
		if err := want.ReadLimitBody(in, 1<<20); err != nil {
			t.Fatalf("%q: fasthttp cannot read it: %v", input, err)
		}
		if end := len(input) - text.Len() - in.Buffered(); used != end {
			t.Errorf("%q: ends after %d bytes, to fasthttp after %d", input, used, end)
		}
		if !bytes.Equal(r.Method(), want.Header.Method()) || !bytes.Equal(r.RequestURI(), want.RequestURI()) ||
			!bytes.Equal(r.Host(), want.Host()) || !bytes.Equal(r.PostBody(), want.Body()) {
			t.Errorf("%q: read as %q, by fasthttp as %q", input, &r.Request, &want)
		}
	})
}

// FuzzSingle holds that a guess about what one request is never sees more than there is.
func FuzzSingle(f *testing.F) {
	f.Add([]byte(post("/a", "hello")))
	f.Fuzz(func(t *testing.T, input []byte) {
		if single(input) && !bytes.Contains(input, headEnd) {
			t.Errorf("%q has no end of a head", input)
		}
	})
}

package bench

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

// ServeNullHTTP listens on addr and answers every HTTP request with a constant body of size bytes until ctx is done: the
// ceiling of HTTP on a machine.
func ServeNullHTTP(ctx context.Context, addr string, size int, listening func(addr string)) error {
	if size < len(nullBody) || size > 16<<20 {
		return fmt.Errorf("bench: a constant body of %d bytes is outside %d to %d", size, len(nullBody), 16<<20)
	}
	body := make([]byte, size)
	for i := copy(body, nullBody); i < size; i++ {
		body[i] = ' '
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("null-http on %s: %w", addr, err)
	}
	s := &fasthttp.Server{
		Handler: func(c *fasthttp.RequestCtx) {
			c.Response.Header.SetContentType("application/json")
			c.Response.SetBodyRaw(body)
		},
		WriteBufferSize:       16 << 10, // as the endpoints have it: one write for each answer
		NoDefaultServerHeader: true, ReadTimeout: time.Minute, WriteTimeout: time.Minute, CloseOnShutdown: true,
	}
	defer context.AfterFunc(ctx, func() { s.Shutdown() })()
	listening(l.Addr().String())
	return s.Serve(l)
}

// nullBody begins every constant body, so that the load generator takes it for a success.
const nullBody = `{"status_code":0,"data":[1]}`

// NullHTTPHead is the length of the head that comes before each constant body.
const NullHTTPHead = len("HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 00:00:00 GMT\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")

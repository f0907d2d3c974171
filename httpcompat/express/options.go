package express

import (
	"log/slog"
	"time"

	"github.com/valyala/fasthttp"
)

// Options of a Server. All must be set.
type Options struct {
	MaxHeader           int           // bytes of a request's head
	MaxConnections      int           // at once, those that were handed over too; others are refused with 503
	MaxConnectionsPerIP int           // at once from one address; others are refused with 429
	ReadTimeout         time.Duration // from the first byte of a request to its last, and from connecting to the first byte
	WriteTimeout        time.Duration // for a client to go on taking its answer
	IdleTimeout         time.Duration // between two requests
	Logger              *slog.Logger  // gets faults of the server; what clients do wrong is debug
}

// Service answers requests.
type Service interface {
	// NewLoop returns what answers the requests of the connections of one event loop.
	NewLoop() Loop
}

// Loop answers requests on one event loop; it is called by that loop only.
type Loop interface {
	// Serve answers a request, of which the body is lent until then, and tells so. Or it takes it over, returns false at once,
	// and has Done called when it is answered; of the body it must have made a copy then with Own. It does not panic.
	Serve(r *Request) (answered bool)
	// Flush is called after the requests of a wake-up.
	Flush()
}

// Request is a request with its answer.
type Request struct {
	fasthttp.RequestCtx
	c    *conn
	body []byte // a copy
}

// Own makes the request's body its own, so that it outlives Serve.
func (r *Request) Own() {
	r.body = append(r.body[:0], r.PostBody()...)
	r.Request.SetBodyRaw(r.body)
}

// maxWhole is the longest request that is read on a loop, head and body, in bytes. A longer one is odd.
const maxWhole = 64 << 10

// maxKept bounds the memory that a buffer keeps for its next use, in bytes.
const maxKept = 1 << 20

package httpcompat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/valyala/fasthttp"

	"github.com/kamaitachi/kamaitachi/httpcompat/express"
	"github.com/kamaitachi/kamaitachi/internal/loops"
)

// Server is a Handler behind a listener, with every limit set. Plain requests are answered on event loops (express), all
// others by fasthttp.
type Server struct {
	handler  *Handler
	express  *express.Server
	http     *fasthttp.Server
	listener *listener          // of the connections that are fasthttp's
	cancel   context.CancelFunc // of the handler's base context
}

// Listen answers at an address, "127.0.0.1:8080", whose port may be 0 for any free one. Serve must follow.
//
// It returns ErrInsecure for an address beyond loopback without Options.Insecure, and ErrInUse for a port that is taken.
func Listen(address string, b Backend, o Options) (*Server, error) {
	h, err := NewHandler(b, o)
	if err != nil {
		return nil, err
	}
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("httpcompat: listen on %q: %w", address, err)
	}
	if !tcp.IP.IsLoopback() && !o.Insecure {
		return nil, fmt.Errorf("httpcompat: listen on %q: %w: nobody is asked for credentials yet; "+
			"bind to 127.0.0.1, or set insecure if the network is yours", address, ErrInsecure)
	}
	s := &Server{handler: h}
	h.base, s.cancel = context.WithCancel(h.base)
	s.express = express.New(h, h.options.express())
	s.listener = newListener(s.express.Fallback())
	s.http = newHTTP(h, s)
	err = s.express.Start(tcp)
	if errors.Is(err, loops.ErrBusy) {
		return nil, fmt.Errorf("httpcompat: listen on %q: %w: another program listens there; end it or choose another port",
			address, ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("httpcompat: listen on %q: %w", address, err)
	}
	return s, nil
}

// express returns the options of the event loops.
func (o *Options) express() express.Options {
	return express.Options{
		MaxHeader: o.MaxHeader, MaxConnections: o.MaxConnections, MaxConnectionsPerIP: o.MaxConnectionsPerIP,
		ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, IdleTimeout: o.IdleTimeout, Logger: o.Logger,
	}
}

// writeBuffer is the write buffer of a connection, in bytes. Head and body of an answer that fits go out with one call of
// the operating system; with fasthttp's 4 KiB a ranking of 20 rows (6 KB) took two, a third of all that the answer cost.
const writeBuffer = 16 << 10

// newHTTP returns fasthttp with every limit set.
func newHTTP(h *Handler, s *Server) *fasthttp.Server {
	o := &h.options
	return &fasthttp.Server{
		Handler:                      h.Serve,
		ErrorHandler:                 s.unreadable,
		Logger:                       faults{o.Logger},
		Concurrency:                  o.MaxConnections,
		MaxConnsPerIP:                o.MaxConnectionsPerIP,
		MaxRequestBodySize:           o.MaxBody,
		ReadBufferSize:               o.MaxHeader,
		WriteBufferSize:              writeBuffer,
		ReadTimeout:                  o.ReadTimeout,
		WriteTimeout:                 o.WriteTimeout,
		IdleTimeout:                  o.IdleTimeout,
		LazyRequestTime:              true,
		DisablePreParseMultipartForm: true,
		SecureErrorLogMessage:        true,
		NoDefaultServerHeader:        true,
		CloseOnShutdown:              true,
	}
}

// Addr returns the address that is listened on.
func (s *Server) Addr() net.Addr { return s.express.Addr() }

// Handler returns the handler, for those who serve it elsewhere too.
func (s *Server) Handler() *Handler { return s.handler }

// Serve answers until Shutdown, and then returns nil.
func (s *Server) Serve() error {
	go func() {
		<-s.express.Done()
		s.listener.Close() // its error is nil
	}()
	err := s.http.Serve(s.listener)
	switch {
	case s.handler.draining.Load():
		return nil
	case err == nil || errors.Is(err, net.ErrClosed):
		err = errors.New("no more connections can be accepted") // the log says why
	}
	return fmt.Errorf("httpcompat: serve on %v: %w", s.Addr(), err)
}

// Shutdown refuses new connections, lets the requests under way end, and closes every connection. When ctx is done first,
// the contexts of those requests are cancelled and their connections closed, and it returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.handler.draining.Store(true)
	err := s.express.Shutdown(ctx)
	if also := s.http.ShutdownWithContext(ctx); also != nil && !errors.Is(also, net.ErrClosed) && err == nil {
		err = also
	}
	s.cancel()
	s.listener.Close() // not closed yet where Serve was never called
	if err != nil {
		s.listener.closeAll()
		return fmt.Errorf("httpcompat: shut down %v: %w", s.Addr(), err)
	}
	return nil
}

// unreadable answers a request that could not be read: a body over the limit, a slow client, no HTTP.
func (s *Server) unreadable(c *fasthttp.RequestCtx, err error) {
	code, message := fasthttp.StatusBadRequest, "the request is not HTTP that can be read"
	var small *fasthttp.ErrSmallBuffer
	var network net.Error
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		code, message = fasthttp.StatusRequestEntityTooLarge,
			fmt.Sprintf("the body is longer than %d bytes; ask for less at once", s.handler.options.MaxBody)
	case errors.As(err, &small):
		code, message = fasthttp.StatusRequestHeaderFieldsTooLarge,
			fmt.Sprintf("the head is longer than %d bytes", s.handler.options.MaxHeader)
	case errors.As(err, &network) && network.Timeout():
		code, message = fasthttp.StatusRequestTimeout,
			fmt.Sprintf("the request did not arrive within %v", s.handler.options.ReadTimeout)
	}
	restore(c)
	s.listener.linger(c.RemoteAddr())
	s.handler.refuse(c, code, message)
	s.handler.options.Logger.Debug("request could not be read", slog.String("client", c.RemoteAddr().String()), slog.Any("error", err))
}

// refuse answers a request that never got to Serve, in the envelope of its path where its request line arrived.
func (h *Handler) refuse(c *fasthttp.RequestCtx, code int, message string) {
	x := h.exchanges.Get().(*exchange)
	x.begin(c)
	defer x.finish()
	x.tell(h.sites.envelopeOf(c.URI().PathOriginal()), code, message)
}

// faults logs what fasthttp has to say, which is about clients: connections that they reset, requests that they break.
type faults struct{ logger *slog.Logger }

func (f faults) Printf(format string, args ...any) {
	if f.logger.Enabled(context.Background(), slog.LevelDebug) {
		f.logger.Debug(fmt.Sprintf(format, args...))
	}
}

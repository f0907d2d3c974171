package bench

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"
)

// Dialect is how one kind of server is spoken to over a connection. Each connection has its own.
type Dialect interface {
	// Greet does what comes before the first request.
	Greet(c net.Conn) error
	// AppendRequest appends a request that will be answered under id.
	AppendRequest(dst []byte, id uint64, q *Query) []byte
	// SetID writes id into an encoded request.
	SetID(request []byte, id uint64)
	// Reply looks at the reply at the start of buf. size 0 = more bytes are needed. ok = it has data.
	Reply(buf []byte) (size int, id uint64, ok bool, err error)
}

// Address is where and how a server is spoken to: kama://host:port or http://host:port[/prefix].
type Address struct {
	Scheme string // "kama" or "http"
	Host   string // host:port
	Path   string // prefix of the JSON paths
}

// String returns the address as it is written.
func (a Address) String() string { return a.Scheme + "://" + a.Host + a.Path }

// ParseAddress reads an address; without a scheme it is native.
func ParseAddress(text string) (Address, error) {
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		if u.Scheme != "kama" && u.Scheme != "http" {
			return Address{}, fmt.Errorf("address %q: scheme %q is neither kama nor http", text, u.Scheme)
		}
		if u.Port() == "" {
			return Address{}, fmt.Errorf("address %q: a port is required", text)
		}
		return Address{Scheme: u.Scheme, Host: u.Host, Path: trimSlash(u.Path)}, nil
	}
	if _, _, err := net.SplitHostPort(text); err != nil {
		return Address{}, fmt.Errorf("address %q: want kama://host:port or http://host:port: %w", text, err)
	}
	return Address{Scheme: "kama", Host: text}, nil
}

func trimSlash(path string) string {
	for len(path) > 0 && path[len(path)-1] == '/' {
		path = path[:len(path)-1]
	}
	return path
}

// dialect returns how a connection to a is spoken over.
func (l *Load) dialect(a Address) Dialect {
	if l.Dialect != nil {
		return l.Dialect()
	}
	return a.dialect()
}

func (a Address) dialect() Dialect {
	switch a.Scheme {
	case "echo":
		return &echoDialect{}
	case "http":
		return &httpDialect{host: a.Host, prefix: a.Path}
	}
	return &kamaDialect{}
}

// dialTimeout bounds connecting and greeting.
const dialTimeout = 10 * time.Second

func dial(ctx context.Context, a Address, d Dialect) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	c, err := dialer.DialContext(ctx, "tcp", a.Host)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", a, err)
	}
	c.SetDeadline(time.Now().Add(dialTimeout))
	if err := d.Greet(c); err != nil {
		c.Close()
		return nil, fmt.Errorf("greet %s: %w", a, err)
	}
	c.SetDeadline(time.Time{})
	return c, nil
}

// frameReader reads into one growing buffer and hands out what is there.
type frameReader struct {
	r          net.Conn
	buf        []byte
	start, end int
}

const readBuffer = 256 << 10

func newFrameReader(c net.Conn) *frameReader {
	return &frameReader{r: c, buf: make([]byte, readBuffer)}
}

// pending returns the bytes read and not consumed.
func (f *frameReader) pending() []byte { return f.buf[f.start:f.end] }

func (f *frameReader) consume(n int) { f.start += n }

// more reads once, making room first.
func (f *frameReader) more() error {
	if f.start > 0 {
		f.end = copy(f.buf, f.buf[f.start:f.end])
		f.start = 0
	}
	if f.end == len(f.buf) {
		f.buf = append(f.buf, make([]byte, len(f.buf))...)
	}
	n, err := f.r.Read(f.buf[f.end:])
	f.end += n
	if n > 0 {
		return nil
	}
	return err
}

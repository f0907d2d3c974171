package httpcompat

import "errors"

// Errors of this package, for errors.Is. They come wrapped with what and where.
var (
	// ErrOptions is returned by Options.Validate and by those who are given options that cannot work.
	ErrOptions = errors.New("bad options")
	// ErrInsecure is returned by Listen for an address beyond loopback without Options.Insecure.
	ErrInsecure = errors.New("refuses to listen beyond loopback")
	// ErrInUse is returned by Listen where another program listens on the port.
	ErrInUse = errors.New("address is in use")
	// ErrCircuitOpen is returned by a Backend whose circuit breaker is open; the client sees HTTP 503.
	ErrCircuitOpen = errors.New("circuit breaker is open")
)

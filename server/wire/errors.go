package wire

import (
	"context"
	"errors"

	"github.com/kamaitachi/kamaitachi/internal/loops"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Errors of opening a listener. Those of requests are *protocol.Error.
var (
	// ErrOptions is wrapped by the errors of Options.Validate.
	ErrOptions = errors.New("listener options")
	// ErrInsecure is returned for an address beyond loopback without Options.Insecure.
	ErrInsecure = errors.New("listening beyond loopback without credentials")
	// ErrBusy is returned when another program listens at the address.
	ErrBusy = loops.ErrBusy
	// ErrDraining answers requests while the listener shuts down.
	ErrDraining = protocol.Errorf(protocol.CodeUnavailable, "shutting down; ask another node")
)

// ErrorOf returns err as it travels. A context's end is the request's deadline, or the end of the process.
func ErrorOf(err error) *protocol.Error {
	var e *protocol.Error
	switch {
	case errors.As(err, &e):
		return protocol.AsError(err)
	case errors.Is(err, context.DeadlineExceeded):
		return &protocol.Error{Code: protocol.CodeDeadline, Message: err.Error()}
	case errors.Is(err, context.Canceled):
		return &protocol.Error{Code: protocol.CodeUnavailable, Message: err.Error()}
	}
	return protocol.AsError(err)
}

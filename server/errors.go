package server

import (
	"context"
	"errors"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Errors of opening a node. Those of requests are *protocol.Error.
var (
	// ErrOptions is wrapped by the errors of Options.Validate.
	ErrOptions = errors.New("server options")
	// ErrInsecure is returned for an address beyond loopback without Options.Insecure.
	ErrInsecure = errors.New("listening beyond loopback without credentials")
	// ErrMemory is returned where Options.MemoryBytes leaves nothing for the data.
	ErrMemory = errors.New("too little memory")
	// ErrBusy is returned when another program listens at the address.
	ErrBusy = errors.New("address is in use")
	// ErrClosed is returned by every method of a node that was shut down.
	ErrClosed = protocol.Errorf(protocol.CodeUnavailable, "the node is shut down")
	// ErrDraining answers requests while the node shuts down.
	ErrDraining = protocol.Errorf(protocol.CodeUnavailable, "the node is shutting down; ask another one")
)

// errorOf returns err as it travels. A context's end is the request's deadline, or the node's end.
func errorOf(err error) *protocol.Error {
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

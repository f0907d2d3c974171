package gateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/httpcompat"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// ErrClosed answers requests of a gateway that is shut down.
var ErrClosed = protocol.Errorf(protocol.CodeUnavailable, "the gateway is shut down; ask another one")

// errNoMaster is what is told of a node that refuses a write for the master, after the master was looked for in vain: where
// it is is the gateway's affair.
var errNoMaster = protocol.Errorf(protocol.CodeUnavailable, "no node takes writes at present; try again")

// native returns an error as the native protocol tells it.
func native(err error) *protocol.Error { return wire.ErrorOf(answered(err)) }

// answered returns an error of the SDK as one of the protocol: what a node said as it said it, everything else by what
// the client of the gateway may do about it.
func answered(err error) error {
	var e *client.Error
	if !errors.As(err, &e) {
		return err
	}
	var refused *protocol.Error
	said := errors.As(e.Err, &refused)
	switch {
	case said && e.Stage == client.StageNode:
		return refused
	case errors.Is(err, client.ErrCircuitOpen): // of all nodes that could be asked
		return fmt.Errorf("%w: %w", httpcompat.ErrCircuitOpen, protocol.Errorf(protocol.CodeUnavailable, "%v", err))
	case e.Timeout():
		return protocol.Errorf(protocol.CodeDeadline, "%v", err)
	case errors.Is(err, client.ErrClosed):
		return ErrClosed
	case said && e.Stage == client.StageCheck:
		return &protocol.Error{Code: refused.Code, Message: err.Error(), Detail: refused.Detail}
	case errors.Is(err, context.Canceled):
		return err
	case e.Op.Writes() && !e.Unsent:
		return protocol.Errorf(protocol.CodeUnknownOutcome, "the write may or may not have taken effect: %v", err)
	}
	return protocol.Errorf(protocol.CodeUnavailable, "%v", err)
}

// Answered returns an error of the SDK as one of the protocol, for others that pass requests on.
func Answered(err error) error { return answered(err) }

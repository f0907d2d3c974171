package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Sentinels for errors.Is. What a node refuses matches the sentinels of package protocol instead.
var (
	// ErrClosed is returned by calls on a closed client, and by those that Close gave up.
	ErrClosed = errors.New("client is closed")
	// ErrPreparedClosed is returned by Execute on a closed Prepared.
	ErrPreparedClosed = errors.New("prepared query is closed")
	// ErrConnLost is returned when the connection broke before the reply came; the cause is wrapped beside it. Of a
	// write it says nothing about whether the node carried it out, unless Error.Unsent is set.
	ErrConnLost = errors.New("connection lost")
	// ErrUnreachable is returned when no connection could be made in time; the last attempt's error is wrapped beside it.
	ErrUnreachable = errors.New("no connection to the node")
	// ErrNoMembers is returned by Open when ctx ends before Discovery has delivered a list that can be used.
	ErrNoMembers = errors.New("no members of the cluster are known")
	// ErrCircuitOpen is returned at once when the breakers of all nodes that could be asked are open.
	ErrCircuitOpen = errors.New("circuit open: too many requests to the nodes failed")
	// ErrRetryBudget is wrapped beside the fault of a call that was not tried again because too many others were. It is a
	// sign of a cluster in trouble.
	ErrRetryBudget = errors.New("not tried again: the retry budget is spent")
	// ErrOptions is returned by Options.Validate and Open; the text names the option.
	ErrOptions = errors.New("invalid client options")
)

// errRemoved ends what a node that left the topology has in flight after DrainTimeout. Calls that meet such a node before
// they are sent go to another one.
var errRemoved = errors.New("the node left the cluster")

// errSlowTry ends a try whose node took too long, so that another one is asked.
var errSlowTry = errors.New("no answer")

// Stage is the part of a call's way in which it failed.
type Stage uint8

// The stages, in the order in which a call passes them.
const (
	StageCheck Stage = iota // before anything was done: already expired, closed, larger than the node accepts
	StageDial               // waiting for a connection to be made and greeted
	StagePool               // waiting for room among the requests in flight on the connection
	StageWrite              // in the write buffer, not known to be wholly sent
	StageRead               // sent, waiting for or reading the reply
	StageNode               // the node answered, with an error
)

var stageNames = [...]string{"check", "dial", "pool", "write", "read", "node"}

// String returns the stage's name as errors print it.
func (s Stage) String() string {
	if int(s) < len(stageNames) {
		return stageNames[s]
	}
	return fmt.Sprintf("stage %d", uint8(s))
}

// Error is what every failed call returns.
type Error struct {
	Op    protocol.Op
	Addr  string // host:port of the node; "" where none had been chosen
	Stage Stage
	Err   error // never nil

	// Unsent is set when it is certain that the node never had the whole request, so that a write changed nothing.
	Unsent bool
}

// Error returns "SNAPSHOT at 127.0.0.1:7080: read: context deadline exceeded".
func (e *Error) Error() string {
	at := ""
	if e.Addr != "" {
		at = " at " + e.Addr
	}
	return e.Op.String() + at + ": " + e.Stage.String() + ": " + e.Err.Error()
}

// Unwrap returns what failed: a context's error, a sentinel of this package with its cause, or a *protocol.Error.
func (e *Error) Unwrap() error { return e.Err }

// Is makes the node's own "deadline exceeded" match context.DeadlineExceeded: which of the two clocks noticed first does
// not matter to a caller.
func (e *Error) Is(target error) bool {
	return target == context.DeadlineExceeded && errors.Is(e.Err, protocol.ErrDeadline)
}

// Timeout tells whether time ran out, at whatever stage (as net.Error has it).
func (e *Error) Timeout() bool { return errors.Is(e, context.DeadlineExceeded) }

// lostError returns the error of a connection that broke for cause.
func lostError(cause error) error {
	if errors.Is(cause, ErrClosed) {
		return cause
	}
	return fmt.Errorf("%w: %w", ErrConnLost, cause)
}

package replica

import "github.com/kamaitachi/kamaitachi/protocol"

// Errors of a log. They travel as they are; errors.Is matches them by their code, so that ErrClosed and ErrFailed match
// each other.
var (
	// ErrFull is returned at once when the queue is full. Nothing was written; again later.
	ErrFull = protocol.Errorf(protocol.CodeOverloaded, "the queue of writes is full; nothing was written, try again later")
	// ErrAbandoned is returned when the context ended before the write was taken into an entry. Nothing was written.
	ErrAbandoned = protocol.Errorf(protocol.CodeDeadline, "the write was not begun in time; nothing was written")
	// ErrClosed is returned after Close. Nothing was written.
	ErrClosed = protocol.Errorf(protocol.CodeUnavailable, "the log is closed; nothing was written")
	// ErrUnknown is returned when the state machine failed while it applied the write's entry. It is not known whether
	// the write is durable: who sends it again may write it twice, which for a Put of the same reports does no harm.
	ErrUnknown = protocol.Errorf(protocol.CodeUnknownOutcome, "the log stopped while this write was being made durable; it is "+
		"not known whether it is")
	// ErrFailed is returned for every write after that. The log does not recover: the node must be restarted.
	ErrFailed = protocol.Errorf(protocol.CodeUnavailable, "the log has stopped and nothing was written; restart the node")
)

package replica

import (
	"errors"

	"github.com/kamaitachi/kamaitachi/protocol"
)

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

// Errors of a replicated log that travel.
var (
	// ErrForming is returned while fewer voters than RaftOptions.Expect are in. Nothing was written.
	ErrForming = protocol.Errorf(protocol.CodeUnavailable, "the cluster is forming; nothing was written")
	// ErrHandover is returned while leadership is handed over to another node. Nothing was written; again in a moment.
	ErrHandover = protocol.Errorf(protocol.CodeUnavailable, "leadership is being handed over; nothing was written, try again")
	// ErrLeadershipLost is returned when the node lost its leadership before a write was acknowledged. The next master may
	// carry it out or not.
	ErrLeadershipLost = protocol.Errorf(protocol.CodeUnknownOutcome, "this node lost its leadership before the write was "+
		"acknowledged; the next master may carry it out or not")
	// ErrNoQuorum is returned for a linearizable read while the master cannot reach a majority.
	ErrNoQuorum = protocol.Errorf(protocol.CodeUnavailable, "no majority of the nodes answers")
)

// Errors of opening and changing a cluster, for errors.Is.
var (
	// ErrRaftOptions is wrapped by RaftOptions.Validate.
	ErrRaftOptions = errors.New("invalid options of the replicated log")
	// ErrStateLost: the data say that they belong to a log, and the log is not there or does not reach as far as they do; or
	// the log is there and is another node's. The node must be removed from its cluster, its directory emptied, and join anew.
	ErrStateLost = errors.New("log and data do not belong together")
	// ErrHasData: a node that is to join a cluster has data of its own.
	ErrHasData = errors.New("the node has data of its own; bootstrap a cluster with it, or empty its directory to join one")
	// ErrOtherCluster: a peer, or the data, are of another cluster.
	ErrOtherCluster = errors.New("of another cluster")
	// ErrMember: a node cannot be added or removed as asked; the text says why.
	ErrMember = errors.New("cannot change the members")
	// ErrDamagedSnapshot: the bytes of a snapshot are not what was written, or beyond a limit.
	ErrDamagedSnapshot = errors.New("the snapshot is damaged")
	// ErrDiskHangs: a write to the log did not end within RaftOptions.DiskTimeout.
	ErrDiskHangs = errors.New("the disk of the log hangs")
)

package replica

import (
	"context"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Machine is a state machine that several nodes have a copy of: state.State in a real node. ApplyAll, Restore and Adopt have
// one caller at a time.
type Machine interface {
	StateMachine
	// ApplyAll is Apply of several entries in the order of their indexes, which become durable and visible at once. Entries
	// that were applied before change nothing. Durable may mean: together with the log.
	ApplyAll(entries []protocol.Entry) (outcomes [][]error, err error)
	// WaitApplied returns when Applied is at least index.
	WaitApplied(ctx context.Context, index uint64) error
	// Time returns the greatest Time of the entries that were applied; 0 = none is known.
	Time() int64

	// Checkpoint copies the state into the directory dir, which does not exist. What was applied is durable on return,
	// without the log too. It may run beside ApplyAll.
	Checkpoint(dir string) error
	// Restore replaces the state by that whose files are in dir, and takes these away from there.
	Restore(dir string) error

	// Identity returns the id of the cluster and of this copy, 32 hexadecimal digits each.
	Identity() (cluster, node string)
	// Adopt gives a state without data the id of a cluster.
	Adopt(cluster string) error
	// Member tells whether SetMember was ever called: the state belongs to a log.
	Member() bool
	SetMember() error
}

// Package replica orders writes. A Log takes writes from many callers, forms log entries of those that wait together,
// and hands each entry, numbered, to the state machine, which makes it durable and visible. Whoever writes talks to a
// Log and does not know whether one node or a majority stands behind it.
//
//	Append -> bounded queue -> one goroutine: all that waits = one entry -> StateMachine.Apply -> each caller's outcome
//
// Single is the log of a node that is alone. Its durability is the state machine's: an entry is acknowledged once Apply
// has returned, and nothing that was acknowledged can be lost without the store being lost.
//
// # Raft
//
// Raft is the log of a node of a cluster: the same queue and group commit, hashicorp/raft behind it, and a Machine (the
// engine over the store, package state) that every node drives alike.
//
//	Append -> queue -> append: all that waits = one entry -> library: log, majority -> fsm -> Machine.ApplyAll
//	       <- acknowledge: each writer's outcome, once this node has applied the entry <-
//
//	r, err := replica.Open(replica.RaftOptions{Dir: ..., Machine: state, Listen: ":7082", Bootstrap: true})
//	err = r.JoinBy(ctx, addresses...)   // on a node that does not bootstrap, until it is nil
//	...
//	err = r.Close()                     // hands leadership over; then the machine may be closed
//
// One index: an entry has the same number in the log, in the store, in columns and in replies. Every entry that the
// library hands over, also one that only changes the members, moves the machine's applied index. The data of a node that
// stood alone, at index N, become a snapshot at N, and the log begins at N+1.
//
// Who is durable: an entry is when a majority has it in its log; the machine need not sync. A machine that lags behind its
// log after a crash is brought forward from the log, one that lacks what the newest snapshot has takes that over, and one
// that is ahead of its log is refused (ErrStateLost): such a node must be removed, emptied and join anew, under a new id.
//
// One port: peers greet with their cluster (greeting.go) and then speak the library's protocol or ask each other how far
// they are, for an index to read at, or to be taken in (control.go).
//
// Files: raft.go (life), files.go (what is on disk), appender.go (writes), reads.go (linearizable reads), fsm.go and
// snapshots.go (the machine's side), recover.go and pipeline.go (two faults of the library), steward.go and members.go (who
// belongs and who leads), status.go.
//
// # What the library does not do by itself
//
// Each of these has cost somebody a cluster, and each has a test here:
//
//	a log beyond a snapshot that it does not fit (697)   TestALogThatReachesBeyondASnapshotWithoutFittingItHeals
//	a sender that waits for ever for its answers (612)   TestAPipelineWhoseReaderHasEndedHoldsNoSenderUp
//	a disk that hangs while heartbeats go on (503)       TestAHangingDiskEndsTheNode
//	changes of members among the entries of a batch      TestEveryEntryOfABatchHasAResultAndAnIndexInTheMachine
//	an entry that cannot be applied                      TestAnEntryThatCannotBeReadEndsTheNode, TestANodeWhoseStoreFails...
//	snapshots that are due by number only                TestMuchLogInBytesIsAReasonForASnapshot
//	data that are older than the newest snapshot         TestDataThatLackWhatASnapshotHasTakeItOverAtStart
//	data or a log that somebody has replaced             TestLogAndDataMustBelongTogether
//	an outcome that is lost with the leadership          TestARepeatOnTheNextMasterIsCarriedOutOnce
//	a master that does not know that it is none          TestAMasterWithoutAMajorityAnswersNoLinearizableReadAndNoWrite
//	a wiped node under its old id                        TestAnEmptiedNodeComesBackUnderANewID
//	peers of another cluster                             TestAnotherClusterIsRefused
//	what is not synced when the log is cut               TestACheckpointMakesDurableWhatWasCommittedBefore, in store
package replica

import (
	"context"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// StateMachine is what a log drives. Apply has one caller at a time.
type StateMachine interface {
	// Applied returns the index of the newest entry that was applied; 0 = none.
	Applied() uint64
	// Apply makes an entry durable and then visible. outcomes has one element per write: why it changed nothing, or nil.
	// err is a failure of the store, after which it is not known whether the entry is durable. Apply keeps nothing of
	// writes.
	Apply(index uint64, writes []*protocol.Write) (outcomes []error, err error)
}

// Log orders writes. Its methods are safe for concurrent use.
type Log interface {
	// Append orders one write and returns the index of its entry once that is durable and visible here. It stamps
	// w.Time. Every error says that nothing was written, except one that is protocol.ErrUnknownOutcome. A repeat of a write
	// that was carried out (protocol.Origin) gives the index of the first time.
	//
	// w and all it points to, frames that its strings borrow from included, must stay as they are until Append returns,
	// and may be reused from then on.
	Append(ctx context.Context, w *protocol.Write) (index uint64, err error)
	// Barrier returns once a local read sees every write that was acknowledged, by any node, before Barrier was called.
	Barrier(ctx context.Context) error
	// Stats returns what the log has counted.
	Stats() Stats
	// Close refuses further writes, waits until those in the queue have their outcome, and stops the log.
	Close() error
}

// Stats is what a log counts.
type Stats struct {
	Entries uint64 // applied since the log was opened
	Writes  uint64 // in those entries
	Queued  int    // writes that wait for their entry now
}

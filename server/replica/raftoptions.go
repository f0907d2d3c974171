package replica

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/hashicorp/raft"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Defaults of RaftOptions.
const (
	DefaultRaftEntryBytes  = 512 << 10
	DefaultInFlight        = 2
	DefaultTrailingLogs    = 16_384
	DefaultTrailingBytes   = 1 << 30
	DefaultSnapshotBytes   = 256 << 20
	DefaultSnapshotEntries = 65_536
	DefaultPromoteAfter    = 5 * time.Second
	DefaultPromoteLag      = 64
	DefaultTransferEvery   = time.Minute
	DefaultDiskTimeout     = 20 * time.Second
	DefaultHeartbeat       = time.Second
	DefaultElection        = time.Second
	DefaultLease           = 500 * time.Millisecond
	DefaultCommitEvery     = 50 * time.Millisecond
	DefaultPollEvery       = 500 * time.Millisecond
)

// RaftOptions are those of a replicated log. Dir, Machine and Listen are required; the zero value of all else works.
type RaftOptions struct {
	// Dir holds the log, the votes and the snapshots: nothing else. It is created. Machine.Restore must be able to take
	// files from there, so it must be on the file system of the machine's data.
	Dir string
	// Machine is what the log drives. It must outlive the log.
	Machine Machine
	// Listen is the address, host:port, at which the other nodes reach this log; port 0 is any free one.
	Listen string
	// Advertise is the address that the others are told. Default: that which is listened at.
	Advertise string
	// Native is the address, host:port, at which clients reach this node; SetNative changes it. Default "": not known.
	Native string
	// ClusterID is the cluster to belong to, 32 hexadecimal digits. A node without data takes it on; one that has data of
	// another cluster is refused. Default: the cluster of the data; it is required to join.
	ClusterID string
	// Bootstrap forms a cluster of this node alone, if there is no log yet. The data of a node that stood alone stay.
	Bootstrap bool
	// Expect is how many voters there must have been once, before the first write is let in. Default 1.
	Expect int
	// Learner keeps the node without a vote: a read copy. Default false: it gets a vote when it has caught up.
	Learner bool
	// Prefer makes the others hand leadership over to this node when it has caught up.
	Prefer bool

	// Log bounds the queue and the entries. Its EntryBytes is 512 KiB by default here.
	Log Options
	// InFlight is how many entries may be on their way to a majority at once; a small one is so alone. Default 2.
	InFlight int

	// Heartbeat and Election are the silences of a master after which a slave stands for election and an election is
	// repeated, Lease that of a majority after which a master steps down. Defaults 1 s, 1 s, 500 ms.
	Heartbeat, Election, Lease time.Duration
	// CommitEvery is the longest time until a slave learns that an entry is committed, when no other follows. Default 50 ms.
	CommitEvery time.Duration
	// SnapshotBytes and SnapshotEntries say how much log there is before a snapshot is taken; it is never less than the
	// last snapshot was large. Defaults 256 MiB, 65,536.
	SnapshotBytes   int64
	SnapshotEntries uint64
	// TrailingLogs and TrailingBytes say how much log stays behind a snapshot, for slaves that were away: the lesser.
	// Defaults 16,384, 1 GiB.
	TrailingLogs  uint64
	TrailingBytes int64
	// PromoteAfter is for how long a node must have been at most PromoteLag entries behind to get a vote. Defaults 5 s, 64.
	PromoteAfter time.Duration
	PromoteLag   uint64
	// TransferEvery is the least time between two handovers to a node that prefers to lead. Default 1 min.
	TransferEvery time.Duration
	// PollEvery is how often the master asks the others how far they are. Default 500 ms.
	PollEvery time.Duration
	// DiskTimeout is after which time a write to the log's disk has failed. Default 20 s.
	DiskTimeout time.Duration
	// Fatal is called once when the node cannot go on: its disk failed or hangs, its log cannot be read. It should end the
	// process, which is what makes another node the master. Default: os.Exit(1).
	Fatal func(error)
	// Logger is told what operators should know. Default slog.Default().
	Logger *slog.Logger
}

// Validate refuses options that cannot work. The error wraps ErrRaftOptions.
func (o RaftOptions) Validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrRaftOptions, fmt.Sprintf(format, args...))
	}
	switch {
	case o.Dir == "":
		return bad("Dir is empty; it must name the directory of the log")
	case o.Machine == nil:
		return bad("Machine is nil")
	case o.Listen == "":
		return bad("Listen is empty; it must be the host:port at which other nodes reach this one")
	case o.Expect < 0 || o.InFlight < 0 || o.SnapshotBytes < 0 || o.TrailingBytes < 0:
		return bad("Expect, InFlight, SnapshotBytes and TrailingBytes must not be negative")
	case len(o.Native) > maxAddress || len(o.Advertise) > maxAddress:
		return bad("Native and Advertise may have at most %d bytes", maxAddress)
	}
	if _, _, err := net.SplitHostPort(o.Listen); err != nil {
		return bad("Listen: %v", err)
	}
	if o.ClusterID != "" {
		if _, err := parseID(o.ClusterID); err != nil {
			return bad("ClusterID: %v", err)
		}
	}
	for name, d := range map[string]time.Duration{"Heartbeat": o.Heartbeat, "Election": o.Election, "Lease": o.Lease,
		"CommitEvery": o.CommitEvery, "PromoteAfter": o.PromoteAfter, "TransferEvery": o.TransferEvery,
		"PollEvery": o.PollEvery, "DiskTimeout": o.DiskTimeout} {
		if d < 0 {
			return bad("%s is %v, must not be negative", name, d)
		}
	}
	if err := o.Log.Validate(); err != nil {
		return bad("%v", err)
	}
	if o.Log.EntryWrites > protocol.MaxEntryWrites {
		return bad("EntryWrites is %d, must be at most %d", o.Log.EntryWrites, protocol.MaxEntryWrites)
	}
	if err := raft.ValidateConfig(o.withDefaults().config("id")); err != nil {
		return bad("%v", err)
	}
	return nil
}

func (o RaftOptions) withDefaults() RaftOptions {
	setDefault(&o.Expect, 1)
	setDefault(&o.Log.EntryBytes, DefaultRaftEntryBytes)
	setDefault(&o.InFlight, DefaultInFlight)
	setDefault(&o.Heartbeat, DefaultHeartbeat)
	setDefault(&o.Election, DefaultElection)
	setDefault(&o.Lease, DefaultLease)
	setDefault(&o.CommitEvery, DefaultCommitEvery)
	setDefault(&o.SnapshotBytes, DefaultSnapshotBytes)
	setDefault(&o.SnapshotEntries, DefaultSnapshotEntries)
	setDefault(&o.TrailingLogs, DefaultTrailingLogs)
	setDefault(&o.TrailingBytes, DefaultTrailingBytes)
	setDefault(&o.PromoteAfter, DefaultPromoteAfter)
	setDefault(&o.PromoteLag, DefaultPromoteLag)
	setDefault(&o.TransferEvery, DefaultTransferEvery)
	setDefault(&o.PollEvery, DefaultPollEvery)
	setDefault(&o.DiskTimeout, DefaultDiskTimeout)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Log.Logger == nil {
		o.Log.Logger = o.Logger
	}
	o.Log = o.Log.withDefaults()
	if o.Fatal == nil {
		o.Fatal = func(error) { os.Exit(1) }
	}
	return o
}

func setDefault[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}

// config returns the library's configuration. o has defaults.
func (o RaftOptions) config(id string) *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(id)
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = o.Heartbeat, o.Election, o.Lease
	c.CommitTimeout = o.CommitEvery
	c.MaxAppendEntries = maxAppendEntries
	c.BatchApplyCh = true
	c.ShutdownOnRemove = false
	c.SnapshotThreshold, c.TrailingLogs = o.SnapshotEntries, o.TrailingLogs
	c.SnapshotInterval = max(o.PollEvery, 5*time.Millisecond)
	c.NoLegacyTelemetry = true
	c.Logger = hclogger(o.Logger)
	return c
}

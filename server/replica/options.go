package replica

import (
	"fmt"
	"log/slog"
	"time"
)

// Defaults of Options.
const (
	DefaultQueueWrites = 4_096
	DefaultQueueBytes  = 64 << 20
	DefaultEntryWrites = 1_024
	DefaultEntryBytes  = 4 << 20
)

// Options of a log. The zero value works.
type Options struct {
	// QueueWrites bounds the writes that wait. Default 4,096.
	QueueWrites int
	// QueueBytes bounds the memory of the writes that wait, in bytes; one write of any size is let into an empty queue.
	// Default 64 MiB.
	QueueBytes int
	// EntryWrites bounds the writes of one entry. Default 1,024.
	EntryWrites int
	// EntryBytes bounds the memory of the writes of one entry, in bytes; a write beyond it gets an entry of its own.
	// Default 4 MiB.
	EntryBytes int
	// Now is the clock that stamps writes. Default time.Now.
	Now func() time.Time
	// Logger is told when the log stops. Default slog.Default().
	Logger *slog.Logger

	gatherTime time.Duration // default defaultGatherTime; tests have another
}

// Validate refuses options that cannot work.
func (o Options) Validate() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"QueueWrites", o.QueueWrites}, {"QueueBytes", o.QueueBytes},
		{"EntryWrites", o.EntryWrites}, {"EntryBytes", o.EntryBytes},
	} {
		if f.value < 0 {
			return fmt.Errorf("replica: %s is %d, must not be negative", f.name, f.value)
		}
	}
	return nil
}

func (o Options) withDefaults() Options {
	for _, f := range []struct {
		value        *int
		defaultValue int
	}{
		{&o.QueueWrites, DefaultQueueWrites}, {&o.QueueBytes, DefaultQueueBytes},
		{&o.EntryWrites, DefaultEntryWrites}, {&o.EntryBytes, DefaultEntryBytes},
	} {
		if *f.value == 0 {
			*f.value = f.defaultValue
		}
	}
	setDefault(&o.gatherTime, defaultGatherTime)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}
